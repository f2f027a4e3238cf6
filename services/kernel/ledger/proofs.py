"""Proofs over the tree, as pure functions: that an entry is in it (RFC 6962 section 2.1.1), and that one tree is the beginning
of another (2.1.2). Verification is that of RFC 9162 sections 2.1.3.2 and 2.1.4.2.

Whoever makes a proof is told which hashes it is made of; whoever stores the tree knows them. A range is ``[start, end)`` in
leaves, and stands for the root of the subtree over these.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.kernel.ledger.merkle import HASH_BYTES, node_hash

Range = tuple[int, int]


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """What proves leaf ``index`` in a tree of ``size`` leaves, from the leaf's sibling up to the root's child. Raises
    ``ValueError`` for a leaf that is not in it."""
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} among {size}")
    path, start, end = list[Range](), 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start = middle
    return path[::-1]


def consistency_ranges(old: int, new: int) -> list[Range]:
    """What proves that the first ``old`` of ``new`` leaves are the tree of ``old``. Raises ``ValueError`` for an older tree
    that is larger, and for the empty one, which begins every tree and proves nothing."""
    if not 0 < old <= new:
        raise ValueError(f"a tree of {old} leaves is not the beginning of one of {new}")
    if old == new:
        return []
    path, start, end = list[Range](), 0, new
    while old < end:
        middle = start + _split(end - start)
        if old <= middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start = middle
    return [*([(start, end)] if start else []), *path[::-1]]


def includes(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether ``path`` proves that the leaf hash stands at ``index`` of the tree with this size and root."""
    if not 0 <= index < size or len(leaf) != HASH_BYTES:
        return False
    node, last, found = index, size - 1, leaf
    for each in path:
        if last == 0:
            return False
        if node & 1 or node == last:
            found = node_hash(each, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, each)
        node, last = node >> 1, last >> 1
    return last == 0 and found == root


def continues(old: int, old_root: bytes, new: int, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether ``path`` proves that the tree of ``new`` leaves begins with that of ``old``."""
    if not 0 < old <= new:
        return False
    if old == new:
        return not path and old_root == new_root
    nodes = list(path) if old & (old - 1) else [old_root, *path]
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    if not nodes:
        return False
    first = second = nodes[0]
    for each in nodes[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            first, second = node_hash(each, first), node_hash(each, second)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            second = node_hash(second, each)
        node, last = node >> 1, last >> 1
    return last == 0 and first == old_root and second == new_root


def _split(size: int) -> int:
    """The largest power of two below ``size``."""
    return 1 << (size - 1).bit_length() - 1
