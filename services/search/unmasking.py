"""What masks cover in a hit, for whom the item is open: from the catalogue, never from the index.

Masks keep every place, so what a snippet covers stands at the same place of the page's text, and highlights and boxes stay as
they are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
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


def unmask(session: Session, vault: Vault, principal: Principal, hits: Sequence[Hit]) -> tuple[list[Hit], Opened]:
    """The hits with what this person may see of them, and what the ledger has to say of those that are unmasked. A hit stays
    masked where its ground ended meanwhile, its content is gone, or no key opens it now."""
    query = select(Item).where(Item.id.in_([hit.item_id for hit in hits])).with_for_update(read=True)
    items = {item.id: item for item in session.scalars(query.order_by(Item.id))}
    found = opening.grounds(session, principal, list(items.values()))
    shown, opened = list[Hit](), Opened()
    for hit in hits:
        ground = found.get(hit.item_id)
        if ground is not None and ground.unmasked:
            try:
                hit = _of(session, vault, items[hit.item_id], ground, hit)
                pages = sorted({snippet.page for snippet in hit.snippets})
                opened[hit.item_id] = ground.details | {"pages": pages}
            except (Forbidden, NotFound, Unavailable):
                pass
        shown.append(hit)
    return shown, opened


def _of(session: Session, vault: Vault, item: Item, ground: Ground, hit: Hit) -> Hit:
    opening.use(session, ground)
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
