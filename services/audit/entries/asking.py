"""What may be asked, as every route of the room takes it, and the entry that says it was asked."""

from __future__ import annotations

import re
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any

from fastapi import Depends, Query
from sqlalchemy.orm import Session

from services.audit.entries.repository import Filters
from services.kernel.clock import OFFICE
from services.kernel.errors import InvalidInput
from services.kernel.http.paging import IDENTIFIER
from services.kernel.identity.rights import Principal
from services.kernel.ledger import journal

ACT = re.compile(r"[a-z_]{1,20}(\.[a-z_]{1,20})?")
Id = Annotated[str | None, Query(max_length=80)]
Moment = Annotated[str | None, Query(max_length=40, description="A day of the office (2026-03-02), or a time (ISO 8601).")]


def asked(
    actor: Id = None,
    person: Id = None,
    item: Id = None,
    party: Id = None,
    access: Id = None,
    grant: Id = None,
    act: Annotated[list[str] | None, Query(max_length=50)] = None,
    since: Annotated[Moment, Query(alias="from")] = None,
    until: Annotated[Moment, Query(alias="to")] = None,
) -> Filters:
    """Filters from the query. ``actor`` and ``person`` may be names, ``item`` a 档号. A day that ends the span is within it."""
    acts = tuple(each for each in act or () if each)
    if any(len(each) > 40 for each in acts):
        raise InvalidInput("An act has at most 40 characters, such as page.read.")
    given = {"actor": actor, "person": person, "item": item, "party": party, "access": access, "grant": grant}
    clean = {name: value.strip() or None for name, value in given.items() if value}
    return Filters(**clean, acts=acts, since=moment(since), until=moment(until, ends=True))


FiltersDep = Annotated[Filters, Depends(asked)]


def moment(text: str | None, *, ends: bool = False) -> str | None:
    """A day or time as the ledger writes times, in UTC."""
    if not text:
        return None
    try:
        if len(text) == len("2026-03-02"):
            day = date.fromisoformat(text) + timedelta(days=1 if ends else 0)
            found = datetime.combine(day, time(), OFFICE)
        else:
            found = datetime.fromisoformat(text)
            found = found if found.tzinfo else found.replace(tzinfo=OFFICE)
        return found.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError):
        raise InvalidInput("A time is a day such as 2026-03-02, or a time such as 2026-03-02T09:00.") from None


def note(session: Session, act: str, principal: Principal, request: str, filters: Filters, **details: Any) -> None:
    """Enters that an auditor asked, and for what; what is no id and no act may be anything that was typed, and is left out."""
    told: dict[str, Any] = {name: value for name, value in asdict(filters).items() if value}
    for name in ("actor", "person", "item", "party", "access", "grant"):
        if name in told and not IDENTIFIER.fullmatch(told[name]):
            told[name] = "?"
    if "acts" in told:
        told["acts"] = [each if ACT.fullmatch(each) else "?" for each in told["acts"]]
    if told:
        details["asked"] = told
    journal.append(session, act, actor=principal.person_id, request=request, **details)
