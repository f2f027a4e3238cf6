"""What stands behind a closing bracket, （签字）： or （壹元整）。, has half an em of paper before it, so finders end the line
there. Such a line is read once more, longer by a character; a stop that is then seen is added, and nothing else.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence

import numpy as np

from services.ocr.engines.strips import Reading
from services.ocr.pixels import Floats

_STOPS = "：:。；;，,"
_BRACKETS = ")）"
_LONGER = 0.8  # of the line's height
_ALIKE = 3  # characters before the stop that both readings must have
_SURE = 0.5


def completed(
    readings: Sequence[Reading], boxes: Floats, cuts: Floats, read: Callable[[Floats], Sequence[Reading]]
) -> tuple[list[Reading], Floats, Floats]:
    """The readings of strips ``cuts`` (N×4×2) around ``boxes``, with the stops behind their brackets; what has got one is as
    much longer. ``read`` reads other strips."""
    which = [index for index, one in enumerate(readings) if _ends_in_a_bracket(one, cuts[index])]
    if not which:
        return list(readings), boxes, cuts
    done, boxes, cuts = list(readings), boxes.copy(), cuts.copy()
    longer = _lengthened(cuts[which])
    for index, cut, again in zip(which, longer, read(longer), strict=True):
        ended = _with_stop(done[index].printed().text, again)
        if ended is not None:
            done[index], cuts[index], boxes[index] = ended, cut, _lengthened(boxes[index, None])[0]
    return done, boxes, cuts


def _ends_in_a_bracket(reading: Reading, cut: Floats) -> bool:
    length, height = np.hypot(*(cut[1] - cut[0])), np.hypot(*(cut[3] - cut[0]))
    return bool(length > height) and reading.printed().text.rstrip()[-1:] in tuple(_BRACKETS)


def _with_stop(text: str, again: Reading) -> Reading | None:
    """The second reading up to the stop, if the same text stands before it."""
    tail = _folded(text)[-_ALIKE:]
    for index in range(len(text) - 1, len(again.text)):  # brackets are read as one character or two
        sure = again.text[index] in _STOPS and again.sure[index] >= _SURE
        if sure and _folded(again.text[:index]).endswith(tail):
            kept = slice(index + 1)
            return Reading(again.text[kept], again.sure[kept], again.seen[kept], again.best[kept])
    return None


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _lengthened(boxes: Floats) -> Floats:
    """Boxes (N×4×2, corners clockwise from top left) with more at their right end."""
    along, across = boxes[:, 1] - boxes[:, 0], boxes[:, 3] - boxes[:, 0]
    more = along * (_LONGER * np.hypot(*across.T) / np.maximum(np.hypot(*along.T), 1.0))[:, None]
    none = np.zeros_like(more)
    longer: Floats = boxes + np.stack([none, more, more, none], axis=1).astype(np.float32)
    return longer
