"""The mark on what is shown under a grant: visible (who, when, which request) and, beneath it, a faint texture that still says
so when the page was printed, scanned, turned and cut. Pictures are hostile bytes: they are marked in the sandbox."""
