"""The parties that an item names (当事人), as its fields tell them. One that a person confirmed is left as it is."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.filing.cataloguing import parties
from services.kernel.blobs.keys import Vault
from services.kernel.readings import field_values
from services.kernel.tables import Item, Party

PARTY_CONTEXT = "parties.name"


def name_of(session: Session, vault: Vault, item: Item, party: Party) -> str:
    return vault.open_text(session, item.key_id, PARTY_CONTEXT, party.name_sealed)


def of_item(session: Session, item: Item) -> list[Party]:
    return list(session.scalars(select(Party).where(Party.item_id == item.id).order_by(Party.id)))


def refresh(session: Session, vault: Vault, item: Item) -> None:
    """Brings the parties in line with the fields: those that are no longer named go, new ones come, unless confirmed."""
    named = parties([each.reading for each in field_values(session, vault, item)])
    for party in of_item(session, item):
        here = (party.role, name_of(session, vault, item, party))
        if here in named:
            share = named.pop(here)
            if not party.confirmed:
                party.share = _percent(share)
        elif not party.confirmed:
            session.delete(party)
    for (role, name), share in named.items():
        sealed = vault.seal_text(session, item.key_id, PARTY_CONTEXT, name)
        session.add(Party(item_id=item.id, role=role, name_sealed=sealed, share=_percent(share)))
    session.flush()


def _percent(share: str | None) -> str | None:
    return f"{share}%" if share is not None else None
