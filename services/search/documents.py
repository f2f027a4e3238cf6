"""From the catalogue to the index: what of an item may be found, with identifiers masked and their digests beside."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.kernel import readings
from services.kernel.blobs.keys import Vault
from services.kernel.errors import InvalidInput
from services.kernel.ledger import journal
from services.kernel.paper import FIELD_NAMES, FieldReading, PageReading
from services.kernel.policy.identifiers import find_identifiers
from services.kernel.policy.lookup import LOOKUP_FIELDS, Kind, LookupKeys
from services.kernel.policy.lookup_ring import LookupRing
from services.kernel.policy.masks import NAME_FIELDS, is_address, mask_identifiers
from services.kernel.removal.inventory import LEAVING
from services.kernel.tables import Item
from services.search import tokens
from services.search.fields import cents
from services.search.index.port import IndexDocument, IndexPage

Known = list[tuple[Kind, str]]
DATE_FIELDS = ("signed_on", "paid_on", "valid_from", "valid_until")


def index_document(session: Session, vault: Vault, lookups: LookupRing, item: Item) -> IndexDocument:
    """The item as the index knows it. No identifier is in it in plain.

    Its moment is the ledger's length: whoever changes an item appends to the ledger in the same transaction, and the ledger's
    head makes one line of all transactions. So what was read at a greater length holds all that was read at a smaller one.
    """
    pages = list(readings.page_readings(session, vault, item))
    fields = [each.reading for each in readings.field_values(session, vault, item)]
    known: Known = [(kind, each.value) for each in fields for kind in LOOKUP_FIELDS if each.name == kind]
    return IndexDocument(
        item_id=item.id,
        owner_id=item.owner_id,
        department=item.department or "",
        reference_code=item.reference_code or "",
        type=item.type or "other",
        title=mask_identifiers(readings.title(session, vault, item) or ""),
        state=item.state,
        received_at=item.created_at,
        customer_type=item.customer_type or "",
        business_type=item.business_type or "",
        dates=tuple(_dates(fields)),
        amounts=tuple(_amounts(fields)),
        pages=tuple(_page(page, known) for page in pages),
        names=tuple(_values(fields, NAME_FIELDS)),
        addresses=tuple(dict.fromkeys(each.value for each in fields if is_address(each.name, each.value))),
        fields=_searchable(fields),
        lookups=_digests(pages, fields, known, lookups.live(session)[0]),
        as_of=journal.length(session),
    )


def indexed_items(session: Session) -> Iterator[Item]:
    """Every item that belongs into the index, in order, a few in memory at a time."""
    last = ""
    while True:
        query = select(Item).where(Item.id > last, Item.read_at.is_not(None), Item.state.not_in(LEAVING))
        rows = session.scalars(query.order_by(Item.id).limit(50)).all()
        if not rows:
            return
        yield from rows
        last = rows[-1].id
        session.expunge_all()


def _page(page: PageReading, known: Known) -> IndexPage:
    """Masks are found on the whole page, for a label may stand on the line above its number; they keep every place in it."""
    text = tokens.page_text(line.text for line in page.lines)
    masked = mask_identifiers(text, known).split("\n") if page.lines else []
    places = {number: line.places for number, line in enumerate(page.lines) if line.places is not None}
    return IndexPage(page.number, tuple((text, line.box) for text, line in zip(masked, page.lines, strict=True)), places)


def _values(fields: Sequence[FieldReading], names: Iterable[str]) -> list[str]:
    wanted = set(names)
    return list(dict.fromkeys(each.value for each in fields if each.name in wanted))


def _searchable(fields: Sequence[FieldReading]) -> dict[str, list[str]]:
    """Values by name; identifiers are left out, and the index masks what still hides in free text. What only policy knows as a
    field, such as somebody's wishes, is not searched for."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for each in fields:
        if each.name in FIELD_NAMES and each.name not in LOOKUP_FIELDS and each.value not in found[each.name]:
            found[each.name].append(each.value)
    return {name: values for name, values in found.items() if values}


def _digests(
    pages: Sequence[PageReading], fields: Sequence[FieldReading], known: Known, lookups: LookupKeys
) -> dict[str, list[str]]:
    """Digests of the identifiers among the fields and in the running text."""
    found: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for each in fields:
        if each.name in LOOKUP_FIELDS:
            found[each.name][lookups.digest(each.name, each.value)] = None
    for page in pages:
        for identifier in find_identifiers(page.text, known):
            found[identifier.kind][lookups.digest(identifier.kind, identifier.normalised)] = None
    return {name: list(digests) for name, digests in found.items()}


def _dates(fields: Sequence[FieldReading]) -> list[date]:
    found = []
    for value in _values(fields, DATE_FIELDS):
        with suppress(ValueError):  # “long-term” is a lawful end of validity
            found.append(date.fromisoformat(value))
    return found


def _amounts(fields: Sequence[FieldReading]) -> list[int]:
    found = []
    for value in _values(fields, {"amount"}):
        with suppress(InvalidInput):
            found.append(cents(value))
    return found
