"""Showing an item. Each function appends its ledger entry in the transaction that looks up what is shown; the caller commits
before the first byte goes out. No entry, no content.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from services.access import limits, repository
from services.access.marking import stamps
from services.access.marking.marker import Stamp
from services.kernel import masking, readings
from services.kernel.blobs.keys import Vault
from services.kernel.core import Kernel
from services.kernel.dialects import TO_SHOW
from services.kernel.errors import IntegrityError, NotFound
from services.kernel.grants import opening
from services.kernel.grants.opening import Ground, ground, grounds
from services.kernel.identity.rights import Principal, Scope, may_know
from services.kernel.ledger import journal
from services.kernel.model import RenditionKind
from services.kernel.policy.masks import mask_field
from services.kernel.tables import Blob, Item, Page


class UnknownItem(NotFound):
    """One that this person may not know of, or that does not exist: they cannot tell which, nor can an attempt's entry."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, in which request."""

    principal: Principal
    request: str


@dataclass(frozen=True, slots=True)
class Content:
    """A stored object about to be shown and on what ground; ``stamp`` is what is to be burnt into it. ``chunks`` proves it
    while it is read and raises ``IntegrityError``."""

    blob: Blob
    key: bytes
    file_name: str
    act: str
    item_id: str
    why: Ground
    stamp: Stamp | None

    def chunks(self, kernel: Kernel) -> Iterator[bytes]:
        try:
            yield from kernel.objects.read(self.blob.name, self.key, sha256=self.blob.sha256)
        except NotFound as lost:  # the item is there, and its object should be
            raise IntegrityError(lost.detail) from None


def known_item(session: Session, asker: Asker, item_id: str) -> Item:
    """The item, if this person may know of it. Whether it exists for others is not told. Until the transaction ends nobody
    changes its state: what was destroyed is not shown after its destruction, by the ledger's order either."""
    item = session.get(Item, item_id, with_for_update=TO_SHOW)
    if item is None or not may_know(asker.principal, item):
        raise UnknownItem("There is no such item among those that you may know of. Search for it, or ask the archivist.")
    return item


def open_item(session: Session, asker: Asker, item_id: str) -> tuple[Item, Ground]:
    """The item and the ground on which its content is open to this person. ``Forbidden`` where they may know of it only."""
    item = known_item(session, asker, item_id)
    found = ground(session, asker.principal, item)
    if found is None:
        raise opening.needs_grant()
    limits.hold_to(session, asker.principal, found)
    opening.use(session, found)
    return item, found


def still_open(session: Session, asker: Asker, content: Content) -> bool:
    """Whether what is being shown may go on being shown: a grant that ended, or an item that is closed, ends it."""
    item = session.get(Item, content.item_id)
    return item is not None and opening.stands(session, asker.principal, item, content.why)


def list_items(
    session: Session,
    vault: Vault,
    asker: Asker,
    *,
    batch_id: str | None,
    type_: str | None,
    after: str | None,
    limit: int,
) -> list[tuple[Item, dict[str, Any]]]:
    principal = asker.principal
    owner = None if principal.scope is Scope.ALL else principal.person_id
    rows = repository.items(session, owner_id=owner, batch_id=batch_id, type_=type_, after=after, limit=limit)
    open_ = grounds(session, principal, rows)
    shown = [(row, summary(session, vault, row, open_.get(row.id))) for row in rows]
    _enter(session, asker, "items.list", None, count=len(rows))
    return shown


def show_item(session: Session, vault: Vault, asker: Asker, item_id: str, page: int | None = None) -> dict[str, Any]:
    """The catalogue entry with its fields, which are masked unless a ground opens personal data to this person. Of ``page``,
    where the content is open, the seals are told too."""
    item = known_item(session, asker, item_id)
    why = ground(session, asker.principal, item)
    open_, unmasked = why is not None, why is not None and why.unmasked
    shown = summary(session, vault, item, why) | {
        "fields": _fields(session, vault, item, masked=not unmasked),
        "type_by": item.type_by,
        "type_words": readings.type_words(session, vault, item) if unmasked else [],
        "problems": item.problems if open_ else [],
        "grant_id": why.grant_id if why else None,
        "page_list": [
            {
                "number": each.number,
                "state": each.state,
                "blank": each.blank,
                "width": each.width,
                "height": each.height,
                "rotation": each.rotation,
                "skew": each.skew,
                "confidence": each.confidence,
                "problems": each.problems if open_ else [],
            }
            | ({"seals": _seals(session, vault, item, each, masked=not unmasked)} if open_ and each.number == page else {})
            for each in repository.pages(session, item)
        ],
    }
    if why is not None:
        opening.use(session, why)
    _enter(session, asker, "item.show", item, why, masked=not unmasked)
    return shown


def summary(session: Session, vault: Vault, item: Item, why: Ground | None) -> dict[str, Any]:
    """The catalogue entry; its title is masked unless its personal data is open."""
    title = readings.title(session, vault, item)
    masked = why is None or not why.unmasked
    if title is not None and masked:
        title = masking.of(session, vault, item).text(title)
    return {
        "id": item.id,
        "reference_code": item.reference_code,
        "reference_code_draft": item.reference_code_draft,
        "title": title,
        "type": item.type,
        "confidence": item.type_confidence,
        "state": item.state,
        "batch_id": item.batch_id,
        "received_at": item.created_at.isoformat(),
        "pages": len(item.pages),
        "content_open": why is not None,
        "masked": masked,
        "on_loan": item.on_loan,
        "missing": item.missing,
        "fragile": item.fragile,
    }


def show_text(session: Session, vault: Vault, asker: Asker, item_id: str) -> dict[str, Any]:
    item, why = open_item(session, asker, item_id)
    read = readings.page_readings(session, vault, item)
    if not why.unmasked:
        read = map(masking.of(session, vault, item).page, read)
    pages = [page.to_json() for page in read]
    _enter(session, asker, "text.read", item, why, **_as(why))
    text = "\n\f".join(page["text"] for page in pages)
    return {"item_id": item.id, "text": text, "pages": pages}


def show_pdf(session: Session, vault: Vault, asker: Asker, item_id: str) -> Content:
    item, why = open_item(session, asker, item_id)
    blob = repository.rendition(session, item, RenditionKind.PDF)
    if blob is None:
        raise NotFound("The PDF of this item is not made yet, or none of its pages could be read. See its batch.")
    name = f"{item.reference_code or item.id}.pdf"
    key = vault.key(session, item.key_id)
    stamp = stamps.covering(session, vault, item, why, stamps.for_reader(session, asker.principal, why))
    _enter(session, asker, "pdf.read", item, why, **_as(why))
    return Content(blob, key, name, "pdf.read", item.id, why, stamp)


def show_picture(session: Session, vault: Vault, asker: Asker, item_id: str, page: int) -> Content:
    item, why = open_item(session, asker, item_id)
    blob = repository.rendition(session, item, RenditionKind.PAGE_PICTURE, page)
    if blob is None:
        raise NotFound("This page has no picture: it is not read yet, could not be read, or does not exist.")
    name = f"{item.reference_code or item.id}-{page}.jpg"
    key = vault.key(session, item.key_id)
    stamp = stamps.covering(session, vault, item, why, stamps.for_reader(session, asker.principal, why), page)
    _enter(session, asker, "page.read", item, why, page=page, **_as(why))
    return Content(blob, key, name, "page.read", item.id, why, stamp)


def _seals(session: Session, vault: Vault, item: Item, page: Page, *, masked: bool) -> list[dict[str, Any]]:
    if page.reading_sealed is None:
        return []
    read = readings.page_reading(session, vault, item, page)
    return [each.to_json() for each in (masking.of(session, vault, item).page(read) if masked else read).seals]


def _fields(session: Session, vault: Vault, item: Item, *, masked: bool) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for each in readings.field_values(session, vault, item):
        shown = (
            {"id": each.row.id} | each.reading.to_json() | {"verification": each.row.verification, "source": each.row.source}
        )
        if masked:
            shown |= {"value": mask_field(each.row.name, each.reading.value), "raw": None, "masked": True}
        found.setdefault(each.row.name, []).append(shown)
    return found


def _as(why: Ground) -> dict[str, Any]:
    """What the ledger says of masks on what was shown."""
    return {} if why.unmasked else {"masked": True}


def _enter(session: Session, asker: Asker, act: str, item: Item | None, why: Ground | None = None, **details: Any) -> None:
    journal.append(
        session,
        act,
        actor=asker.principal.person_id,
        item=item.id if item is not None else None,
        request=asker.request,
        **((why.details if why else {}) | details),
    )
