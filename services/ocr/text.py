"""Text as a person would type it: no spaces between Han, half-width digits and Latin letters."""

from __future__ import annotations

import re

_HAN = "\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_FULL_WIDTH_MARKS = "\u3001-\u3003\u3008-\u301f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\u2018\u2019\u201c\u201d"
_BETWEEN_HAN = re.compile(f"(?<=[{_HAN}]) +(?=[{_HAN}])")
_BESIDE_MARK = re.compile(f"(?<=[{_FULL_WIDTH_MARKS}]) +| +(?=[{_FULL_WIDTH_MARKS}])")
_HALF_WIDTH = {code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))}
_HALF_WIDTH |= {0x3000: 0x20, 0xA0: 0x20}
_TWO_SIGNS = re.compile("[¥￥]{2,}")  # one sign, seen twice by readers of full and half width
_UNSEEN = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]")


def tidy(text: str) -> str:
    """One line, normalised: what OCR puts between Han is not there on paper; punctuation stays as it was read."""
    flat = " ".join(_UNSEEN.sub(" ", text).translate(_HALF_WIDTH).split())
    return _TWO_SIGNS.sub("¥", _BESIDE_MARK.sub("", _BETWEEN_HAN.sub("", flat)))


def half_width(sign: str) -> str:
    """One character as :func:`tidy` has it, where it is neither left out nor doubled."""
    return _UNSEEN.sub(" ", sign).translate(_HALF_WIDTH)


def joined(left: str, right: str) -> str:
    """Two pieces of one line put together again."""
    return tidy(f"{left} {right}")
