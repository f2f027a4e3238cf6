"""Finding Chinese typefaces on this machine.

Roles: ``song`` 宋体 (running text), ``hei`` 黑体 (titles, labels), ``bold`` 宋体加粗, ``kai`` 楷体 (filled-in values),
``ming`` a thinner 宋体. Noto CJK is required; ``kai`` and ``ming`` fall back to it where AR PL is not installed.
"""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path

from PIL import ImageFont

FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".local/share/fonts", Path.home() / ".fonts")
# File name and index of the simplified-Chinese face in its collection, best first.
FACES: dict[str, tuple[tuple[str, int], ...]] = {
    "song": (("NotoSerifCJK-Regular.ttc", 2), ("NotoSansCJK-Regular.ttc", 2)),
    "bold": (("NotoSerifCJK-Bold.ttc", 2), ("NotoSansCJK-Bold.ttc", 2)),
    "hei": (("NotoSansCJK-Regular.ttc", 2), ("NotoSerifCJK-Regular.ttc", 2)),
    "heibold": (("NotoSansCJK-Bold.ttc", 2), ("NotoSerifCJK-Bold.ttc", 2)),
    "kai": (("ukai.ttc", 0), ("NotoSerifCJK-Regular.ttc", 2), ("NotoSansCJK-Regular.ttc", 2)),
    "ming": (("uming.ttc", 0), ("NotoSerifCJK-Regular.ttc", 2), ("NotoSansCJK-Regular.ttc", 2)),
}


class NoChineseFont(RuntimeError):
    """No typeface with Chinese glyphs is installed; the message names the package to install."""


@cache
def _installed() -> dict[str, Path]:
    return {path.name: path for folder in FOLDERS if folder.is_dir() for path in sorted(folder.rglob("*.tt[cf]"))}


@lru_cache(maxsize=32)  # a face of these collections takes 2 MB
def font(role: str, pixels: int) -> ImageFont.FreeTypeFont:
    """The face for ``role`` at ``pixels`` per em. Raises ``NoChineseFont``."""
    for name, index in FACES[role]:
        if (path := _installed().get(name)) is not None:
            return ImageFont.truetype(str(path), pixels, index=index, layout_engine=ImageFont.Layout.BASIC)
    raise NoChineseFont("No Chinese font is installed. Run: apt-get install fonts-noto-cjk")


@cache
def width(text: str, role: str) -> float:
    """Advance of ``text`` in ems."""
    return font(role, 100).getlength(text) / 100
