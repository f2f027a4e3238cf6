"""A filing form as it is shown: titles are masked for whom the content is not open to."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.filing.forms.service import REASON_CONTEXT
from services.filing.forms.tables import FilingForm
from services.kernel import titles
from services.kernel.blobs.keys import Vault
from services.kernel.identity.duties import Duty, DutyDone
from services.kernel.identity.rights import Principal
from services.kernel.identity.tables import Person
from services.kernel.policy import versions
from services.kernel.tables import Item


def summary(session: Session, form: FilingForm) -> dict[str, Any]:
    return {
        "id": form.id,
        "number": form.number,
        "state": form.state,
        "items": len(form.lines),
        "submitted_by": form.submitted_by,
        "submitted_at": form.submitted_at.isoformat(),
        "decided_by": form.decided_by,
        "decided_at": form.decided_at.isoformat() if form.decided_at else None,
        "policy": form.policy,
    }


def whole(session: Session, vault: Vault, principal: Principal, form: FilingForm) -> dict[str, Any]:
    """With its lines and everyone who had a part in it."""
    items = [session.get_one(Item, line.item_id) for line in form.lines]
    named = titles.shown(session, vault, principal, items)
    policy = versions.at(session, form.policy)
    lines = [
        {
            "position": line.position,
            "item_id": line.item_id,
            "reference_code": line.reference_code,
            "title": named[line.item_id],
            "type": line.type,
            "type_title": policy.type_of(line.type).title,
            "period": policy.type_of(line.type).period,
            "pages": line.pages,
            "revision": line.revision,
            "state": item.state,
        }
        for line, item in zip(form.lines, items, strict=True)
    ]
    reason = vault.open_text(session, form.key_id, REASON_CONTEXT, form.reason_sealed) if form.reason_sealed else None
    people = {"submitted_by": [form.submitted_by], "decided_by": [form.decided_by] if form.decided_by else []}
    people |= {duty: _played(session, items, duty) for duty in (Duty.SCAN, Duty.CHECK, Duty.SIGN_OFF)}
    names = _names(session, {each for ids in people.values() for each in ids})
    told = {part: [{"id": each, "name": names[each]} for each in ids] for part, ids in people.items()}
    return summary(session, form) | {"digest": form.digest, "lines": lines, "reason": reason, "people": told}


def _played(session: Session, items: list[Item], duty: Duty) -> list[str]:
    query = select(DutyDone.person_id).where(
        DutyDone.kind == "item", DutyDone.subject_id.in_([item.id for item in items]), DutyDone.duty == duty
    )
    return sorted(set(session.scalars(query)))


def _names(session: Session, people: set[str]) -> dict[str, str]:
    rows = session.execute(select(Person.id, Person.name).where(Person.id.in_(people)))
    return {row.id: row.name for row in rows}
