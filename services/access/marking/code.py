"""A 32-bit number as a tile of faint chips, and back. Pure.

Each of the 48 bits (number and CRC-16) is spread over six chips of a square tile that repeats over the whole page; the other
chips are the pilot, which is always the same and tells where the tile begins. Places and signs come from SHA-256, so that they
are the same in every version of every library.
"""

from __future__ import annotations

import binascii
import hashlib
from functools import cache
from itertools import combinations

import numpy as np
import numpy.typing as npt

TILE = 20
"""Chips along a tile's edge."""
BITS, NUMBER_BITS = 48, 32
CHIPS_A_BIT = 6
DOUBTFUL = 8
"""So many of the least certain bits may be wrong …"""
MOST_WRONG = 3
"""… but no more than this of them at once."""

Chips = npt.NDArray[np.float32]


def chips_of(number: int) -> Chips:
    """The tile of ±1 that says ``number`` (0 … 2³²-1), shape TILE×TILE."""
    places, signs = _layout()
    flat = signs.copy()
    flat[places] *= (2 * _bits(number) - 1)[:, None]
    return flat.reshape(TILE, TILE)


@cache
def pilot() -> Chips:
    """The chips that are the same in every tile; zero where data is."""
    places, signs = _layout()
    flat = signs.copy()
    flat[places] = 0
    return flat.reshape(TILE, TILE)


def number_in(tile: Chips) -> int | None:
    """The number that a measured tile says, or None where its check does not hold."""
    places, signs = _layout()
    flat = tile.reshape(-1)
    soft = (flat * signs)[places].sum(axis=1)
    bits = (soft > 0).astype(np.int64)
    weakest = np.argsort(np.abs(soft))[:DOUBTFUL]
    for count in range(MOST_WRONG + 1):
        for wrong in combinations(weakest, count):
            tried = bits.copy()
            tried[list(wrong)] ^= 1
            value = int("".join(map(str, tried)), 2)
            number, check = value >> (BITS - NUMBER_BITS), value & 0xFFFF
            if _check(number) == check:
                return number
    return None


def _bits(number: int) -> npt.NDArray[np.float32]:
    value = number << (BITS - NUMBER_BITS) | _check(number)
    return np.array([value >> place & 1 for place in reversed(range(BITS))], np.float32)


def _check(number: int) -> int:
    return binascii.crc_hqx(number.to_bytes(4, "big"), 0xFFFF)


@cache
def _layout() -> tuple[npt.NDArray[np.int64], Chips]:
    """Which chips carry which bit (BITS×CHIPS_A_BIT), and every chip's sign."""
    digests = [hashlib.sha256(b"muniment/chip/%d" % chip).digest() for chip in range(TILE * TILE)]
    order = sorted(range(TILE * TILE), key=digests.__getitem__)
    places = np.array(order[: BITS * CHIPS_A_BIT]).reshape(BITS, CHIPS_A_BIT)
    signs = np.array([1 if digest[-1] & 1 else -1 for digest in digests], np.float32)
    return places, signs
