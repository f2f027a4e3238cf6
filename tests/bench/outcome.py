"""How right Muniment's documents are: page by page turned, cut, named, and their fields, by damage.

A document of the truth is held against what Muniment itself made of those pages: where it cut or named wrongly, the fields
that it lost by that are lost here too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

from samples import DocumentTruth, Truth
from services.kernel.paper import FieldReading
from tests.bench.reading import Made

_HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff"
_SPACE = re.compile(f"(?<=[{_HAN}])[ \u3000\t]+(?=[{_HAN}])")


@dataclass
class Outcome:
    """Counts, each ``right`` of a ``_of``. ``edges``: pairs of neighbouring pages, cut or left together. ``whole``: documents
    with exactly their pages. ``sent``: found values that go to review; ``sure_wrong``: wrong ones that do not.
    ``spaces``: between Han where the paper has none, in the text and in what is copied out of the PDF."""

    turned: int = 0
    turned_of: int = 0
    edges: int = 0
    edges_of: int = 0
    whole: int = 0
    whole_of: int = 0
    types: int = 0
    types_of: int = 0
    fields: int = 0
    fields_of: int = 0
    sent: int = 0
    sure_wrong: int = 0
    found: int = 0
    spaces: int = 0
    copied_spaces: int = 0

    def __iadd__(self, other: Outcome) -> Outcome:
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))
        return self


def outcome(made: Made, truth: Truth, review_below: float) -> Outcome:
    """Of one file."""
    total = Outcome()
    for page in made.pages:
        wanted = truth.pages[page.number]
        total.turned_of += 1
        total.turned += page.rotation == wanted.rotation
        total.spaces += false_spaces(page.text, wanted.text)
        total.copied_spaces += false_spaces(made.copied.get(page.number, ""), wanted.text)
    _add_edges(total, made, truth)
    for document in truth.documents:
        _add_document(total, made, document, review_below)
    return total


def false_spaces(text: str, wanted: str) -> int:
    """How many spaces of ``text`` part two Han that stand together in what the paper says, and nowhere apart: between the cells
    of a row the paper, too, has a gap."""
    pairs = [text[space.start() - 1] + text[space.end()] for space in _SPACE.finditer(text)]
    return sum(pair in wanted and not re.search(rf"{pair[0]}\s+{pair[1]}", wanted) for pair in pairs)


def _add_edges(total: Outcome, made: Made, truth: Truth) -> None:
    wanted, found = ({min(document.pages) for document in each} for each in (truth.documents, made.documents))
    for number in sorted(truth.pages)[1:]:
        total.edges_of += 1
        total.edges += (number in wanted) == (number in found)


def _add_document(total: Outcome, made: Made, document: DocumentTruth, review_below: float) -> None:
    of_pages = [each for each in made.documents if set(each.pages) & set(document.pages)]
    total.whole_of += 1
    total.whole += any(each.pages == document.pages for each in of_pages)
    total.types_of += 1
    total.types += any(each.type == document.type and document.pages[0] in each.pages for each in of_pages)
    found = list(values_on(made, document.pages))
    right = {(name, value) for name, values in document.fields.items() for value in values}
    total.fields_of += len(right)
    total.fields += len(right & {(one.name, one.value) for one in found})
    total.found += len(found)
    total.sent += sum(one.confidence < review_below for one in found)
    total.sure_wrong += sum(one.confidence >= review_below and (one.name, one.value) not in right for one in found)


def values_on(made: Made, pages: Sequence[int]) -> Iterator[FieldReading]:
    """The values that were read on those pages."""
    for document in made.documents:
        for values in document.fields.values():
            yield from (one for one in values if one.page in pages)


def misses(made: Made, document: DocumentTruth) -> Iterator[str]:
    """What was not found, in words, for who looks into it."""
    found: dict[str, list[str]] = {}
    for one in values_on(made, document.pages):
        found.setdefault(one.name, []).append(one.value)
    for name, values in document.fields.items():
        for value in values:
            if value not in found.get(name, ()):
                yield f"{made.file} page {document.pages[0]} {document.type} {name}: {value!r}, read {found.get(name, [])}"
