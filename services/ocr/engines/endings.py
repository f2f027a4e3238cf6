"""What stands behind a closing bracket, （签字）： or （壹元整）。, has half an em of paper before it, so finders end the line
there, or before the bracket where something touches it. Such a line is read once more, longer by a character or two; the
bracket and the stop that are then seen are added, and nothing else.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence

import numpy as np

from services.ocr.engines.strips import Reading
from services.ocr.pixels import Floats

_STOP = re.compile(r"[：:。；;，,]")
_BRACKET_AND_STOP = re.compile(r"[)）][：:。；;，,]?")
_BRACKETS = (")", "）")
_LONGER, _OPEN = 0.8, 1.6  # of the line's height: for a stop, and where the bracket is still to come
_ALIKE = 3  # characters before it that both readings must have
_SURE = 0.5


def completed(
    readings: Sequence[Reading], boxes: Floats, cuts: Floats, read: Callable[[Floats], Sequence[Reading]]
) -> tuple[list[Reading], Floats, Floats]:
    """The readings of strips ``cuts`` (N×4×2) around ``boxes``, with the stops behind their brackets; what has got one is as
    much longer. ``read`` reads other strips."""
    missing = [_missing(one, cut) for one, cut in zip(readings, cuts, strict=True)]
    which = [index for index, more in enumerate(missing) if more]
    if not which:
        return list(readings), boxes, cuts
    done, boxes, cuts = list(readings), boxes.copy(), cuts.copy()
    more = np.array(missing, np.float32)[which]
    longer = _lengthened(cuts[which], more)
    for index, cut, box, again in zip(which, longer, _lengthened(boxes[which], more), read(longer), strict=True):
        ended = _ended(done[index].printed().text, again)
        if ended is not None:
            done[index], cuts[index], boxes[index] = ended, cut, box
    return done, boxes, cuts


def _missing(reading: Reading, cut: Floats) -> float:
    """By how much a line must be longer to show what may be missing, in heights; 0 where nothing is."""
    text = reading.printed().text.rstrip()
    lying = np.hypot(*(cut[1] - cut[0])) > np.hypot(*(cut[3] - cut[0]))
    if not lying:
        return 0.0
    return _OPEN if _is_open(text) else _LONGER if text.endswith(_BRACKETS) else 0.0


def _is_open(text: str) -> bool:
    return max(text.rfind("("), text.rfind("（")) > max(text.rfind(each) for each in _BRACKETS)


def _ended(text: str, again: Reading) -> Reading | None:
    """The second reading up to the stop or the bracket, if the same text stands before it."""
    wanted, tail = _BRACKET_AND_STOP if _is_open(text) else _STOP, _folded(text)[-_ALIKE:]
    for index in range(len(text) - 1, len(again.text)):  # a bracket is read as one character or two
        more = wanted.match(again.text, index)
        if more and min(again.sure[slice(*more.span())]) >= _SURE and _folded(again.text[:index]).endswith(tail):
            kept = slice(more.end())
            return Reading(again.text[kept], again.sure[kept], again.seen[kept], again.best[kept])
    return None


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _lengthened(boxes: Floats, heights: Floats) -> Floats:
    """Boxes (N×4×2, corners clockwise from top left) with so many of their heights more at their right ends."""
    along, across = boxes[:, 1] - boxes[:, 0], boxes[:, 3] - boxes[:, 0]
    more = along * (heights * np.hypot(*across.T) / np.maximum(np.hypot(*along.T), 1.0))[:, None]
    none = np.zeros_like(more)
    longer: Floats = boxes + np.stack([none, more, more, none], axis=1).astype(np.float32)
    return longer
