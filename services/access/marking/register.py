"""The register of marks: a number for each grant and each copy, and back to whom it was given."""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.access.marking.code import NUMBER_BITS
from services.access.marking.tables import Mark
from services.access.requests.tables import AccessRequest
from services.kernel.copies import TrackedCopy
from services.kernel.dialects import insert_once
from services.kernel.errors import NotFound
from services.kernel.grants.tables import Grant
from services.kernel.identity.tables import Person


def new_mark(session: Session, grant_id: str, copy_id: str | None = None) -> int:
    while True:
        number = secrets.randbits(NUMBER_BITS)
        if insert_once(session, Mark, number=number, grant_id=grant_id, copy_id=copy_id):
            return number


def mark_of(session: Session, grant_id: str, copy_id: str | None = None) -> int:
    """The grant's own number, or that of a copy made under it; given out now, if there is none yet."""
    number = session.scalar(select(Mark.number).where(Mark.grant_id == grant_id, Mark.copy_id.is_not_distinct_from(copy_id)))
    return new_mark(session, grant_id, copy_id) if number is None else number


def whose(session: Session, number: int) -> dict[str, Any]:
    """The grant, the request, the reader and the copy that a number stands for. Raises ``NotFound``."""
    mark = session.get(Mark, number)
    if mark is None:
        raise NotFound("The mark in this picture is none of this archive's, or the picture is too damaged to tell.")
    grant = session.get_one(Grant, mark.grant_id)
    reader = session.get_one(Person, grant.person_id)
    asked = session.get(AccessRequest, grant.request_id)
    copy = session.get(TrackedCopy, mark.copy_id) if mark.copy_id else None
    return {
        "grant_id": grant.id,
        "request_number": asked.number if asked else None,
        "reader": {"id": reader.id, "name": reader.name},
        "kind": grant.kind,
        "since": grant.since.isoformat(),
        "until": grant.until.isoformat(),
        "copy": {"id": copy.id, "number": copy.number, "item_id": copy.item_id} if copy else None,
    }
