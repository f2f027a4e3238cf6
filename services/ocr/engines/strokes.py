"""The strokes of a hand at the place to sign (签字：～), where they are found as a line of their own, are read as one or two
characters: no text. Such a line is told by its place and its doubt; what is printed there is surer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from services.kernel.boxes import bounds
from services.kernel.paper import Line

_TO_SIGN = re.compile(r"[人方者主字章名印][)）]?[:：]$")
_MOST, _SURE = 2, 0.7  # characters, and the confidence that print has
_FAR = 12.0  # heights of the printed line from its end


def without_strokes(lines: Sequence[Line]) -> list[Line]:
    """The lines but for such strokes."""
    places = [bounds(line.box) for line in lines if _TO_SIGN.search(line.text)]
    return [line for line in lines if not (_doubtful(line) and any(_behind(bounds(line.box), place) for place in places))]


def _doubtful(line: Line) -> bool:
    return len(line.text) <= _MOST and line.confidence < _SURE


def _behind(strokes: tuple[float, float, float, float], printed: tuple[float, float, float, float]) -> bool:
    """Whether one begins to the right of the other and meets its row; a hand writes larger."""
    left, top, _, bottom = strokes
    _, head, end, foot = printed
    height = foot - head
    return -height < left - end < _FAR * height and top < foot and bottom > head
