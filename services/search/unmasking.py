"""What masks cover in a hit, for whom the item is open: from the catalogue, never from the index.

Masks keep every place, so what a snippet covers stands at the same place of the page's text, and highlights and boxes stay as
they are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from services.kernel import readings
from services.kernel.blobs.keys import Vault
from services.kernel.errors import Forbidden, NotFound, Unavailable
from services.kernel.grants import opening
from services.kernel.grants.opening import Ground
from services.kernel.identity.rights import Principal
from services.kernel.tables import Item, Page
from services.search import tokens
from services.search.index.port import Hit, Snippet

Opened = dict[str, dict[str, Any]]
"""By the item's id: on what ground, and of which pages something was shown unmasked."""


def uncover(session: Session, vault: Vault, principal: Principal, hits: Sequence[Hit]) -> dict[str, Hit]:
    """The hits that are open to this person, by the item's id, without their masks; to be shown only as ``opened`` says. A hit
    is left out where its content is gone, or no key opens it now."""
    items = {item.id: item for item in session.scalars(select(Item).where(Item.id.in_([hit.item_id for hit in hits])))}
    found = opening.grounds(session, principal, list(items.values()))
    bare: dict[str, Hit] = {}
    for hit in hits:
        if hit.item_id in found and found[hit.item_id].unmasked:
            with suppress(NotFound, Unavailable):
                bare[hit.item_id] = _of(session, vault, items[hit.item_id], hit)
    return bare


def opened(session: Session, principal: Principal, hits: Sequence[Hit], bare: Mapping[str, Hit]) -> tuple[list[Hit], Opened]:
    """The hits as they may be shown now: those of ``bare`` whose ground stands, and keeps standing until this transaction ends;
    and what the ledger has to say of them."""
    query = select(Item).where(Item.id.in_(list(bare))).order_by(Item.id).with_for_update(read=True)
    found = opening.grounds(session, principal, session.scalars(query).all())
    ended = {ground for ground in _in_order(found.values()) if not _stands(session, ground)}
    open_ = {item_id: ground for item_id, ground in found.items() if ground.unmasked and ground not in ended}
    told = {
        item_id: ground.details | {"pages": sorted({snippet.page for snippet in bare[item_id].snippets})}
        for item_id, ground in open_.items()
    }
    return [bare[hit.item_id] if hit.item_id in open_ else hit for hit in hits], told


def _in_order(grounds: Iterable[Ground]) -> list[Ground]:
    """Each once; in one order, so that no two who hold several grants wait for each other."""
    return sorted(set(grounds), key=lambda ground: ground.grant_id or "")


def _stands(session: Session, ground: Ground) -> bool:
    try:
        opening.use(session, ground)
    except Forbidden:
        return False
    return True


def _of(session: Session, vault: Vault, item: Item, hit: Hit) -> Hit:
    texts = _texts(session, vault, item, {snippet.page for snippet in hit.snippets})
    title = readings.title(session, vault, item)
    snippets = tuple(_uncovered(snippet, texts) for snippet in hit.snippets)
    return replace(hit, title=title or hit.title, snippets=snippets, masked=False)


def _texts(session: Session, vault: Vault, item: Item, numbers: Collection[int]) -> dict[int, str]:
    here = select(Page).where(Page.item_id == item.id, Page.number.in_(numbers), Page.reading_sealed.is_not(None))
    pages = session.scalars(here.options(undefer(Page.reading_sealed)))
    found = (readings.page_reading(session, vault, item, page) for page in pages)
    return {reading.number: tokens.page_text(line.text for line in reading.lines) for reading in found}


def _uncovered(snippet: Snippet, texts: Mapping[int, str]) -> Snippet:
    """A page that was read anew since, and is not indexed yet, has other words at this place: the mask stays."""
    end = snippet.start + len(snippet.text)
    text = texts.get(snippet.page, "")[snippet.start : end].replace("\n", " ")
    same = len(text) == len(snippet.text) and all(mask in (sign, "*") for mask, sign in zip(snippet.text, text, strict=True))
    return replace(snippet, text=text) if same else snippet
