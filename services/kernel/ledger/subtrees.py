"""The tree as it is stored, so that a proof over a million entries reads some hundred rows: the root of every 256 entries is
kept, and of every 256 of these, and so on (``LedgerTile``).

The roots are filled in by whoever signs checkpoints, not by whoever appends: an append stays one row, and a ledger that was
written by an older release is caught up with like any other.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.kernel.errors import IntegrityError
from services.kernel.ledger.merkle import Tree, tree_of_parts
from services.kernel.ledger.proofs import Range, consistency_ranges, inclusion_ranges
from services.kernel.ledger.tables import LedgerEntry, LedgerTile

HEIGHT = 8
WIDTH = 1 << HEIGHT
MOST_TILES, MOST_ROOTS = 64, 20_000
"""What is remembered at once, a few megabytes."""


class Subtrees:
    """Roots of subtrees at one moment. Remembers what it has read and computed: proofs of entries that lie near each other have
    most of it in common."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._tiles: dict[tuple[int, int], dict[int, bytes]] = {}
        self._roots: dict[Range, bytes] = {}
        query = select(LedgerTile.level, func.count()).group_by(LedgerTile.level)
        self._stored = dict(session.execute(query).all())

    def tree(self, start: int, end: int) -> Tree:
        """The tree over the entries ``[start, end)``. Raises ``IntegrityError`` where one of them is missing."""
        return tree_of_parts(self._parts(start, end))

    def inclusion(self, index: int, size: int) -> list[bytes]:
        return self._hashes(inclusion_ranges(index, size))

    def consistency(self, old: int, new: int) -> list[bytes]:
        return self._hashes(consistency_ranges(old, new))

    def _hashes(self, ranges: list[Range]) -> list[bytes]:
        return [self._root(each) for each in ranges]

    def stored(self, level: int) -> int:
        """How many roots of a level are stored."""
        return self._stored.get(level, 0)

    def _root(self, subtree: Range) -> bytes:
        if subtree not in self._roots:
            if len(self._roots) >= MOST_ROOTS:
                self._roots.clear()
            self._roots[subtree] = self.tree(*subtree).root
        return self._roots[subtree]

    def _parts(self, start: int, end: int) -> Iterator[tuple[int, bytes]]:
        """The fewest stored roots that make up a range."""
        while start < end:
            level = self._level(start, end)
            step = WIDTH**level
            yield level * HEIGHT, self._hash(level, start // step)
            start += step

    def _level(self, start: int, end: int) -> int:
        level, step = 0, WIDTH
        while start % step == 0 and start + step <= end and start // step < self.stored(level + 1):
            level, step = level + 1, step * WIDTH
        return level

    def _hash(self, level: int, position: int) -> bytes:
        number = position // WIDTH
        if (level, number) not in self._tiles:
            if len(self._tiles) >= MOST_TILES:
                self._tiles.clear()
            self._tiles[level, number] = self._read(level, number)
        try:
            return self._tiles[level, number][position]
        except KeyError:
            raise IntegrityError(f"The ledger has no entry {position * WIDTH**level}, though there are later ones.") from None

    def _read(self, level: int, number: int) -> dict[int, bytes]:
        place = LedgerTile.position if level else LedgerEntry.position
        query = select(place, LedgerTile.hash if level else LedgerEntry.leaf_hash)
        query = query.where(place >= number * WIDTH, place < (number + 1) * WIDTH)
        if level:
            query = query.where(LedgerTile.level == level)
        return dict(self._session.execute(query).all())


def fill(session: Session, size: int) -> None:
    """Stores the roots that became complete with the first ``size`` entries. Only one transaction at a time may."""
    level, whole = 1, size // WIDTH
    while whole:
        subtrees = Subtrees(session)
        step = WIDTH**level
        for position in range(subtrees.stored(level), whole):
            root = subtrees.tree(position * step, (position + 1) * step).root
            session.add(LedgerTile(level=level, position=position, hash=root))
        session.flush()
        level, whole = level + 1, whole // WIDTH
