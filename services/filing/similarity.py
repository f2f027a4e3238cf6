"""Near-duplicate pages by perceptual hash, found through an index rather than by comparing all pairs.

Multi-index hashing (Norouzi, Punjani and Fleet, 2012): two 64-bit hashes that differ in at most 7 bits agree on at least
one of eight bytes, since seven errors cannot touch eight bytes. So whoever shares a byte in the same place is a
candidate, and only candidates are compared.
"""

from __future__ import annotations

NEAR = 7
_BANDS, _BAND_BITS = 8, 8
_HASH_BITS = _BANDS * _BAND_BITS


def bands(phash: str) -> list[tuple[int, int]]:
    """(place, byte) for each of the eight bytes of a hash of 16 hex digits; the pairs to store and to look up."""
    value = _value(phash)
    return [(place, value >> (_BAND_BITS * place) & 0xFF) for place in range(_BANDS)]


def distance(a: str, b: str) -> int:
    """Hamming distance: in how many of 64 bits two hashes differ."""
    return (_value(a) ^ _value(b)).bit_count()


def near(a: str, b: str) -> bool:
    """Whether two pages look the same: a rescan of one sheet, or two copies of one form."""
    return distance(a, b) <= NEAR


def _value(phash: str) -> int:
    if len(phash) * 4 != _HASH_BITS:
        raise ValueError(f"a perceptual hash has {_HASH_BITS // 4} hex digits, not {len(phash)}")
    return int(phash, 16)
