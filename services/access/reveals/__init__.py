"""One personal value uncovered: an act of its own, with a reason."""
