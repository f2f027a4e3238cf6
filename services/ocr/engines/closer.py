"""A closer look at single characters: where the first reader doubts one, the stronger reader reads it again with a few of its
neighbours, which takes a quarter of the time of the whole line. It counts where it has the same neighbours and doubts less.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.ocr.engines.strips import Reading
from services.ocr.pixels import Pixels

_DOUBTED, _DOUBTED_STOP = 0.9, 0.5  # a sign less sure than this; brackets and stops are doubted often and mean little
_AROUND, _BESIDE = 3, 2  # characters to either side that are read with it, and those of them that must be the same
_MOST_SIGNS, _MOST_RUNS = 4, 4  # in a row, and of a line: where more are doubted it is no print
_ANOTHER = 2  # signs more than were doubted, at most


@dataclass(frozen=True, slots=True)
class Look:
    """The characters ``first`` to ``last`` (not included) of a reading, and the part of its strip, between two shares of its
    length, where they stand with their neighbours."""

    first: int
    last: int
    start: float
    end: float

    def part(self, strip: Pixels) -> Pixels:
        width = strip.shape[1]
        return strip[:, max(0, round(self.start * width)) : max(1, round(self.end * width))]


def doubted(reading: Reading) -> Sequence[Look]:
    """Where a line is to be looked at, from its end to its beginning."""
    runs = list(_runs(reading))
    if len(runs) > _MOST_RUNS or len(reading.seen) != len(reading.text):
        return ()
    return [_look(reading, *run) for run in reversed(runs)]


def put_right(reading: Reading, look: Look, again: Reading) -> Reading:
    """The reading with what ``again``, that of ``look``'s part of the strip, has in the place of the doubted characters."""
    found = _between(reading.text, look, again.text)
    if found is None:
        return reading
    begin, end = found
    here, there = slice(begin, end), slice(look.first, look.last)
    if min(again.best[max(0, begin - 1) : end + 1], default=0.0) < min(reading.best[there]):
        return reading
    seen = (look.start + each * (look.end - look.start) for each in again.seen[here])
    before, behind = reading.until(look.first), reading.since(look.last)
    return Reading(
        before.text + again.text[here] + behind.text,
        (*before.sure, *again.sure[here], *behind.sure),
        (*before.seen, *seen, *behind.seen),
        (*before.best, *again.best[here], *behind.best),
    )


def _runs(reading: Reading) -> Iterator[tuple[int, int]]:
    """Doubted signs that stand together."""
    first = None
    for index, (sign, sure) in enumerate(zip(reading.text, reading.best, strict=False)):
        if sure < (_DOUBTED if sign.isalnum() else _DOUBTED_STOP):
            first = index if first is None else first
        elif first is not None:
            yield first, index
            first = None
    if first is not None:
        yield first, len(reading.text)


def _look(reading: Reading, first: int, last: int) -> Look:
    seen = reading.seen
    begin, end = max(0, first - _AROUND), min(len(seen), last + _AROUND)
    start = (seen[begin - 1] + seen[begin]) / 2 if begin else 0.0
    return Look(first, last, start, (seen[end - 1] + seen[end]) / 2 if end < len(seen) else 1.0)


def _between(text: str, look: Look, again: str) -> tuple[int, int] | None:
    """Where ``again`` has what stands between the same neighbours."""
    if look.last - look.first > _MOST_SIGNS:
        return None
    before, behind = text[max(0, look.first - _BESIDE) : look.first], text[look.last : look.last + _BESIDE]
    most = look.last - look.first + _ANOTHER
    pattern = f"{_same(before) or '^'}(.{{0,{most}}}?){_same(behind) or '$'}"
    found = re.search(pattern, _folded(again))
    return found.span(1) if found is not None else None


def _same(text: str) -> str:
    return re.escape(_folded(text))


def _folded(text: str) -> str:
    """Widths folded, one character for one."""
    folded = (unicodedata.normalize("NFKC", sign) for sign in text)
    return "".join(new if len(new) == 1 else old for new, old in zip(folded, text, strict=True))
