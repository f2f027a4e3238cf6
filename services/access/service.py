"""Showing an item. Each function appends its ledger entry in the transaction that looks up what is shown; the caller commits
before the first byte goes out. No entry, no content.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from services.access import repository
from services.kernel import readings
from services.kernel.blobs.keys import Vault
from services.kernel.core import Kernel
from services.kernel.dialects import TO_SHOW
from services.kernel.errors import IntegrityError, NotFound
from services.kernel.identity.rights import Principal, Right, Scope, may
from services.kernel.ledger import journal
from services.kernel.model import RenditionKind
from services.kernel.policy.masks import NAME_FIELDS, is_address, mask_field, mask_identifiers, mask_values
from services.kernel.tables import Blob, Item


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, in which request."""

    principal: Principal
    request: str


@dataclass(frozen=True, slots=True)
class Content:
    """A stored object about to be shown; ``chunks`` proves it while it is read and raises ``IntegrityError``."""

    blob: Blob
    key: bytes
    file_name: str

    def chunks(self, kernel: Kernel) -> Iterator[bytes]:
        try:
            yield from kernel.objects.read(self.blob.name, self.key, sha256=self.blob.sha256)
        except NotFound as lost:  # the item is there, and its object should be
            raise IntegrityError(lost.detail) from None


def item_for(session: Session, asker: Asker, item_id: str, right: Right) -> Item:
    """The item, if this person may do this to it. Whether it exists for others is not told. Until the transaction ends nobody
    changes its state: what was destroyed is not shown after its destruction, by the ledger's order either."""
    item = session.get(Item, item_id, with_for_update=TO_SHOW)
    if item is None or not may(asker.principal, right, item):
        raise NotFound("There is no such item among those open to you. Search for it, or ask the archivist.")
    return item


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
    shown = [(row, summary(session, vault, principal, row)) for row in rows]
    _enter(session, asker, "items.list", None, count=len(rows))
    return shown


def show_item(session: Session, vault: Vault, asker: Asker, item_id: str) -> dict[str, Any]:
    """The catalogue entry with its fields, which are masked unless the content is open to this person."""
    item = item_for(session, asker, item_id, Right.SEARCH)
    open_ = may(asker.principal, Right.CONTENT, item)
    shown = summary(session, vault, asker.principal, item) | {
        "fields": _fields(session, vault, item, masked=not open_),
        "problems": item.problems if open_ else [],
        "page_list": [
            {
                "number": page.number,
                "state": page.state,
                "blank": page.blank,
                "width": page.width,
                "height": page.height,
                "rotation": page.rotation,
                "skew": page.skew,
                "confidence": page.confidence,
                "problems": page.problems if open_ else [],
            }
            for page in repository.pages(session, item)
        ],
    }
    _enter(session, asker, "item.show", item, masked=not open_)
    return shown


def summary(session: Session, vault: Vault, principal: Principal, item: Item) -> dict[str, Any]:
    title = readings.title(session, vault, item)
    if title is not None and not may(principal, Right.CONTENT, item):
        fields = [each.reading for each in readings.field_values(session, vault, item)]
        names = [each.value for each in fields if each.name in NAME_FIELDS]
        addresses = [each.value for each in fields if is_address(each.name, each.value)]
        title = mask_values(mask_identifiers(title), names, addresses)
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
        "content_open": may(principal, Right.CONTENT, item),
    }


def show_text(session: Session, vault: Vault, asker: Asker, item_id: str) -> dict[str, Any]:
    item = item_for(session, asker, item_id, Right.CONTENT)
    pages = [page.to_json() for page in readings.page_readings(session, vault, item)]
    _enter(session, asker, "text.read", item)
    text = "\n\f".join(page["text"] for page in pages)
    return {"item_id": item.id, "text": text, "pages": pages}


def show_pdf(session: Session, vault: Vault, asker: Asker, item_id: str) -> Content:
    item = item_for(session, asker, item_id, Right.CONTENT)
    blob = repository.rendition(session, item, RenditionKind.PDF)
    if blob is None:
        raise NotFound("The PDF of this item is not made yet, or none of its pages could be read. See its batch.")
    content = Content(blob, vault.key(session, item.key_id), f"{item.reference_code or item.id}.pdf")
    _enter(session, asker, "pdf.read", item)
    return content


def show_picture(session: Session, vault: Vault, asker: Asker, item_id: str, page: int) -> Content:
    item = item_for(session, asker, item_id, Right.CONTENT)
    blob = repository.rendition(session, item, RenditionKind.PAGE_PICTURE, page)
    if blob is None:
        raise NotFound("This page has no picture: it is not read yet, could not be read, or does not exist.")
    content = Content(blob, vault.key(session, item.key_id), f"{item.reference_code or item.id}-{page}.jpg")
    _enter(session, asker, "page.read", item, page=page)
    return content


def _fields(session: Session, vault: Vault, item: Item, *, masked: bool) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for each in readings.field_values(session, vault, item):
        shown = each.reading.to_json() | {"verification": each.row.verification, "source": each.row.source}
        if masked:
            shown |= {"value": mask_field(each.row.name, each.reading.value), "raw": None, "masked": True}
        found.setdefault(each.row.name, []).append(shown)
    return found


def _enter(session: Session, asker: Asker, act: str, item: Item | None, **details: Any) -> None:
    journal.append(
        session,
        act,
        actor=asker.principal.person_id,
        item=item.id if item is not None else None,
        request=asker.request,
        **details,
    )
