"""Making copies under a grant, taking them to hand, and ending them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.access import repository
from services.access.incidents import service as incidents
from services.access.marking import register, stamps
from services.access.requests.tables import AccessRequest
from services.access.service import Asker, Content
from services.kernel.blobs.keys import Vault
from services.kernel.clock import now
from services.kernel.copies import CopyState, TrackedCopy
from services.kernel.dialects import TO_CHANGE, TO_SHOW
from services.kernel.errors import Conflict, NotFound
from services.kernel.grants import opening
from services.kernel.grants.opening import Ground
from services.kernel.grants.tables import Grant
from services.kernel.identity.rights import Principal, Right
from services.kernel.identity.tables import Person
from services.kernel.ledger import journal
from services.kernel.model import RenditionKind
from services.kernel.tables import Item

PURPOSE_CONTEXT = "tracked_copies.purpose"
REQUEST_PURPOSE = "access_requests.purpose"


def make(
    session: Session, vault: Vault, actor: Principal, grant_id: str, item_id: str, form: str, *, request: str | None
) -> TrackedCopy:
    """Enters one copy for the grant's person. Raises ``Conflict`` when the grant allows no more of this item."""
    item = session.get(Item, item_id, with_for_update=TO_CHANGE)
    why = opening.copying(session, actor, item, grant_id) if item is not None else None
    if item is None or why is None:
        raise NotFound("There is no live grant to copy this item. List the grants to find it.")
    opening.use(session, why)
    grant = session.get_one(Grant, grant_id)
    made = select(func.count()).where(TrackedCopy.item_id == item.id, TrackedCopy.ground == grant.id)
    if (session.scalar(made) or 0) >= grant.copies:
        raise Conflict(
            f"This grant allows {grant.copies} copies of each item, and they are made. Ask for more in a new request."
        )
    last = session.scalar(select(func.max(TrackedCopy.number)).where(TrackedCopy.item_id == item.id)) or 0
    copy = TrackedCopy(
        item_id=item.id,
        number=last + 1,
        form=form,
        holder_id=grant.person_id,
        made_by=actor.person_id,
        ground=grant.id,
        purpose_sealed=vault.seal_text(session, item.key_id, PURPOSE_CONTEXT, _purpose(session, vault, grant)),
    )
    session.add(copy)
    session.flush()
    register.new_mark(session, grant.id, copy.id)
    told: dict[str, Any] = {
        "copy": copy.id,
        "number": copy.number,
        "form": form,
        "grant": grant.id,
        "to": copy.holder_id,
        "policy": grant.policy,
    }
    journal.append(session, "copy.make", actor=actor.person_id, item=item.id, request=request, **told)
    return copy


def content(session: Session, vault: Vault, asker: Asker, copy_id: str) -> Content:
    """The marked PDF of a copy, for its holder or whoever makes it, while the grant lives and the copy is out."""
    copy = session.get(TrackedCopy, copy_id)
    item = session.get(Item, copy.item_id, with_for_update=TO_SHOW) if copy is not None else None
    why = _ground(session, asker.principal, copy, item) if copy is not None and item is not None else None
    if copy is None or item is None or why is None or why.grant_id is None:
        raise NotFound("There is no such copy to be had. A copy is taken while its grant lives, by its holder or its maker.")
    opening.use(session, why)
    blob = repository.rendition(session, item, RenditionKind.PDF)
    if blob is None:
        raise NotFound("The PDF of this item is not made yet, or none of its pages could be read. See its batch.")
    key = vault.key(session, item.key_id)
    stamp = stamps.covering(session, vault, item, why, stamps.for_copy(session, copy, why.grant_id))
    told: dict[str, Any] = {"copy": copy.id} | why.details
    journal.append(session, "copy.read", actor=asker.principal.person_id, item=item.id, request=asker.request, **told)
    name = f"{item.reference_code or item.id}-{copy.number}.pdf"
    return Content(blob, key, name, "copy.read", item.id, why, stamp)


def end(
    session: Session, vault: Vault, actor: Principal, copy: TrackedCopy, state: CopyState, text: str, *, request: str | None
) -> None:
    """A copy came back, was destroyed, or is lost; the last is an incident."""
    if copy.state != CopyState.OUT:
        raise Conflict(f"This copy is {copy.state} already.")
    item = session.get_one(Item, copy.item_id, with_for_update=TO_CHANGE)
    copy.state, copy.ended_at, copy.ended_by = state, now(), actor.person_id
    incident = None
    if state is CopyState.LOST:
        incident = incidents.report(session, vault, actor, item, incidents.LOSS, text or "copy", copy_id=copy.id)
    told: dict[str, Any] = {"copy": copy.id, "state": state}
    journal.append(session, "copy.end", actor=actor.person_id, item=item.id, request=request, **told)
    if incident is not None:
        incidents.enter(session, actor, incident, request=request)


def copies(
    session: Session, *, holder_id: str | None, item_id: str | None, state: str | None, after: str | None, limit: int | None
) -> list[TrackedCopy]:
    """Newest first."""
    query = select(TrackedCopy).order_by(TrackedCopy.id.desc()).limit(limit)
    for column, value in ((TrackedCopy.holder_id, holder_id), (TrackedCopy.item_id, item_id), (TrackedCopy.state, state)):
        if value is not None:
            query = query.where(column == value)
    return list(session.scalars(query if after is None else query.where(TrackedCopy.id < after)))


def shown(session: Session, vault: Vault, copy: TrackedCopy) -> dict[str, Any]:
    item = session.get_one(Item, copy.item_id)
    sealed = copy.purpose_sealed
    grant = session.get(Grant, copy.ground)
    asked = session.get(AccessRequest, grant.request_id) if grant is not None else None
    return {
        "id": copy.id,
        "item_id": item.id,
        "reference_code": item.reference_code,
        "type": item.type,
        "number": copy.number,
        "form": copy.form,
        "holder": {"id": copy.holder_id, "name": session.get_one(Person, copy.holder_id).name},
        "made_by": {"id": copy.made_by, "name": session.get_one(Person, copy.made_by).name},
        "made_at": copy.made_at.isoformat(),
        "ground": copy.ground,
        "request_number": asked.number if asked else None,
        "purpose": vault.open_text(session, item.key_id, PURPOSE_CONTEXT, sealed) if sealed and _has_key(item) else None,
        "state": copy.state,
        "ended_at": copy.ended_at.isoformat() if copy.ended_at else None,
    }


def _has_key(item: Item) -> bool:
    return item.state not in opening.CLOSED


def _ground(session: Session, principal: Principal, copy: TrackedCopy, item: Item) -> Ground | None:
    if copy.state != CopyState.OUT:
        return None
    if copy.made_by == principal.person_id and principal.may(Right.LEND):
        return opening.copying(session, principal, item, copy.ground)
    found = opening.ground(session, principal, item) if copy.holder_id == principal.person_id else None
    return found if found is not None and found.grant_id == copy.ground else None


def _purpose(session: Session, vault: Vault, grant: Grant) -> str:
    asked = session.get_one(AccessRequest, grant.request_id)
    return vault.open_text(session, asked.key_id, REQUEST_PURPOSE, asked.purpose_sealed)
