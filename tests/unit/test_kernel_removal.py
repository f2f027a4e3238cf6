"""What becomes of an item's rows: each table that refers to items has its fate, and what is named there exists."""

from sqlalchemy import LargeBinary

import services.tables  # noqa: F401
from services.kernel.db import Base
from services.kernel.removal.fates import FATES, ITEM

ELSEWHERE = {"items", "tombstones", "page_bands", "ledger_entries"}
"""Handled by themselves, or never changed."""


def refers_to_items(table) -> bool:
    return any(key.column.table.name == "items" for key in table.foreign_keys)


def test_every_table_that_refers_to_items_has_a_fate():
    referring = {name for name, table in Base.metadata.tables.items() if refers_to_items(table)}
    assert referring - set(FATES) - ELSEWHERE == set(), "say in services/kernel/removal/fates.py what becomes of these"


def test_what_is_emptied_is_there_and_every_sealed_column_under_the_item_s_key_is():
    for name, fate in FATES.items():
        table = Base.metadata.tables[name]
        assert "item_id" in table.c
        assert set(fate.emptied) <= set(table.c.keys()), name
        sealed = {column.name for column in table.c if isinstance(column.type, LargeBinary)}
        if not fate.gone and "key_id" not in table.c:
            assert sealed == set(fate.emptied), name
    assert set(ITEM) <= set(Base.metadata.tables["items"].c.keys())
    assert all(Base.metadata.tables["items"].c[name].nullable for name in ITEM)
