"""What is remembered between questions of the items that a word matches.

An item's text never changes under its number, so what a word matched in one state of the generation holds in every later one,
but for the items that are gone by then. Words that match many items are few, asked for often and dear to look up: their sets
are kept and only brought up to date. Words that match few, as people's names do, are not kept.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from services.search.index.fts5_items import Flags, Version

_MANY = 1000
_KEPT = 256

Leaf = tuple[str, str]
"""A full-text table and an expression for it."""


class Memory:
    """The sets kept of one generation. Safe for threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Leaf, tuple[Version, NDArray[np.uint8]]] = OrderedDict()
        self._lock = Lock()

    def recall(self, leaf: Leaf, version: Version) -> tuple[int, Flags]:
        """Return up to which item's number the set of ``leaf`` is known in the state ``version``, and the set up to there."""
        with self._lock:
            known, packed = self._kept.get(leaf, ((0, 0), np.zeros(1, np.uint8)))
        last = known[0] if known <= version else 0
        return last, np.unpackbits(packed, count=last + 1).view(bool)

    def keep(self, leaf: Leaf, version: Version, found: Flags) -> None:
        """Keep a set that is whole in the state ``version``, if it is worth it."""
        if np.count_nonzero(found) < _MANY:
            return
        with self._lock:
            self._kept[leaf] = (version, np.packbits(found))
            self._kept.move_to_end(leaf)
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
