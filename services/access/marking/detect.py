"""Finding the number again in a picture of a page, whatever its resolution, if it is skewed by a few degrees, cut or turned.

Print is masked out, the paper between it is reduced to a few pixels a chip. Then turns and sizes are tried: where they are
right, the repeated tiles lie on each other and the pilot stands out of their sum.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from services.access.marking.code import TILE, number_in, pilot
from services.access.marking.texture import CHIPS_ACROSS, Pixels, chip_pixels

FINE = 4
"""Pixels a chip in the reduced page."""
PERIOD = TILE * FINE
PAPER = 14
"""Grey levels around the paper's own within which a pixel is paper."""
TURNS = np.arange(-5.0, 5.01, 0.5)
"""Degrees."""
SIZES = np.arange(0.80, 1.26, 0.01)
CANDIDATES = 6
CLEAR = 5.5
"""Standard deviations by which the pilot must stand out before a number is believed."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Found:
    """The number; ``clarity``: by how many standard deviations the pilot stood out; ``turn`` in degrees, ``size`` as a factor
    of what a whole page of this size has."""

    number: int
    clarity: float
    turn: float
    size: float


def find(grey: Pixels) -> Found | None:
    """The mark in a grey picture of a page; None where there is none, or no longer."""
    for quarter in range(4):
        page = _Paper.of(np.ascontiguousarray(np.rot90(grey, quarter)))
        for turn, size in page.likely():
            if (found := page.read(turn, size)) is not None:
                return found
    return None


class _Paper:
    """What lies beneath the print: ``signal`` and how much paper each pixel of it saw, ``weight`` (0 … 1)."""

    def __init__(self, signal: Floats, weight: Floats) -> None:
        self._signal, self._weight = signal * weight, weight
        self._pilot = np.conj(np.fft.rfft2(np.kron(pilot(), np.ones((FINE, FINE), np.float32))))

    @classmethod
    def of(cls, grey: Pixels) -> _Paper:
        height, width = grey.shape
        chip = chip_pixels(width, height)
        across, down = round(width * FINE / chip), round(height * FINE / chip)
        reach = max(3, round(chip / 3)) | 1
        brightest = cv2.dilate(grey, np.ones((reach, reach), np.uint8))
        rough = cv2.resize(brightest, (across, down), interpolation=cv2.INTER_AREA).astype(np.float32)
        ground = cv2.resize(cv2.blur(rough, (8 * FINE + 1, 8 * FINE + 1)), (width, height), interpolation=cv2.INTER_LINEAR)
        above = grey.astype(np.float32) - ground
        paper = (np.abs(above) <= PAPER).astype(np.float32)
        total = cv2.resize(above * paper, (across, down), interpolation=cv2.INTER_AREA)
        seen = cv2.resize(paper, (across, down), interpolation=cv2.INTER_AREA)
        level = total / np.maximum(seen, 0.02)
        near = cv2.blur(total, (6 * FINE + 1, 6 * FINE + 1)) / np.maximum(cv2.blur(seen, (6 * FINE + 1, 6 * FINE + 1)), 0.02)
        return cls(np.clip(level - near, -6, 6), seen)

    def likely(self) -> Iterator[tuple[float, float]]:
        """Turns and sizes at which the pilot stands out most, each refined, best first."""
        tried = [(self._clarity(turn, size), turn, size) for turn in TURNS for size in SIZES]
        best = sorted(tried, reverse=True)[:CANDIDATES]
        fine = [
            (self._clarity(turn + dt, size + ds), turn + dt, size + ds)
            for _, turn, size in best
            for dt in (-0.25, 0.0, 0.25)
            for ds in (-0.005, 0.0, 0.005)
        ]
        for clarity, turn, size in sorted(fine, reverse=True)[: 2 * CANDIDATES]:
            if clarity >= CLEAR:
                yield turn, size

    def read(self, turn: float, size: float) -> Found | None:
        tile = self._folded(turn, size)
        heights = self._heights(tile)
        down, across = np.unravel_index(int(heights.argmax()), heights.shape)
        placed = np.roll(tile, (-int(down), -int(across)), (0, 1))
        chips = placed.reshape(TILE, FINE, TILE, FINE)[:, 1:3, :, 1:3].mean(axis=(1, 3))
        number = number_in(chips)
        return None if number is None else Found(number, float(_stands_out(heights)), float(turn), float(size))

    def _clarity(self, turn: float, size: float) -> float:
        return _stands_out(self._heights(self._folded(turn, size)))

    def _heights(self, tile: Floats) -> Floats:
        """How well the pilot fits at each place of the tile."""
        return np.fft.irfft2(np.fft.rfft2(tile) * self._pilot, tile.shape).astype(np.float32)

    def _folded(self, turn: float, size: float) -> Floats:
        """All tiles laid on each other after turning back by ``turn`` and dividing by ``size``; PERIOD×PERIOD."""
        height, width = self._signal.shape
        across, down = (-(-round(edge / size) // PERIOD) * PERIOD for edge in (width, height))
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), turn, 1 / size)
        matrix[:, 2] += (across - width) / 2, (down - height) / 2
        layers = [cv2.warpAffine(each, matrix, (across, down), flags=cv2.INTER_LINEAR) for each in (self._signal, self._weight)]
        signal, weight = (each.reshape(down // PERIOD, PERIOD, across // PERIOD, PERIOD).sum(axis=(0, 2)) for each in layers)
        folded: Floats = signal / np.maximum(weight, 0.5)
        level: Floats = folded - folded.mean()
        return level


def _stands_out(heights: Floats) -> float:
    return float((heights.max() - heights.mean()) / (heights.std() + 1e-6))


assert CHIPS_ACROSS * FINE >= 2 * PERIOD, "a page holds several tiles"
