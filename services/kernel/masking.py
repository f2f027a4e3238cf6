"""Masks over whatever is shown of an item: its title, the text of its pages, and the places on their pictures. What they cover
are the identifiers that stand there, and the names and addresses that the item's fields name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from services.kernel import readings
from services.kernel.blobs.keys import Vault
from services.kernel.boxes import part_of_box
from services.kernel.paper import Box, FieldReading, PageReading
from services.kernel.policy.identifiers import find_identifiers, fold_width
from services.kernel.policy.lookup import LOOKUP_FIELDS, Kind
from services.kernel.policy.masks import NAME_FIELDS, hidden, is_address, mask_identifiers, masked, personal
from services.kernel.tables import Item


@dataclass(frozen=True, slots=True)
class Masks:
    """What is personal in an item: ``known`` identifiers, and ``kept`` names and addresses as ``masks.personal`` gives them."""

    known: tuple[tuple[Kind, str], ...]
    kept: Mapping[str, int]
    fields: tuple[FieldReading, ...]

    def text(self, text: str) -> str:
        """The text with masks, sign for sign."""
        return masked(mask_identifiers(text, self.known), self.kept)

    def page(self, page: PageReading) -> PageReading:
        """The page as it is shown masked. Masks are found on the whole page: a label may stand on the line above."""
        lines = self.text(page.text).split("\n")
        seals = tuple(replace(seal, text=self.text(seal.text)) for seal in page.seals)
        masked_lines = tuple(replace(line, text=text) for line, text in zip(page.lines, lines, strict=True))
        return replace(page, lines=masked_lines, seals=seals)

    def boxes(self, page: PageReading) -> list[Box]:
        """The places to be covered on the page's picture: personal values whole, wherever they are read; and the line of a
        field whose value is not written there as it stands in the catalogue."""
        text = page.text
        spans = [(found.start, found.end) for found in find_identifiers(text, self.known)]
        spans += hidden(text, dict.fromkeys(self.kept, 0))
        written = _signs(text)
        places = [each.box for each in self.fields if each.page == page.number and _signs(each.value) not in written]
        begin = 0
        for line in page.lines:
            for start, end in spans:
                first, last = max(start - begin, 0), min(end - begin, len(line.text))
                if first < last:
                    places.append(part_of_box(line.text, line.box, first, last, line.places))
            begin += len(line.text) + 1
        return places


def _signs(text: str) -> str:
    return "".join(filter(str.isalnum, fold_width(text))).lower()


def of(session: Session, vault: Vault, item: Item) -> Masks:
    """The masks of an item of the catalogue."""
    return masks_of(each.reading for each in readings.field_values(session, vault, item))


def masks_of(fields: Iterable[FieldReading]) -> Masks:
    """The masks of an item with these fields."""
    held = list(fields)
    known = tuple((kind, each.value) for each in held for kind in LOOKUP_FIELDS if each.name == kind)
    names = [each.value for each in held if each.name in NAME_FIELDS]
    addresses = [each.value for each in held if is_address(each.name, each.value)]
    ours = [each for each in held if each.name in (*LOOKUP_FIELDS, *NAME_FIELDS) or is_address(each.name, each.value)]
    return Masks(known, personal(names, addresses), tuple(ours))
