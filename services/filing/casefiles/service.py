"""Opening customers' files and putting items into them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.filing import numbering
from services.kernel import holds
from services.kernel.blobs.keys import Vault
from services.kernel.casefiles import CaseFile, CaseFileItem
from services.kernel.clock import OFFICE, now
from services.kernel.dialects import TO_CHANGE, insert_once
from services.kernel.errors import Conflict, InvalidInput, NotFound
from services.kernel.identity.rights import Principal, Scope
from services.kernel.items import changed
from services.kernel.ledger import journal
from services.kernel.model import ItemState
from services.kernel.policy import versions
from services.kernel.tables import Item

TITLE_CONTEXT = "case_files.title"


def open_file(
    session: Session,
    vault: Vault,
    actor: Principal,
    title: str,
    business_type: str,
    customer_type: str | None,
    *,
    request: str | None,
) -> CaseFile:
    """A new file. Raises ``InvalidInput`` for a kind of business or customer that policy does not know."""
    taxonomy = versions.current(session).policy.taxonomy
    require_known("business type", business_type, taxonomy.business_types)
    if customer_type is not None:
        require_known("customer type", customer_type, taxonomy.customer_types)
    key = vault.new_key(session)
    file = CaseFile(
        number=numbering.numbered(session, f"AJ-{now().astimezone(OFFICE).year}"),
        key_id=key.id,
        title_sealed=vault.seal_text(session, key.id, TITLE_CONTEXT, title),
        business_type=business_type,
        customer_type=customer_type,
        department=actor.department,
        opened_by=actor.person_id,
    )
    session.add(file)
    session.flush()
    journal.append(session, "file.open", actor=actor.person_id, request=request, file=file.id, number=file.number)
    return file


def file_for(session: Session, actor: Principal, file_id: str, *, to_change: bool = False) -> CaseFile:
    """A file that this person opened, or any for whom all are open. Raises ``NotFound``."""
    file = session.get(CaseFile, file_id, with_for_update=TO_CHANGE if to_change else None)
    if file is None or not (actor.scope is Scope.ALL or file.opened_by == actor.person_id):
        raise NotFound("There is no such customer's file among those that you may know of. List the files to find it.")
    return file


def files(session: Session, actor: Principal, *, item_id: str | None, after: str | None, limit: int) -> list[CaseFile]:
    """Newest first; those that an item lies in, or all."""
    query = select(CaseFile).order_by(CaseFile.id.desc()).limit(limit)
    if actor.scope is not Scope.ALL:
        query = query.where(CaseFile.opened_by == actor.person_id)
    if item_id is not None:
        query = query.join(CaseFileItem, CaseFileItem.file_id == CaseFile.id).where(CaseFileItem.item_id == item_id)
    return list(session.scalars(query if after is None else query.where(CaseFile.id < after)))


def put(session: Session, actor: Principal, file: CaseFile, items: Sequence[Item], *, request: str | None) -> None:
    """Puts items into the file; those that lie in it already stay. What has no kind of business gets the file's, and so does
    the customer's type."""
    added = []
    for item in items:
        if item.state in (ItemState.DESTROYING, ItemState.DESTROYED, ItemState.TRANSFERRED):
            raise Conflict(f"Item {item.id} is {item.state}; it can be put into no file any more.")
        values = {"file_id": file.id, "item_id": item.id, "by_id": actor.person_id, "at": now()}
        if insert_once(session, CaseFileItem, **values):
            added.append(item.id)
            holds.inherit(session, "file", file.id, item)
        before = (item.business_type, item.customer_type)
        item.business_type = item.business_type or file.business_type
        item.customer_type = item.customer_type or file.customer_type
        if before != (item.business_type, item.customer_type):
            changed(session, item)
    for each in added:
        journal.append(session, "file.add", actor=actor.person_id, item=each, request=request, file=file.id)


def take_out(session: Session, actor: Principal, file: CaseFile, item: Item, *, request: str | None) -> None:
    """Takes an item out that was put in by mistake, before it is signed off."""
    row = session.get(CaseFileItem, (file.id, item.id))
    if row is None:
        raise NotFound("This item does not lie in this file.")
    if item.state == ItemState.PENDING_SIGNOFF or not item.reference_code_draft:
        raise Conflict("What is on a filing form, or was signed off, stays in its file. Have the form returned first.")
    session.delete(row)
    session.flush()
    journal.append(session, "file.remove", actor=actor.person_id, item=item.id, request=request, file=file.id)


def require_known(what: str, code: str, known: dict[str, str]) -> None:
    if code not in known:
        raise InvalidInput(f"Policy knows no {what} of this name. Choose one of: {', '.join(known)}.")
