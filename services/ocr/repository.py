"""What ocr keeps in the catalogue: page readings, page pictures, fields and the PDF, all sealed under the item's key."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.kernel.blobs.keys import Vault
from services.kernel.blobs.orphans import enter
from services.kernel.blobs.sealed import Stored
from services.kernel.clock import now
from services.kernel.model import PageState, RenditionKind
from services.kernel.paper import DocumentReading, FieldReading, PageReading, Problem
from services.kernel.policy.lookup import LOOKUP_FIELDS
from services.kernel.policy.lookup_ring import LookupRing
from services.kernel.readings import READING_CONTEXT, TYPE_WORDS_CONTEXT
from services.kernel.tables import Blob, FieldValue, Item, Page, Rendition

BY_A_PERSON = "person"
_SUREST = 0.9999  # of a type that only the program says: 1 is a person's


def page(session: Session, item_id: str, number: int) -> Page:
    return session.scalars(select(Page).where(Page.item_id == item_id, Page.number == number)).one()


def pending_pages(session: Session, item_id: str) -> int:
    query = select(func.count()).where(Page.item_id == item_id, Page.state == PageState.PENDING)
    return session.scalar(query) or 0


def keep_reading(session: Session, vault: Vault, item: Item, page: Page, reading: PageReading, dpi: float) -> None:
    """Stores what was read of a page, in the transaction that makes it READ."""
    data = zlib.compress(json.dumps(reading.to_json(), ensure_ascii=False).encode())
    characters = sum(len(line.text) for line in reading.lines)
    page.reading_sealed = vault.seal(session, item.key_id, READING_CONTEXT, data)
    page.state, page.read_at = PageState.READ, now()
    page.blank, page.width, page.height = reading.blank, reading.width, reading.height
    page.rotation, page.skew, page.dpi = reading.rotation, reading.skew, dpi
    page.engine = f"{reading.engine.name} {reading.engine.version} {reading.engine.model}"
    page.problems = [problem.to_json() for problem in reading.problems]
    page.times_read += 1
    page.confidence = sum(line.confidence * len(line.text) for line in reading.lines) / characters if characters else None


def keep_failure(page: Page, problem: Problem) -> None:
    page.state = PageState.FAILED
    page.problems = [problem.to_json()]


def add_rendition(session: Session, item: Item, kind: RenditionKind, stored: Stored, media_type: str, *, page: int = 0) -> None:
    blob = enter(session, stored, item.key_id, media_type)
    session.add(Rendition(item_id=item.id, blob_id=blob.id, kind=kind, page=page, revision=item.revision))


def picture(session: Session, item: Item, number: int) -> Blob | None:
    """The page picture of the item's present revision."""
    query = (
        select(Blob)
        .join(Rendition)
        .where(
            Rendition.item_id == item.id,
            Rendition.kind == RenditionKind.PAGE_PICTURE,
            Rendition.page == number,
            Rendition.revision == item.revision,
        )
    )
    return session.scalar(query)


def keep_type(session: Session, vault: Vault, item: Item, document: DocumentReading) -> None:
    """What a person wrote on the cover sheet, or said of an earlier scan, outweighs our guess."""
    if item.type_by == BY_A_PERSON:
        return
    item.type, item.type_confidence, item.type_by = document.type, min(document.confidence, _SUREST), document.by
    words = "\n".join(document.words)
    item.type_words_sealed = vault.seal_text(session, item.key_id, TYPE_WORDS_CONTEXT, words) if words else None
    if item.cover_type is not None:
        item.type, item.type_confidence, item.type_by, item.type_words_sealed = item.cover_type, 1.0, "cover sheet", None


def keep_fields(
    session: Session,
    vault: Vault,
    lookups: LookupRing,
    item: Item,
    fields: Mapping[str, tuple[FieldReading, ...]],
    source: str,
) -> None:
    """Adds the fields of a reading; ``source`` names the engine."""
    keys = lookups.newest(session)
    for name, values in fields.items():
        for field in values:
            session.add(
                FieldValue(
                    item_id=item.id,
                    revision=item.revision,
                    name=name,
                    value_sealed=vault.seal_text(session, item.key_id, "field_values.value", field.value),
                    raw_sealed=vault.seal_text(session, item.key_id, "field_values.raw", field.raw),
                    page=field.page,
                    box=_box(field),
                    confidence=field.confidence,
                    check=field.check,
                    repaired=field.repaired,
                    share=field.share,
                    source=source,
                    lookup=keys.digest(name, field.value) if name in LOOKUP_FIELDS else None,
                )
            )


def _box(field: FieldReading) -> list[Any]:
    return [[round(x, 1), round(y, 1)] for x, y in field.box]
