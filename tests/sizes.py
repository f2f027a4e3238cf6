"""How much the tests that have a size do: as much as an hour allows for all of them, or all that is promised.

``MUNIMENT_TEST_WHOLE=1`` asks for the whole of each, which takes hours; a variable of its own sets each by itself.
"""

from __future__ import annotations

import os

WHOLE = bool(os.environ.get("MUNIMENT_TEST_WHOLE"))


def size(name: str, usual: str, whole: str) -> str:
    """The value of the variable ``MUNIMENT_TEST_<name>``, else ``whole`` or ``usual``."""
    return os.environ.get(f"MUNIMENT_TEST_{name}") or (whole if WHOLE else usual)
