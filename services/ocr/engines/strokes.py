"""The strokes of a hand at the place to sign (签字：～) are read as a few characters: no text. They are told by their place and
their doubt; and where the stronger reader has nothing in common with the first, neither has read what was printed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from services.kernel.boxes import bounds
from services.kernel.paper import Line
from services.ocr.engines.strips import Reading
from services.ocr.fields.text import fold

_TO_SIGN = re.compile(r"[人方者主字章名印] ?[)）]? ?[:：]$")
_MOST, _SURE = 2, 0.7  # characters, and the confidence that print has
_MOST_SIGNED, _PRINT = 4, 0.97  # characters of a signature as it is misread; surer ones are not asked about
_SIGNED = re.compile(rf"(?:[人方者主字章名印] ?[)）]? ?[:：]|[签盖][字章名] ?[)）])([^:：)）]{{1,{_MOST_SIGNED}}})$")
_FOREIGN = re.compile(r"[\u0370-\u04ff\u3040-\u30ff]")  # Greek, Cyrillic and kana are on no form
_END = re.compile(r"[:：)）]")
_FAR = 12.0  # heights of the printed line from its end


def unsigned(readings: Sequence[Reading], again: Callable[[list[int]], Sequence[Reading]]) -> list[Reading]:
    """The readings, without what was doubtfully read behind a printed colon where people sign and ``again``, the stronger
    reader of those strips, reads wholly otherwise."""
    kept = [one.printed() for one in readings]
    ends = {index: end for index, one in enumerate(kept) if (end := _doubtful_end(one)) is not None}
    for index, other in zip(ends, again(list(ends)) if ends else [], strict=True):
        start = ends[index]
        if not _in_common(kept[index].text[start:], _END.split(other.text)[-1]):
            kept[index] = kept[index].until(start)
    return kept


def without_strokes(lines: Sequence[Line], again: Callable[[list[Line]], Sequence[Line]]) -> list[Line]:
    """The lines but for such strokes that were found as lines of their own. ``again`` is the stronger reader."""
    places = [bounds(line.box) for line in lines if _TO_SIGN.search(line.text)]
    at = [line for line in lines if _may_be_signed(line) and any(_behind(bounds(line.box), place) for place in places)]
    asked = [line for line in at if not _is_scrap(line)]
    strokes = [line for line in at if _is_scrap(line)]
    for line, other in zip(asked, again(asked) if asked else [], strict=True):
        if not _in_common(line.text, other.text):
            strokes.append(line)
    return [line for line in lines if not any(line is each for each in strokes)]


def _doubtful_end(reading: Reading) -> int | None:
    """Where what may be a signature begins."""
    found = _SIGNED.search(reading.text)
    return found.start(1) if found is not None and min(reading.sure[found.start(1) :]) < _PRINT else None


def _may_be_signed(line: Line) -> bool:
    return len(line.text) <= _MOST_SIGNED and (line.confidence if line.weakest is None else line.weakest) < _PRINT


def _is_scrap(line: Line) -> bool:
    return len(line.text) <= _MOST and line.confidence < _SURE


def _in_common(one: str, other: str) -> bool:
    return not _FOREIGN.search(one) and bool(set(fold(one)) & set(fold(other)))


def _behind(strokes: tuple[float, float, float, float], printed: tuple[float, float, float, float]) -> bool:
    """Whether one begins to the right of the other and meets its row; a hand writes larger."""
    left, top, _, bottom = strokes
    _, head, end, foot = printed
    height = foot - head
    return -height < left - end < _FAR * height and top < foot and bottom > head
