"""The forms: one function for each kind of paper, written from a ``Random``. The wording is the project's own."""
