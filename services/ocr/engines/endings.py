"""What stands behind a closing bracket, （签字）： or （壹元整）。, has half an em of paper before it, so finders end the line
there, or before the bracket where something touches it. Such a line is read once more, longer by a character or two; the
bracket and the stop that are then seen are added, and nothing else.

Where people sign, hands and seals lie over the colon. Forms print one behind （签字）, so where something stands in its place
it is added, and counts as doubted.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence

import numpy as np

from services.ocr import pixels as px
from services.ocr.engines.strips import Reading
from services.ocr.pixels import Floats, Pixels

_STOP = re.compile(r"[：:。；;，,]")
_BRACKET_AND_STOP = re.compile(r"[)）][：:。；;，,]?")
_BRACKETS = (")", "）")
_LONGER, _OPEN = 0.8, 1.6  # of the line's height: for a stop, and where the bracket is still to come
_ALIKE = 3  # characters before it that both readings must have
_SURE = 0.5
_SIGNED = re.compile(r"[(（]([签盖][字章名])([)）]?)$")
_TO_BRACKET, _COLON = 0.75, (0.2, 1.4)  # ems from the middle of 字 to that of its bracket, and from there to what stands behind
_DARK, _INK = 0.4, 0.012  # of the strip's contrast; and how much of that place is as dark: two dots are
_UNSEEN = 0.5  # how sure what is written over counts


def completed(
    readings: Sequence[Reading],
    boxes: Floats,
    cuts: Floats,
    strips_of: Callable[[Floats], list[Pixels]],
    read: Callable[[list[Pixels]], Sequence[Reading]],
) -> tuple[list[Reading], Floats, Floats]:
    """The readings of strips ``cuts`` (N×4×2) around ``boxes``, with the stops behind their brackets; what has got one is as
    much longer. ``strips_of`` takes other strips, ``read`` reads them."""
    missing = [_missing(one, cut) for one, cut in zip(readings, cuts, strict=True)]
    which = [index for index, more in enumerate(missing) if more]
    if not which:
        return list(readings), boxes, cuts
    done, boxes, cuts = list(readings), boxes.copy(), cuts.copy()
    more = np.array(missing, np.float32)[which]
    longer = _lengthened(cuts[which], more)
    strips = strips_of(longer)
    for index, cut, box, strip, again in zip(which, longer, _lengthened(boxes[which], more), strips, read(strips), strict=True):
        printed = done[index].printed()
        ended = _ended(printed.text, again) or _covered(printed, strip, _length(cuts[index]) / _length(cut))
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


def _covered(printed: Reading, strip: Pixels, share: float) -> Reading | None:
    """The reading with the bracket and the colon that stand behind 签字 on forms, if something stands where they should: a hand
    or a seal lies over them. None where there is but paper. The reading is of the first ``share`` of the strip."""
    signed = _SIGNED.search(printed.text)
    if signed is None or len(printed.seen) != len(printed.text):
        return None
    seen = [each * share for each in printed.seen]
    em = seen[signed.start(1) + 1] - seen[signed.start(1)]
    bracket = seen[signed.start(1) + 1] + _TO_BRACKET * em
    start, end = (round((bracket + edge * em) * strip.shape[1]) for edge in _COLON)
    low, high = px.level(strip, 0.005), px.level(strip, 0.9)
    place = strip[:, max(0, start) : max(0, end)]
    if em <= 0 or not place.size or float(np.mean(place < high - _DARK * (high - low))) < _INK:
        return None
    wide = signed[0][0] == "（"
    added = ("" if signed[2] else "）" if wide else ")") + ("：" if wide else ":")
    middles = [min(1.0, bracket + step * em) for step in ((1.0,) if signed[2] else (0.0, 1.0))]
    unseen = (_UNSEEN,) * len(added)
    return Reading(printed.text + added, (*printed.sure, *unseen), (*seen, *middles), (*printed.best, *unseen))


def _length(box: Floats) -> float:
    return float(np.hypot(*(box[1] - box[0])))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _lengthened(boxes: Floats, heights: Floats) -> Floats:
    """Boxes (N×4×2, corners clockwise from top left) with so many of their heights more at their right ends."""
    along, across = boxes[:, 1] - boxes[:, 0], boxes[:, 3] - boxes[:, 0]
    more = along * (heights * np.hypot(*across.T) / np.maximum(np.hypot(*along.T), 1.0))[:, None]
    none = np.zeros_like(more)
    longer: Floats = boxes + np.stack([none, more, more, none], axis=1).astype(np.float32)
    return longer
