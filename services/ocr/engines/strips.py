"""Strips of one line each, to text with a confidence for every character."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np

from services.ocr import pixels as px
from services.ocr.engines.network import Network
from services.ocr.pixels import Floats, Pixels

_HEIGHT = 48  # what the reader was trained on
_STEP = 32  # widths are rounded up to it, so that a network meets few different shapes
_NARROWEST, _WIDEST = 96, 3200
_BLANK = 0  # what the network says where there is no character (CTC)
_TAIL = re.compile(r"(?:(?<=[:：])|(?<=[签盖][字章名][)）]))[^:：)）]{1,6}$")
_PRINT = 0.75  # what follows a colon less surely than this was not printed


@dataclass(frozen=True, slots=True)
class Reading:
    """What one strip says; ``sure`` has a confidence 0…1 for each character of ``text`` where it was first seen, ``best``
    where it was seen best; ``seen`` is where its middle was seen, in shares of the strip's length."""

    text: str
    sure: tuple[float, ...]
    seen: tuple[float, ...] = ()
    best: tuple[float, ...] = ()

    @property
    def confidence(self) -> float:
        """Mean over characters, 0 for no text."""
        return fmean(self.sure) if self.sure else 0.0

    @property
    def weakest(self) -> float:
        return min(self.sure, default=0.0)

    def printed(self) -> Reading:
        """Without the strokes of a hand behind a printed colon (签字：～): read as print, they are little surer than noise."""
        tail = _TAIL.search(self.text)
        if tail is None or fmean(self.sure[tail.start() :]) >= _PRINT:
            return self
        kept = slice(tail.start())
        return Reading(self.text[kept], self.sure[kept], self.seen[kept], self.best[kept])


@dataclass(frozen=True, slots=True)
class StripReader:
    """``network`` takes strips of 48 pixels height, ``decode`` makes text of what it says (CTC)."""

    network: Network
    decode: Any

    def read(self, strips: Sequence[Pixels]) -> list[Reading]:
        """One reading a strip, in their order. Several in one run take as long, and 150 MB more."""
        return [self._read(strip) for strip in strips]

    def _read(self, strip: Pixels) -> Reading:
        inputs = np.zeros((1, 3, _HEIGHT, _room(strip)), np.float32)
        inputs[..., : _width(strip)] = px.blob(px.resized(strip, _width(strip), _HEIGHT))
        outputs = self.network(inputs)
        ((text, _),), (word,) = self.decode(outputs, return_word_box=True)
        if not text:
            return Reading("", ())
        columns = [column for columns in word.word_cols for column in columns]
        seen = _seen(text, columns, inputs.shape[3] / (outputs.shape[1] * _width(strip)))
        return Reading(text, tuple(word.confs), seen, _best(outputs[0]))


def _best(outputs: Floats) -> tuple[float, ...]:
    """For each character, in the order of the text, how sure the network is of it in that of its columns in which it is surest.
    The decoder tells of the first of them, where half of the character before may still be in sight."""
    signs = outputs.argmax(axis=1)
    sure = np.take_along_axis(outputs, signs[:, None], axis=1)[:, 0]
    starts = np.flatnonzero(np.diff(signs, prepend=-1))
    best = np.maximum.reduceat(sure, starts)
    return tuple(best[signs[starts] != _BLANK].tolist())


def _seen(text: str, columns: Sequence[int], column: float) -> tuple[float, ...]:
    """``columns`` are those of the network's output at which it saw a character, but for spaces, each ``column`` long. A space
    lies in the middle between its neighbours."""
    at = iter(columns)
    seen = [None if sign.isspace() else (next(at) + 0.5) * column for sign in text]
    known = [place for place in seen if place is not None]
    before, after = known[0] if known else 0.0, iter(known)
    following = next(after, before)
    middles = []
    for place in seen:
        if place is None:
            middles.append((before + following) / 2)
        else:
            middles.append(place)
            before, following = place, next(after, place)
    return tuple(middles)


def _width(strip: Pixels) -> int:
    height, width = strip.shape[:2]
    return int(min(max(1, round(width * _HEIGHT / height)), _WIDEST))


def _room(strip: Pixels) -> int:
    return min(max(_NARROWEST, -(-_width(strip) // _STEP) * _STEP), _WIDEST)
