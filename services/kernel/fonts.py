"""The Chinese typeface of this machine, for what is printed and what is stamped on pages."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from services.kernel.errors import Unavailable

FILES = ("NotoSansCJK-Regular.ttc", "NotoSerifCJK-Regular.ttc")
SIMPLIFIED = 2
"""Place of the simplified Chinese face in both collections."""
FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))


@cache
def chinese() -> Path:
    """Raises ``Unavailable`` where none is installed: a sheet full of boxes helps nobody."""
    for name in FILES:
        for folder in FOLDERS:
            if found := next(folder.rglob(name), None):
                return found
    raise Unavailable("No Chinese font is installed, so nothing can be printed. Run: apt-get install fonts-noto-cjk")
