"""Consultation (咨询, behaviour 14): what the catalogue says, without any content. Each answer is on the ledger."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.access.requests.matter import items_of
from services.access.requests.tables import AccessRequest
from services.access.service import Asker, summary
from services.kernel.blobs.keys import Vault
from services.kernel.clock import now
from services.kernel.errors import Conflict, Forbidden
from services.kernel.grants.tables import Grant
from services.kernel.identity.rights import may_know
from services.kernel.ledger import journal


def answer(session: Session, vault: Vault, asker: Asker, asked: AccessRequest) -> dict[str, Any]:
    """The masked entries of the items, and where their paper is. Raises ``Conflict`` where no consultation was granted."""
    if asked.person_id != asker.principal.person_id:
        raise Forbidden("A consultation is answered to whoever asked for it.")
    query = select(Grant).where(
        Grant.request_id == asked.id, Grant.kind == "consult", Grant.revoked_at.is_(None), Grant.until > now()
    )
    grant = session.scalar(query)
    if grant is None:
        raise Conflict("No consultation is granted here, or no longer. Ask for one of the kind “consult”.")
    items = [item for item in items_of(session, asked) if may_know(asker.principal, item)]
    entries = [summary(session, vault, item, None) | {"department": item.department} for item in items]
    grant.first_used_at = grant.first_used_at or now()
    journal.append(
        session,
        "consult.answer",
        actor=asker.principal.person_id,
        request=asker.request,
        grant=grant.id,
        items=[item.id for item in items],
        policy=grant.policy,
    )
    return {"request_id": asked.id, "items": entries}
