"""A page was not good enough: the item is scanned again (重扫). It keeps its 档号, its holds and its clock; the new scan is
a new revision, and the old one is superseded, not lost."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.ingest import repository
from services.ingest.facts import PageFacts
from services.ingest.service import Receipt, Reception
from services.kernel.blobs.orphans import enter
from services.kernel.blobs.sealed import Stored
from services.kernel.core import Kernel
from services.kernel.dialects import TO_CHANGE
from services.kernel.errors import Conflict, NotFound
from services.kernel.identity import duties
from services.kernel.identity.duties import Duty
from services.kernel.identity.rights import Principal, may_know
from services.kernel.items import subject
from services.kernel.ledger import journal
from services.kernel.model import ItemState
from services.kernel.queue import jobs
from services.kernel.queue.stages import Stage
from services.kernel.tables import File, Item, Page, PageBand, Rescan

SCANNED_AGAIN = (ItemState.QC_FAILED, ItemState.CATALOGUED, ItemState.ARCHIVED)


def item_to_rescan(session: Session, principal: Principal, item_id: str, *, to_change: bool = False) -> Item:
    """Raises ``NotFound`` for an item that this person may not know of, ``Conflict`` where it is not to be scanned again."""
    item = session.get(Item, item_id, with_for_update=TO_CHANGE if to_change else None)
    if item is None or not may_know(principal, item):
        raise NotFound("There is no such item among those that you may know of. Search for it, or ask the archivist.")
    if item.state not in SCANNED_AGAIN:
        raise Conflict(f"An item in state {item.state} is not scanned again; one in {', '.join(SCANNED_AGAIN)} is.")
    return item


class RescanReception(Reception):
    """One file on its way into an item that is there already."""

    def __init__(
        self,
        kernel: Kernel,
        principal: Principal,
        item_id: str,
        reason: str,
        name: str,
        *,
        request: str | None = None,
        idempotency_key: str | None = None,
    ) -> None:
        with kernel.database.read() as session:
            batch_id = item_to_rescan(session, principal, item_id).batch_id
        super().__init__(kernel, principal, batch_id, name, request=request, idempotency_key=idempotency_key)
        self._item_id, self._reason = item_id, reason
        self._route = f"rescans/{item_id}"

    def _enter(self, session: Session, stored: Stored) -> Receipt:
        item = item_to_rescan(session, self._principal, self._item_id, to_change=True)
        if repository.same_content(session, stored.sha256) is not None:
            raise Conflict("The archive has this very file already. Scan the paper again and send what comes of it.")
        duties.assume(session, self._principal, Duty.SCAN, subject(session, item))
        receipt = super()._enter(session, stored)
        journal.append(
            session,
            "item.rescan",
            actor=self._principal.person_id,
            item=item.id,
            request=self._request,
            file=receipt.id,
            reason=self._reason,
        )
        return receipt

    def _keep(self, session: Session, file: File, stored: Stored) -> None:
        file.master_id = enter(session, stored, file.key_id, "application/octet-stream").id
        payload = {"file": file.id, "rescan_of": self._item_id, "by": self._principal.person_id, "reason": self._reason}
        jobs.enqueue(session, Stage.INSPECT, file.id, payload, batch=self._batch_id)


def renew(session: Session, item: Item, file: File, pages: list[PageFacts], *, by: str, reason: str) -> list[Page]:
    """Puts the new scan in the place of the old: a new revision whose pages wait to be read. Returns them."""
    item.revision += 1
    session.add(
        Rescan(
            item_id=item.id,
            revision=item.revision,
            old_file_id=item.file_id,
            new_file_id=file.id,
            by_id=by,
            reason=reason,
        )
    )
    item.file_id = file.id
    _forget(session, item)
    rows = [repository.add_page(session, item, number, facts) for number, facts in enumerate(pages, 1)]
    session.flush()
    return rows


def _forget(session: Session, item: Item) -> None:
    """The old pages go from the catalogue; their pictures and the PDF with their text stay as renditions of their revision."""
    rows = session.scalars(select(Page).where(Page.item_id == item.id)).all()
    for band in session.scalars(select(PageBand).where(PageBand.page_id.in_([row.id for row in rows]))):
        session.delete(band)
    session.flush()
    for row in rows:
        session.delete(row)
    session.flush()
