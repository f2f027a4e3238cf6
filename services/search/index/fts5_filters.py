"""Which items a caller may know of, and which pass the filters beside the query."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

import apsw
import numpy as np

from services.search.index.fts5_items import Flags, Items, Numbers, numbers
from services.search.index.port import Filters, Scope

_FILTERED = {
    "types": "type",
    "states": "state",
    "departments": "department",
    "customer_types": "customer_type",
    "business_types": "business_type",
}


def conditions(connection: apsw.Connection, items: Items, scope: Scope, filters: Filters) -> Iterator[Flags]:
    """Yield sets of items; what is answered must be in all of them."""
    if not scope.everything:
        yield _visible(connection, items, scope)
    for name, facet in _FILTERED.items():
        if wanted := getattr(filters, name):
            yield items.facets.having(facet, wanted)[items.facet]
    first, last = (day.toordinal() if day else None for day in (filters.date_from, filters.date_to))
    if first is not None or last is not None:
        yield items.days.within(items.size, first, last)
    if filters.amount_min is not None or filters.amount_max is not None:
        yield items.amounts.within(items.size, filters.amount_min, filters.amount_max)


def _visible(connection: apsw.Connection, items: Items, scope: Scope) -> Flags:
    found = np.zeros(items.size, bool)
    for column, wanted in (("owner_id", scope.owners), ("item_id", scope.items)):
        if wanted:
            found[_having(connection, column, wanted)] = True
    return found | items.facets.having("department", scope.departments)[items.facet]


def _having(connection: apsw.Connection, column: str, wanted: Iterable[str]) -> Numbers:
    statement = f"SELECT group_concat(n) FROM item WHERE {column} IN (SELECT value FROM json_each(?))"  # noqa: S608  # fixed names
    return numbers(connection.execute(statement, (json.dumps(sorted(wanted)),)).get)
