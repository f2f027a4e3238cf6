"""Strips of one line each, to text with a confidence for every character (CTC: of equal signs in a row one counts)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from services.ocr import pixels as px
from services.ocr.engines.network import Network
from services.ocr.pixels import Pixels

_HEIGHT = 48  # what the reader was trained on
_STEP = 64  # widths are rounded up to it, so that a network meets few different shapes
_NARROWEST, _WIDEST = 128, 3200
_BLANK = 0  # what the network says where there is no character (CTC)
_PAPER = 128  # what fills up a strip: the middle, which the network takes for nothing
_TAIL = re.compile(r"(?:(?<=[:：])|(?<=[签盖][字章名][)）]))[^:：)）]{1,6}$")
_PRINT = 0.75  # what follows a colon less surely than this was not printed
_SIGNED = re.compile(r"(?:(?<=[人字章名印][:：])|(?<=[人字章名印][)）][:：]))[^\u4e00-\u9fff]{1,3}$")
_PRINT_SIGNED = 0.97  # the same where people sign and no Han follows


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
        for pattern, enough in ((_TAIL, _PRINT), (_SIGNED, _PRINT_SIGNED)):
            tail = pattern.search(self.text)
            if tail is not None and fmean(self.sure[tail.start() :]) < enough:
                return self.until(tail.start())
        return self

    def until(self, end: int) -> Reading:
        """Its first ``end`` characters."""
        return Reading(self.text[:end], self.sure[:end], self.seen[:end], self.best[:end])

    def since(self, start: int) -> Reading:
        """Its characters from ``start`` on."""
        return Reading(self.text[start:], self.sure[start:], self.seen[start:], self.best[start:])


@dataclass(frozen=True, slots=True)
class StripReader:
    """``network`` takes grey strips of 48 pixels height; for each column it tells how likely it is nothing, or which character
    of ``alphabet``."""

    network: Network
    alphabet: Sequence[str]

    def read(self, strips: Sequence[Pixels]) -> list[Reading]:
        """One reading a strip, in their order. Several in one run take as long, and 150 MB more; by their width they take a
        tenth less, for a network that meets another size prepares itself anew."""
        readings = {index: self._read(strips[index]) for index in sorted(range(len(strips)), key=lambda at: _room(strips[at]))}
        return [readings[index] for index in range(len(strips))]

    def _read(self, strip: Pixels) -> Reading:
        inputs = np.full((_HEIGHT, _room(strip)), _PAPER, np.uint8)
        inputs[:, : _width(strip)] = px.resized(strip, _width(strip), _HEIGHT)
        (likely,) = self.network(inputs)
        signs = likely.argmax(axis=1)
        sure = likely[np.arange(len(likely)), signs]
        starts = np.flatnonzero(np.diff(signs, prepend=-1))
        there = signs[starts] != _BLANK
        columns, best = starts[there], np.maximum.reduceat(sure, starts)[there]
        text = "".join(self.alphabet[sign - 1] for sign in signs[columns])
        seen = (columns + 0.5) * (inputs.shape[1] / (len(likely) * _width(strip)))
        return Reading(text, tuple(sure[columns].tolist()), tuple(seen.tolist()), tuple(best.tolist()))


def _width(strip: Pixels) -> int:
    height, width = strip.shape[:2]
    return int(min(max(1, round(width * _HEIGHT / height)), _WIDEST))


def _room(strip: Pixels) -> int:
    return min(max(_NARROWEST, -(-_width(strip) // _STEP) * _STEP), _WIDEST)
