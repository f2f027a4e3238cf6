"""A rescan is a new reading; what people have confirmed on the old one is not asked of them again."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.kernel.blobs.keys import Vault
from services.kernel.readings import VALUE_CONTEXT, OpenField, field_values
from services.kernel.tables import FieldValue, Item

READ = "read"
KEPT = (
    *("name", "value_sealed", "raw_sealed", "page", "box", "confidence", "check", "repaired", "share", "source", "lookup"),
    *("verification", "verifier_id", "verified_at"),
)


def over(session: Session, vault: Vault, item: Item) -> None:
    """Carries what was confirmed at the revision before over to this one, where it stands instead of what was read anew."""
    if item.revision == 1 or _carried(session, item):
        return
    confirmed: defaultdict[str, list[OpenField]] = defaultdict(list)
    for each in field_values(session, vault, item, revision=item.revision - 1):
        if each.row.verification != READ:
            confirmed[each.row.name].append(each)
    read: defaultdict[str, list[OpenField]] = defaultdict(list)
    for each in field_values(session, vault, item):
        read[each.row.name].append(each)
    for name, values in confirmed.items():
        _stand_in(session, vault, item, [each.row for each in values], [each.row for each in read[name]])


def _carried(session: Session, item: Item) -> bool:
    here = select(FieldValue.id).where(FieldValue.item_id == item.id, FieldValue.revision == item.revision)
    return session.scalar(here.where(FieldValue.verification != READ).limit(1)) is not None


def _stand_in(session: Session, vault: Vault, item: Item, confirmed: list[FieldValue], read: list[FieldValue]) -> None:
    """Each value confirmed replaces one that was read; one read too many is struck out."""
    nothing = vault.seal_text(session, item.key_id, VALUE_CONTEXT, "")
    for place in range(max(len(confirmed), len(read))):
        old = confirmed[min(place, len(confirmed) - 1)]
        kept = {name: getattr(old, name) for name in KEPT}
        if place >= len(confirmed):
            kept |= {"value_sealed": nothing, "lookup": None}
        replaced = read[place].id if place < len(read) else None
        session.add(FieldValue(item_id=item.id, revision=item.revision, replaces=replaced, **kept))
    session.flush()
