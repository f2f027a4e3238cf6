"""The Merkle tree of RFC 6962 section 2.1, as pure functions. Hashes are 32 bytes of SHA-256.

A growing tree is kept as its *peaks*: the roots of its complete subtrees, largest first. That is all that appending and the
root need, so both cost O(log n).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

HASH_BYTES = 32


def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree of ``size`` leaves, by its peaks."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def append(self, leaf: bytes) -> Tree:
        """The tree with one more leaf hash: equal subtrees merge like the carries of a binary counter."""
        peaks, size = [*self.peaks, leaf], self.size
        while size & 1:
            right, left = peaks.pop(), peaks.pop()
            peaks.append(node_hash(left, right))
            size >>= 1
        return Tree(self.size + 1, tuple(peaks))

    @property
    def root(self) -> bytes:
        if not self.peaks:
            return hashlib.sha256(b"").digest()
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root

    def to_bytes(self) -> bytes:
        return b"".join(self.peaks)

    @classmethod
    def from_bytes(cls, size: int, data: bytes) -> Tree:
        """Raises ``ValueError`` when the number of peaks does not belong to the size."""
        if len(data) != HASH_BYTES * size.bit_count():
            raise ValueError(f"{len(data)} bytes of peaks do not belong to a tree of {size} leaves")
        return cls(size, tuple(data[start : start + HASH_BYTES] for start in range(0, len(data), HASH_BYTES)))


def tree_of_parts(parts: Iterable[tuple[int, bytes]]) -> Tree:
    """The tree over complete subtrees that follow each other, largest first, each with its height (a leaf's is 0) and root."""
    size, peaks = 0, list[tuple[int, bytes]]()
    for height, root in parts:
        size += 1 << height
        while peaks and peaks[-1][0] == height:
            height, root = height + 1, node_hash(peaks.pop()[1], root)
        peaks.append((height, root))
    return Tree(size, tuple(root for _, root in peaks))


def tree_of(leaves: Iterable[bytes]) -> Tree:
    """The tree over leaf *data*."""
    tree = Tree()
    for data in leaves:
        tree = tree.append(leaf_hash(data))
    return tree
