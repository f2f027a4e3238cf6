"""What filters, facets and the order of answers need of every item, held in memory as arrays by the item's number.

A state is never changed: readers share it, and the next one is made from it and from what was written since.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import apsw
import numpy as np
from numpy.typing import NDArray

from services.search.index.port import FACETS

Flags = NDArray[np.bool_]
Numbers = NDArray[np.int64]
Version = tuple[int, int]
"""The last item's number and the last removal's place."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Values of items of which one item may have several: ``values[i]`` is of the item ``items[i]``."""

    items: Numbers
    values: Numbers

    def within(self, size: int, least: int | None, most: int | None) -> Flags:
        """Return which of ``size`` items have a value from ``least`` to ``most``, both included."""
        kept = np.ones(len(self.values), bool)
        if least is not None:
            kept &= self.values >= least
        if most is not None:
            kept &= self.values <= most
        found = np.zeros(size, bool)
        found[self.items[kept]] = True
        return found


@dataclass(frozen=True, slots=True)
class Facets:
    """The combinations of facet values that occur, by number: ``codes[name][number]`` is a place in ``values[name]``."""

    codes: Mapping[str, Numbers]
    values: Mapping[str, list[str]]

    def having(self, name: str, wanted: Iterable[str]) -> Flags:
        """Return which combinations have one of the ``wanted`` values."""
        places = [self.values[name].index(value) for value in wanted if value in self.values[name]]
        return np.isin(self.codes[name], places)

    def value(self, name: str, combination: int) -> str:
        return self.values[name][int(self.codes[name][combination])]

    def counts(self, combinations: Numbers) -> dict[str, dict[str, int]]:
        """Return how often each value occurs in ``combinations``, the most frequent first; empty ones are left out."""
        if len(combinations) < len(self.codes[FACETS[0]]):
            return {name: self._named(name, np.bincount(self.codes[name][combinations])) for name in FACETS}
        counted = np.bincount(combinations, minlength=len(self.codes[FACETS[0]]))
        return {name: self._named(name, np.bincount(self.codes[name], counted).astype(int)) for name in FACETS}

    def _named(self, name: str, counted: Numbers) -> dict[str, int]:
        totals = counted.tolist()
        found = [(value, total) for value, total in zip(self.values[name], totals, strict=False) if value and total]
        return dict(sorted(found, key=lambda pair: (-pair[1], pair[0])))


@dataclass(frozen=True, slots=True)
class Items:
    """One state of a generation; later ones have a greater ``version``. ``facet`` is 0 where a number has no item,
    which ``present`` tells; ``received`` is microseconds since 1970, days are counted from the year 1, amounts are cents.
    """

    version: Version
    present: Flags
    facet: Numbers
    received: Numbers
    days: Pairs
    amounts: Pairs
    facets: Facets

    @property
    def size(self) -> int:
        return len(self.facet)


def _nothing() -> Items:
    none, first = np.empty(0, np.int64), np.zeros(1, np.int64)
    facets = Facets(dict.fromkeys(FACETS, first), {name: [""] for name in FACETS})
    return Items((0, 0), np.zeros(1, bool), first, first, Pairs(none, none), Pairs(none, none), facets)


NOTHING = _nothing()


def numbers(listed: str | None) -> Numbers:
    """Return the numbers that SQLite's ``group_concat`` put into one text: the quickest way for many rows to get here."""
    return np.fromstring(listed, np.int64, sep=",") if listed else np.empty(0, np.int64)


def version(connection: apsw.Connection) -> Version:
    """Return the version of the connection's snapshot."""
    last: dict[Any, Any] = dict(connection.execute("SELECT name, seq FROM sqlite_sequence"))
    return last.get("item", 0), last.get("removed", 0)


def following(items: Items, connection: apsw.Connection) -> Items:
    """Return the state of the connection's snapshot, which is not before that of ``items``."""
    now = version(connection)
    more = now[0] + 1 - items.size
    facet, received = np.pad(items.facet, (0, more)), np.pad(items.received, (0, more))
    n, *columns = _columns(connection, "item", ("n", "facet", "received"), items.size)
    facet[n], received[n] = columns
    facet[_columns(connection, "removed", ("n",), items.version[1] + 1, by="place")[0]] = 0
    return Items(
        now,
        np.not_equal(facet, 0),
        facet,
        received,
        _longer(items.days, _columns(connection, "item_day", ("n", "day"), items.size)),
        _longer(items.amounts, _columns(connection, "item_amount", ("n", "cents"), items.size)),
        _facets(items.facets, connection),
    )


def _columns(connection: apsw.Connection, table: str, names: tuple[str, ...], first: int, by: str = "n") -> list[Numbers]:
    listed = ", ".join(f"group_concat({name})" for name in names)
    row: Any = connection.execute(f"SELECT {listed} FROM {table} WHERE {by} >= ?", (first,)).fetchone()  # noqa: S608
    return [numbers(column) for column in row]


def _longer(pairs: Pairs, more: list[Numbers]) -> Pairs:
    items, values = more
    return Pairs(np.concatenate((pairs.items, items)), np.concatenate((pairs.values, values))) if len(items) else pairs


def _facets(known: Facets, connection: apsw.Connection) -> Facets:
    count = connection.execute("SELECT coalesce(max(id), 0) + 1 FROM facet").get
    if len(known.codes[FACETS[0]]) == count:
        return known
    rows: list[Any] = connection.execute(f"SELECT id, {', '.join(FACETS)} FROM facet").fetchall()  # noqa: S608  # fixed names
    values = {name: ["", *sorted({row[place] for row in rows} - {""})] for place, name in enumerate(FACETS, 1)}
    codes = {name: np.zeros(count, np.int64) for name in FACETS}
    for place, name in enumerate(FACETS, 1):
        place_of = {value: code for code, value in enumerate(values[name])}
        for row in rows:
            codes[name][row[0]] = place_of[row[place]]
    return Facets(codes, values)
