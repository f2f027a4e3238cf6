"""Pages that look alike are found through equal bytes of their hashes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.filing.similarity import NEAR, bands, distance, near

hashes = st.integers(0, 2**64 - 1)


@given(hashes, st.sets(st.integers(0, 63), max_size=NEAR))
def test_what_differs_in_seven_bits_shares_a_band(value, flipped):
    other = value ^ sum(1 << bit for bit in flipped)
    a, b = f"{value:016x}", f"{other:016x}"
    assert distance(a, b) == len(flipped)
    assert near(a, b)
    assert set(bands(a)) & set(bands(b))


@given(hashes)
def test_bands_are_the_bytes_of_the_hash(value):
    made = bands(f"{value:016x}")
    assert [place for place, _ in made] == list(range(8))
    assert sum(byte << (8 * place) for place, byte in made) == value


@pytest.mark.parametrize("phash", ["", "ff", "0" * 17, "xyz" * 5 + "x"])
def test_what_is_no_hash_is_refused(phash):
    with pytest.raises(ValueError):
        bands(phash)
