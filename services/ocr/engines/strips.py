"""Strips of one line each, to text with a confidence for every character."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import fmean
from typing import Any

import numpy as np

from services.ocr import pixels as px
from services.ocr.engines.network import Network
from services.ocr.pixels import Floats, Pixels

_HEIGHT = 48  # what the reader was trained on
_STEP = 32  # widths are rounded up to it, so that a network meets few different shapes
_NARROWEST, _WIDEST = 96, 3200
_BATCH = 4  # strips of one width in one run: a tenth less time; more gain nothing
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
    """``network`` takes strips of 48 pixels height, ``decode`` makes text of what it says (CTC)."""

    network: Network
    decode: Any

    def read(self, strips: Sequence[Pixels]) -> list[Reading]:
        """One reading a strip, in their order."""
        readings: dict[int, Reading] = {}
        for room, indices in _batches([_room(strip) for strip in strips]):
            inputs = np.zeros((len(indices), 3, _HEIGHT, room), np.float32)
            for row, index in enumerate(indices):
                inputs[row, ..., : _width(strips[index])] = _blob(strips[index])
            ratios = (1.0,) * len(indices)  # for the places of words, which are not asked for
            texts, words = self.decode(self.network(inputs), return_word_box=True, wh_ratio_list=ratios)
            for index, (text, _), word in zip(indices, texts, words, strict=True):
                readings[index] = Reading(text, tuple(word.confs) if text else ())
        return [readings[index] for index in range(len(strips))]


def _batches(rooms: Sequence[int]) -> Iterator[tuple[int, list[int]]]:
    """Width, and the strips that share it, a few at a time."""
    for room, group in groupby(sorted(range(len(rooms)), key=lambda index: rooms[index]), key=lambda index: rooms[index]):
        indices = list(group)
        yield from ((room, indices[start : start + _BATCH]) for start in range(0, len(indices), _BATCH))


def _width(strip: Pixels) -> int:
    height, width = strip.shape[:2]
    return int(min(max(1, round(width * _HEIGHT / height)), _WIDEST))


def _room(strip: Pixels) -> int:
    return min(max(_NARROWEST, -(-_width(strip) // _STEP) * _STEP), _WIDEST)


def _blob(strip: Pixels) -> Floats:
    blob: Floats = px.blob(px.resized(strip, _width(strip), _HEIGHT))[0]
    return blob
