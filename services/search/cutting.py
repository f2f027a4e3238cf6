"""The texts of a document cut into runs and tokens all at once, as arrays of code points.

What comes out is what ``tokens`` says of each text by itself; this is for whole archives, where time counts.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.search import tokens

Codes = NDArray[np.uint32]
Turns = NDArray[np.int32]
Places = NDArray[np.int64]
Flags = NDArray[np.bool_]

_HAN, _WORD, _SPACE, _OTHER = 1, 2, 3, 4
_POINTS, _UNEVEN = 0x110000, 0xFFFFFFFF
_BETWEEN = "\1"
_COMMA, _BLANK, _END = map(ord, f", {tokens.END}")
_DIGIT = np.zeros(_POINTS, bool)
_DIGIT[ord("0") : ord("9") + 1] = True
_NUMBER = re.compile(tokens.NUMBER)
_folds = np.zeros(_POINTS, np.uint32)
_kinds = np.zeros(_POINTS, np.uint8)
"""By code point, filled as characters are met; characters that do not fold to one are ``_UNEVEN``."""


@dataclass(frozen=True, slots=True)
class Aligned:
    """A text's normal form with the way back: from character ``starts[i]`` of the form on, up to the next start, what stands at
    ``p`` of the form stands at ``p + shifts[i]`` of the text.
    """

    form: str
    starts: Turns
    shifts: Turns

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where ``form[start:end]`` stands in the text."""
        return self._place(start), self._place(end - 1) + 1

    def _place(self, position: int) -> int:
        return position + int(self.shifts[bisect_right(self.starts, position) - 1])


@dataclass(frozen=True, slots=True)
class Cut:
    """A text made ready for an index; ``stream`` has its tokens, parted by spaces."""

    aligned: Aligned
    stream: str


def cut(texts: Sequence[str]) -> list[Cut]:
    """Cut canonical texts."""
    folded, origin = _without_commas(*_folded(_BETWEEN.join(texts)))
    kinds = _kinds_of(folded)
    kept = np.flatnonzero(kinds <= _WORD)
    chars, han, place = folded[kept], kinds[kept] == _HAN, origin[kept]
    joined = _joined(kinds, kept)
    at = np.arange(len(kept)) + np.cumsum(~joined) - 1
    form = np.full(at[-1] + 1 if len(at) else 0, _BLANK, np.uint32)
    form[at] = chars
    return list(_by_text(texts, place, at, _text(form), *_tokens(chars, han, joined)))


def _codes(text: str) -> Codes:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def _text(points: Codes) -> str:
    return points.tobytes().decode("utf-32-le", "surrogatepass")


def _folded(text: str) -> tuple[Codes, Places]:
    """Return the folded text, and for each of its characters the place in ``text`` that it comes from."""
    points = _codes(text)
    folded = _folds[points]
    if not folded.all():
        for point in np.unique(points[folded == 0]).tolist():
            each = tokens.FOLD[point]
            _folds[point] = ord(each) or 1 if len(each) == 1 else _UNEVEN
        folded = _folds[points]
    if _UNEVEN not in folded:
        return folded, np.arange(len(points))
    pieces = [tokens.FOLD[point] for point in points.tolist()]
    return _codes("".join(pieces)), np.repeat(np.arange(len(points)), [len(piece) for piece in pieces])


def _without_commas(folded: Codes, origin: Places) -> tuple[Codes, Places]:
    """Drop the commas within numbers."""
    inside = folded[1:-1] == _COMMA
    if not (inside & _DIGIT[folded[:-2]] & _DIGIT[folded[2:]]).any():
        return folded, origin
    numbers = _NUMBER.finditer(_text(folded))
    commas = [place for found in numbers for place, char in enumerate(found.group(), found.start()) if char == ","]
    return (np.delete(folded, commas), np.delete(origin, commas)) if commas else (folded, origin)


def _kinds_of(folded: Codes) -> NDArray[np.uint8]:
    found = _kinds[folded]
    if not found.all():
        for point in np.unique(folded[found == 0]).tolist():
            _kinds[point] = _kind(chr(point))
        found = _kinds[folded]
    return found


def _kind(char: str) -> int:
    if tokens.is_han(char):
        return _HAN
    if char.isalnum():
        return _WORD
    return _SPACE if char.isspace() else _OTHER


def _joined(kinds: NDArray[np.uint8], kept: Places) -> Flags:
    """Return for each character kept whether it goes on the run of the one before it."""
    of, gap = kinds[kept], np.diff(kept) - 1
    blank = np.diff(np.cumsum(kinds == _SPACE)[kept])
    joined = np.zeros(len(kept), bool)
    joined[1:] = (of[1:] == of[:-1]) & ((gap == 0) | ((of[1:] == _HAN) & (gap == blank)))
    return joined


def _tokens(chars: Codes, han: Flags, joined: Flags) -> tuple[str, Places]:
    """Return the tokens of all runs, with a space behind each, and where each begins."""
    size = len(chars)
    going_on = np.zeros(size + 2, bool)
    going_on[: max(size - 1, 0)] = joined[1:]
    signs = np.zeros((size, 4), np.uint32)
    signs[:, 0], signs[:, 3] = chars, _BLANK
    signs[:-1, 1], signs[:-2, 2] = chars[1:], chars[2:]
    signs[~going_on[:size], 1] = _END
    signs[~going_on[1 : size + 1], 2] = _END
    signs[han | ~going_on[:size], 2] = 0
    there = signs != 0
    begins = np.zeros(size + 1, np.int64)
    np.cumsum(there[:, 2] + 3, out=begins[1:])
    return _text(signs[there]), begins


def _by_text(texts: Sequence[str], place: Places, at: Places, form: str, stream: str, token_at: Places) -> Iterator[Cut]:
    """Yield what was cut as one, text by text: each character kept stands at ``place`` of all texts and ``at`` of all forms."""
    ends = np.cumsum([len(text) + 1 for text in texts], dtype=np.int64)
    begins = ends - [len(text) + 1 for text in texts]
    firsts, lasts = np.searchsorted(place, begins), np.searchsorted(place, ends)
    turning = np.ones(len(at) + 1, bool)
    turning[1:-1] = np.diff(place - at) != 0
    turning[firsts] = True
    turns = np.flatnonzero(turning[:-1])
    edges = np.searchsorted(turns, np.append(firsts, len(at)))
    base, end = np.append(at, len(form))[firsts], np.append(at, -1)[lasts - 1] + 1
    starts = at[turns] - np.repeat(base, np.diff(edges))
    shifts = place[turns] - np.repeat(begins, np.diff(edges)) - starts
    starts, shifts = starts.astype(np.int32), shifts.astype(np.int32)
    held = (base, end, token_at[firsts], np.maximum(token_at[lasts] - 1, 0), edges[:-1], edges[1:])
    for begin, stop, first, last, one, other in zip(*(each.tolist() for each in held), strict=True):
        yield Cut(Aligned(form[begin:stop], starts[one:other], shifts[one:other]), stream[first:last])
