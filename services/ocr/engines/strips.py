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
_STEP = 32  # widths are rounded up to it, so that a network meets few different shapes
_NARROWEST, _WIDEST = 96, 3200
_PAPER = 128  # what fills up a strip: the middle, which the network takes for nothing
_TAIL = re.compile(r"(?:(?<=[:：])|(?<=[签盖][字章名][)）]))[^:：)）]{1,6}$")
_PRINT = 0.75  # what follows a colon less surely than this was not printed


@dataclass(frozen=True, slots=True)
class Reading:
    """What one strip says; ``sure`` has a confidence 0…1 for each character of ``text``."""

    text: str
    sure: tuple[float, ...]

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
        return Reading(self.text[: tail.start()], self.sure[: tail.start()])


@dataclass(frozen=True, slots=True)
class StripReader:
    """``network`` takes grey strips of 48 pixels height; for each column it tells how likely it is nothing, or which character
    of ``alphabet``."""

    network: Network
    alphabet: Sequence[str]

    def read(self, strips: Sequence[Pixels]) -> list[Reading]:
        """One reading a strip, in their order. Several in one run take as long, and 150 MB more."""
        return [self._read(strip) for strip in strips]

    def _read(self, strip: Pixels) -> Reading:
        inputs = np.full((_HEIGHT, _room(strip)), _PAPER, np.uint8)
        inputs[:, : _width(strip)] = px.resized(strip, _width(strip), _HEIGHT)
        (likely,) = self.network(inputs)
        best = likely.argmax(axis=1)
        columns = np.flatnonzero((best > 0) & np.diff(best, prepend=0).astype(bool))
        sure = likely[columns, best[columns]]
        return Reading("".join(self.alphabet[sign - 1] for sign in best[columns]), tuple(sure.astype(float)))


def _width(strip: Pixels) -> int:
    height, width = strip.shape[:2]
    return int(min(max(1, round(width * _HEIGHT / height)), _WIDEST))


def _room(strip: Pixels) -> int:
    return min(max(_NARROWEST, -(-_width(strip) // _STEP) * _STEP), _WIDEST)
