"""Quality check (质检, DA/T 31-2017): the program looks at every page, a person at a sample and at what the program doubts."""
