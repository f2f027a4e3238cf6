"""Titles as lists, forms and labels show them: whole for whom the content is open to, masked for all others."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from services.kernel import masking, readings
from services.kernel.blobs.keys import Vault
from services.kernel.grants.opening import unmasked
from services.kernel.identity.rights import Principal
from services.kernel.tables import Item


def shown(session: Session, vault: Vault, principal: Principal, items: Sequence[Item]) -> dict[str, str]:
    """The titles by item id."""
    open_ = unmasked(session, principal, items)
    return {item.id: title(session, vault, item, masked=item.id not in open_) for item in items}


def title(session: Session, vault: Vault, item: Item, *, masked: bool) -> str:
    whole = readings.title(session, vault, item) or ""
    if not masked:
        return whole
    return masking.of(session, vault, item).text(whole)
