"""Opening what was read: page readings and field values, out of their ciphertext, for the rooms that work on them."""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from services.kernel.blobs.keys import Vault
from services.kernel.paper import FieldReading, PageReading, box_from_json
from services.kernel.tables import FieldValue, Item, Page

READING_CONTEXT = "pages.reading"
TITLE_CONTEXT = "items.title"
TYPE_WORDS_CONTEXT = "items.type_words"
VALUE_CONTEXT, RAW_CONTEXT = "field_values.value", "field_values.raw"


def page_readings(session: Session, vault: Vault, item: Item) -> Iterator[PageReading]:
    """The pages of ``item`` that were read, in order, one in memory at a time."""
    query = select(Page.id).where(Page.item_id == item.id, Page.reading_sealed.is_not(None)).order_by(Page.number)
    for page_id in session.scalars(query).all():
        page = session.get_one(Page, page_id, options=[undefer(Page.reading_sealed)])
        yield page_reading(session, vault, item, page)
        session.expunge(page)


def page_reading(session: Session, vault: Vault, item: Item, page: Page) -> PageReading:
    assert page.reading_sealed is not None, "only read pages have a reading"
    data = zlib.decompress(vault.open(session, item.key_id, READING_CONTEXT, page.reading_sealed))
    return PageReading.from_json(json.loads(data))


@dataclass(frozen=True, slots=True)
class OpenField:
    """A field value in plain, beside its row."""

    row: FieldValue
    reading: FieldReading


def field_values(
    session: Session, vault: Vault, item: Item, *, revision: int | None = None, names: Collection[str] | None = None
) -> list[OpenField]:
    """The fields of the item's present revision (or of another) as they stand, surest first within a name: without what was
    replaced or struck out. Those of ``names`` only, where any are given."""
    here = (FieldValue.item_id == item.id, FieldValue.revision == (revision or item.revision))
    replaced = select(FieldValue.replaces).where(*here, FieldValue.replaces.is_not(None))
    query = (
        select(FieldValue)
        .where(*here, FieldValue.id.not_in(replaced))
        .order_by(FieldValue.name, FieldValue.confidence.desc(), FieldValue.id)
    )
    if names is not None:
        query = query.where(FieldValue.name.in_(sorted(names)))
    opened = (OpenField(row, open_field(session, vault, item, row)) for row in session.scalars(query))
    return [each for each in opened if each.reading.value]


def title(session: Session, vault: Vault, item: Item) -> str | None:
    if item.title_sealed is None:
        return None
    return vault.open_text(session, item.key_id, TITLE_CONTEXT, item.title_sealed)


def type_words(session: Session, vault: Vault, item: Item) -> list[str]:
    """The words that decided the item's type, weightiest first."""
    if item.type_words_sealed is None:
        return []
    return vault.open_text(session, item.key_id, TYPE_WORDS_CONTEXT, item.type_words_sealed).split("\n")


def open_field(session: Session, vault: Vault, item: Item, row: FieldValue) -> FieldReading:
    return FieldReading(
        name=row.name,
        value=vault.open_text(session, item.key_id, VALUE_CONTEXT, row.value_sealed),
        raw=vault.open_text(session, item.key_id, RAW_CONTEXT, row.raw_sealed),
        page=row.page,
        box=box_from_json(row.box),
        confidence=row.confidence,
        check=row.check,  # type: ignore[arg-type]
        repaired=row.repaired,
        share=row.share,
    )
