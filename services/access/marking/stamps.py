"""What is burnt into what a person sees under a grant, as policy says."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.orm import Session

from services.access.marking import register
from services.access.marking.marker import Stamp
from services.access.requests.tables import AccessRequest
from services.kernel import masking, readings
from services.kernel.blobs.keys import Vault
from services.kernel.clock import OFFICE, now
from services.kernel.copies import TrackedCopy
from services.kernel.grants.opening import Ground
from services.kernel.grants.tables import Grant
from services.kernel.identity.rights import Principal
from services.kernel.identity.tables import Person
from services.kernel.policy import versions
from services.kernel.tables import Item


def for_reader(session: Session, reader: Principal, why: Ground) -> Stamp | None:
    """Name, time to the minute, number of the request; None for those who work on the item, which needs no mark."""
    return None if why.grant_id is None else _stamp(session, why.grant_id, reader.name, "")


def for_copy(session: Session, copy: TrackedCopy, grant_id: str) -> Stamp:
    """The same for a copy, with its holder's name and its own number."""
    holder = session.get_one(Person, copy.holder_id).name
    return _stamp(session, grant_id, holder, f"  复制件 {copy.number}", copy.id)


def covering(
    session: Session, vault: Vault, item: Item, why: Ground, stamp: Stamp | None, page: int | None = None
) -> Stamp | None:
    """The stamp with what is to be covered on each page, or on this one, where the ground opens no personal data."""
    if why.unmasked:
        return stamp
    masks = masking.of(session, vault, item)
    covers = tuple(
        tuple(masks.boxes(reading))
        for reading in readings.page_readings(session, vault, item)
        if page is None or reading.number == page
    )
    return replace(stamp or Stamp(None, None), covers=covers)


def _stamp(session: Session, grant_id: str, name: str, more: str, copy_id: str | None = None) -> Stamp:
    wanted = versions.current(session).policy.access.watermark
    asked = session.get(AccessRequest, session.get_one(Grant, grant_id).request_id)
    words = f"{name}  {now().astimezone(OFFICE):%Y-%m-%d %H:%M}  {asked.number if asked else grant_id[-8:]}{more}"
    number = register.mark_of(session, grant_id, copy_id) if wanted.invisible else None
    return Stamp(words if wanted.visible else None, number)
