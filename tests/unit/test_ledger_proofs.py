"""Proofs, by the public vectors of transparency-dev/merkle (Apache-2.0, ``testdata``) and against the RFC's own definition."""

import json
from base64 import b64decode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kernel.ledger import proofs
from services.kernel.ledger.merkle import leaf_hash, node_hash, tree_of
from tests.unit.test_kernel_merkle import LEAVES, definition

VECTORS = Path(__file__).parents[1] / "data/rfc6962"
EMPTY = tree_of([]).root


def vectors(kind: str) -> list:
    return [pytest.param(each, id=each["name"]) for each in json.loads((VECTORS / f"{kind}.json").read_text())]


def hashes(told: list[str] | None) -> list[bytes]:
    return [b64decode(each) for each in told or []]


@pytest.mark.parametrize("vector", vectors("inclusion"))
def test_the_public_vectors_of_inclusion(vector):
    holds = proofs.includes(
        b64decode(vector["leafHash"] or ""),
        vector["leafIdx"],
        vector["treeSize"],
        hashes(vector["proof"]),
        b64decode(vector["root"] or ""),
    )
    assert holds != vector["wantErr"]


@pytest.mark.parametrize("vector", vectors("consistency"))
def test_the_public_vectors_of_consistency(vector):
    roots = b64decode(vector["root1"] or ""), b64decode(vector["root2"] or "")
    holds = proofs.continues(vector["size1"], roots[0], vector["size2"], roots[1], hashes(vector["proof"]))
    assert holds != vector["wantErr"]


@pytest.mark.parametrize("vector", [each for each in vectors("inclusion") if "happy" in each.id])
def test_the_paths_of_the_public_vectors_are_those_that_are_made(vector):
    made = [definition(LEAVES[start:end]) for start, end in proofs.inclusion_ranges(vector["leafIdx"], vector["treeSize"])]
    assert made == hashes(vector["proof"])


@pytest.mark.parametrize("vector", [each for each in vectors("consistency") if "happy" in each.id])
def test_the_consistency_of_the_public_vectors_is_that_which_is_made(vector):
    made = [definition(LEAVES[start:end]) for start, end in proofs.consistency_ranges(vector["size1"], vector["size2"])]
    assert made == hashes(vector["proof"])


def path(index: int, data: list[bytes]) -> list[bytes]:
    """PATH as section 2.1.1 words it."""
    if len(data) == 1:
        return []
    split = 1 << (len(data) - 1).bit_length() - 1
    if index < split:
        return [*path(index, data[:split]), definition(data[split:])]
    return [*path(index - split, data[split:]), definition(data[:split])]


def subproof(size: int, data: list[bytes], *, whole: bool = True) -> list[bytes]:
    """SUBPROOF as section 2.1.2 words it."""
    if size == len(data):
        return [] if whole else [definition(data)]
    split = 1 << (len(data) - 1).bit_length() - 1
    if size <= split:
        return [*subproof(size, data[:split], whole=whole), definition(data[split:])]
    return [*subproof(size - split, data[split:], whole=False), definition(data[:split])]


@pytest.mark.parametrize("size", range(1, 34))
def test_every_leaf_of_every_small_tree(size):
    data = [bytes([number]) for number in range(size)]
    root = definition(data)
    for index in range(size):
        made = [definition(data[start:end]) for start, end in proofs.inclusion_ranges(index, size)]
        assert made == path(index, data)
        assert proofs.includes(leaf_hash(data[index]), index, size, made, root)
        for other in range(size + 2):
            assert proofs.includes(leaf_hash(data[index]), other, size, made, root) == (other == index)


@pytest.mark.parametrize("new", range(34))
def test_every_beginning_of_every_small_tree(new):
    data = [bytes([number]) for number in range(new)]
    for old in range(1, new + 1):
        made = [definition(data[start:end]) for start, end in proofs.consistency_ranges(old, new)]
        assert made == subproof(old, data)
        assert proofs.continues(old, definition(data[:old]), new, definition(data), made)


@given(st.lists(st.binary(max_size=8), min_size=2, max_size=80, unique=True), st.data())
def test_a_beginning_that_was_changed_is_continued_by_nothing(data, draw):
    old = draw.draw(st.integers(1, len(data) - 1))
    changed = draw.draw(st.integers(0, old - 1))
    forged = [*data[:changed], data[changed] + b"!", *data[changed + 1 :]]
    made = [definition(forged[start:end]) for start, end in proofs.consistency_ranges(old, len(data))]
    assert not proofs.continues(old, definition(data[:old]), len(data), definition(forged), made)
    assert proofs.continues(old, definition(forged[:old]), len(data), definition(forged), made)


def test_what_is_not_in_a_tree_has_no_proof():
    for index, size in ((0, 0), (1, 1), (-1, 3), (3, 3)):
        with pytest.raises(ValueError, match="no leaf"):
            proofs.inclusion_ranges(index, size)
    for old, new in ((2, 1), (-1, 3), (0, 0), (0, 3)):
        with pytest.raises(ValueError, match="not the beginning"):
            proofs.consistency_ranges(old, new)
        assert not proofs.continues(old, EMPTY, new, EMPTY, [])


def test_a_node_is_no_leaf():
    """Whoever could pass a node off as an entry could shorten the log."""
    left, right = leaf_hash(LEAVES[0]), leaf_hash(LEAVES[1])
    whole = tree_of(LEAVES[:4]).root
    upper = node_hash(leaf_hash(LEAVES[2]), leaf_hash(LEAVES[3]))
    assert not proofs.includes(node_hash(left, right), 0, 4, [upper], whole)
    assert not proofs.includes(node_hash(left, right), 0, 4, [right, upper], whole)
