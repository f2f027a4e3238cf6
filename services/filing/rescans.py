"""Likely rescans: pages that look alike are found through the hash index; forms look alike too, so an item is only reported
when it also shares an identifying number with the one it resembles.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from services.filing.similarity import NEAR, bands, distance, near
from services.kernel.blobs.keys import Vault
from services.kernel.dialects import take_turn
from services.kernel.paper import FieldReading
from services.kernel.readings import field_values
from services.kernel.tables import Item, Page, PageBand

IDENTIFYING = frozenset({"contract_number", "voucher_number", "filing_number", "id_number", "credit_code", "bank_account"})
MOST_CANDIDATES = 20


def note(session: Session, vault: Vault, item: Item, fields: Sequence[FieldReading]) -> None:
    """Enters the item's pages into the hash index and adds a problem for each item that it seems to repeat. One item at a
    time: two scans of one sheet that are catalogued at once would not see each other."""
    take_turn(session, "rescans")
    mine = _identity(fields)
    for other in _lookalikes(session, item):
        theirs = _identity([each.reading for each in field_values(session, vault, other, names=IDENTIFYING)])
        if mine & theirs:
            item.problems = [*item.problems, _problem(other)]
    session.add_all(
        PageBand(page_id=page.id, band=band, value=value)
        for page in item.pages
        if page.phash is not None and session.get(PageBand, (page.id, 0)) is None
        for band, value in bands(page.phash)
    )
    session.flush()


def _lookalikes(session: Session, item: Item) -> list[Item]:
    """Items with a page that looks like one of ours: the nearest, and of equally near ones the newest. Thousands may share
    a form; the true rescan is the nearest of them."""
    found: dict[str, int] = {}
    for page in item.pages:
        if page.phash is None:
            continue
        same_band = or_(*(and_(PageBand.band == band, PageBand.value == value) for band, value in bands(page.phash)))
        candidates = select(Page.item_id, Page.phash).join(PageBand, PageBand.page_id == Page.id).where(same_band).distinct()
        for other, phash in session.execute(candidates):
            if phash and other != item.id and near(phash, page.phash):
                found[other] = min(distance(phash, page.phash), found.get(other, NEAR))
    newest = sorted(found, reverse=True)
    chosen = sorted(newest, key=found.__getitem__)[:MOST_CANDIDATES]
    query = select(Item).where(Item.id.in_(chosen)).order_by(Item.id)
    return list(session.scalars(query))


def _identity(fields: Sequence[FieldReading]) -> set[tuple[str, str]]:
    return {(each.name, each.value) for each in fields if each.name in IDENTIFYING and each.check != "failed"}


def _problem(other: Item) -> dict[str, str]:
    message = f"This looks like a rescan of item {other.id}. Compare the two; keep both only if both are originals."
    return {"code": "near_duplicate", "message": message, "of": other.id}
