"""A referee for every index: the query language by brute force over plain text, written apart from the code it judges."""

import re
import unicodedata
from collections import Counter
from zoneinfo import ZoneInfo

from services.kernel.policy.masks import mask_identifiers
from services.search.index.port import FACETS, Filters, IndexDocument, Scope, Search
from services.search.query import And, Everything, Field, Keyword, Lookup, Not, Or, Term

MONEY = ("amount", "unit_price")
IDENTIFIERS = ("id_number", "phone", "bank_account")
HAN_NAMES = (
    "CJK UNIFIED",
    "CJK COMPATIBILITY IDEOGRAPH",
    "HIRAGANA",
    "KATAKANA",
    "IDEOGRAPHIC NUMBER ZERO",
    "IDEOGRAPHIC ITERATION",
)


def plain(text: str) -> str:
    """The text as it is compared: no width, no case, one space between runs, none between Han characters."""
    text = "".join(
        c
        for c in unicodedata.normalize("NFKC", text.replace("○", "〇")).casefold()
        if unicodedata.category(c)[0] not in "MC" or c.isspace()
    )
    text = re.sub(r"(?<![a-z0-9])\d{1,3}(,\d{3})+(?![a-z0-9]|,\d)", lambda match: match[0].replace(",", ""), text)
    out: list[str] = []
    last, gap = "", ""
    for char in text:
        kind = "han" if unicodedata.name(char, "").startswith(HAN_NAMES) else "word" if char.isalnum() else ""
        if not kind:
            gap += char
            continue
        joined = kind == last and (not gap or (kind == "han" and gap.isspace()))
        out.append(char if joined or not last else " " + char)
        last, gap = kind, ""
    return "".join(out)


class Referee:
    """Answers searches over ``documents`` by looking at every one."""

    def __init__(self, documents: list[IndexDocument]) -> None:
        self._texts = {document.item_id: texts_of(document) for document in documents}
        self._documents = documents

    def answer(self, search: Search) -> tuple[list[tuple[str, float]], dict[str, dict[str, int]]]:
        """All matches in their order, with their scores, and the facets."""
        found = [
            (document, self._score(search, document))
            for document in self._documents
            if visible(search.scope, document) and passes(search.filters, document) and self.matches(search.query, document)
        ]
        found.sort(key=lambda pair: pair[0].item_id)
        if search.sort == "oldest":
            found.sort(key=lambda pair: pair[0].received_at)
        else:
            found.sort(key=lambda pair: (-pair[1], -pair[0].received_at.timestamp()))
        facets = {name: dict(Counter(value for document, _ in found if (value := facet(document, name)))) for name in FACETS}
        return [(document.item_id, score) for document, score in found], facets

    def matches(self, node, document: IndexDocument) -> bool:
        match node:
            case Everything():
                return True
            case And(parts):
                return all(self.matches(part, document) for part in parts)
            case Or(parts):
                return any(self.matches(part, document) for part in parts)
            case Not(part):
                return not self.matches(part, document)
            case Term(text):
                return any(plain(text) in held for values in self._texts[document.item_id].values() for held in values)
            case Field(names, text):
                return any(plain(text) in held for name in names for held in self._texts[document.item_id].get(name, ()))
            case Lookup(name, digest):
                return digest in document.lookups.get(name, ())
            case Keyword(name, value) if name in MONEY:
                return value in {str(round(float(held) * 100)) for held in document.fields.get(name, ())}
            case Keyword(name, value):
                return plain(value) == plain(getattr(document, name))
        raise AssertionError(node)

    def _score(self, search: Search, document: IndexDocument) -> float:
        if search.sort != "score":
            return 0.0
        texts = self._texts[document.item_id]
        named = [held for name, values in texts.items() if name != "text" for held in values]
        words = list(dict.fromkeys(leaf.text for leaf in positive(search.query)))[:8]
        return float(sum(any(plain(word) in held for held in named) for word in words))


def positive(node):
    match node:
        case And(parts) | Or(parts):
            return [leaf for part in parts for leaf in positive(part)]
        case Term():
            return [node]
    return []


def visible(scope: Scope, document: IndexDocument) -> bool:
    return (
        scope.everything
        or document.owner_id in scope.owners
        or document.department in scope.departments
        or document.item_id in scope.items
    )


def passes(filters: Filters, document: IndexDocument) -> bool:
    days = document.dates or (document.received_at.astimezone(ZoneInfo("Asia/Shanghai")).date(),)
    return (
        (not filters.types or document.type in filters.types)
        and (not filters.states or document.state in filters.states)
        and (not filters.departments or document.department in filters.departments)
        and (not filters.customer_types or document.customer_type in filters.customer_types)
        and (not filters.business_types or document.business_type in filters.business_types)
        and (
            (filters.date_from is None and filters.date_to is None)
            or any(between(day, filters.date_from, filters.date_to) for day in days)
        )
        and (
            (filters.amount_min is None and filters.amount_max is None)
            or any(between(amount, filters.amount_min, filters.amount_max) for amount in document.amounts)
        )
    )


def between(value, least, most) -> bool:
    return (least is None or least <= value) and (most is None or value <= most)


def facet(document: IndexDocument, name: str) -> str:
    return str(document.received_at.astimezone(ZoneInfo("Asia/Shanghai")).year) if name == "year" else getattr(document, name)


def texts_of(document: IndexDocument) -> dict[str, list[str]]:
    texts = {
        "text": [plain(mask_identifiers("\n".join(line for line, _ in page.lines))) for page in document.pages],
        "title": [plain(document.title)],
        "reference_code": [plain(document.reference_code)],
    }
    for name, values in document.fields.items():
        if name not in (*MONEY, *IDENTIFIERS):
            texts[name] = [plain(value) for value in values]
    return texts
