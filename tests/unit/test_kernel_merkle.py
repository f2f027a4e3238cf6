"""RFC 6962 section 2.1, by the public vectors of Certificate Transparency and by its own recursive definition."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kernel.ledger.merkle import HASH_BYTES, Tree, leaf_hash, node_hash, tree_of

LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = (  # of the first 1, 2, … 8 leaves
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

leaves = st.lists(st.binary(max_size=40), max_size=70)


def definition(data: list[bytes]) -> bytes:
    """MTH as the RFC words it, split at the largest power of two below n."""
    if not data:
        return hashlib.sha256(b"").digest()
    if len(data) == 1:
        return hashlib.sha256(b"\x00" + data[0]).digest()
    split = 1 << (len(data) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + definition(data[:split]) + definition(data[split:])).digest()


@pytest.mark.parametrize(("size", "root"), list(enumerate(ROOTS, 1)))
def test_the_public_vectors(size, root):
    assert tree_of(LEAVES[:size]).root.hex() == root


def test_the_empty_tree():
    assert tree_of([]).root.hex() == EMPTY
    assert Tree() == Tree.from_bytes(0, b"")


@given(leaves)
def test_every_tree_has_the_root_of_the_definition(data):
    tree = tree_of(data)
    assert tree.size == len(data)
    assert tree.root == definition(data)


@given(leaves, leaves)
def test_appending_to_a_stored_head_is_building_from_scratch(before, after):
    head = tree_of(before)
    tree = Tree.from_bytes(head.size, head.to_bytes())
    for data in after:
        tree = tree.append(leaf_hash(data))
    assert tree == tree_of(before + after)


@given(leaves)
def test_a_head_is_one_peak_for_each_bit_of_its_size(data):
    tree = tree_of(data)
    assert len(tree.peaks) == len(data).bit_count()
    assert len(tree.to_bytes()) == HASH_BYTES * len(data).bit_count()


@pytest.mark.parametrize(("size", "count"), [(0, 1), (1, 0), (2, 2), (3, 1), (7, 2), (8, 8)])
def test_peaks_that_do_not_belong_to_the_size_are_refused(size, count):
    with pytest.raises(ValueError, match="do not belong"):
        Tree.from_bytes(size, bytes(HASH_BYTES * count))


def test_a_leaf_cannot_pass_for_a_node():
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert leaf_hash(left + right) != node_hash(left, right)
    assert node_hash(left, right) != node_hash(right, left)


@given(st.lists(st.binary(max_size=8), min_size=2, max_size=40), st.data())
def test_no_change_of_order_content_or_number_keeps_the_root(data, draw):
    root, place = tree_of(data).root, draw.draw(st.integers(0, len(data) - 2))
    swapped = [*data[:place], data[place + 1], data[place], *data[place + 2 :]]
    assert tree_of(swapped).root != root or data[place] == data[place + 1]
    assert tree_of([*data[:place], *data[place + 1 :]]).root != root
    assert tree_of([*data, data[-1]]).root != root
    assert tree_of([*data[:place], data[place] + b"x", *data[place + 1 :]]).root != root
