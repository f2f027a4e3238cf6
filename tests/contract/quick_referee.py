"""The referee for large archives: the same brute force, over one long text for each field, and sets of items as bits."""

from array import array
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache

from services.search.index.port import FACETS, Filters, IndexDocument, Scope, Search
from services.search.query import And, Everything, Field, Keyword, Lookup, Not, Or, Term
from tests.contract.referee import MONEY, facet, passes, plain, positive, texts_of, visible

BETWEEN = "\0"
WORDS_IN_SCORE = 8


class QuickReferee:
    """Bit ``n`` of a set stands for the ``n``-th item, newest first."""

    def __init__(self, documents: Iterable[IndexDocument]) -> None:
        self.documents = sorted(documents, key=lambda document: (-document.received_at.timestamp(), document.item_id))
        self.everything = (1 << len(self.documents)) - 1
        held: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
        for n, document in enumerate(self.documents):
            for name, values in texts_of(document).items():
                held[name] += [(value, n) for value in values]
                if name != "text":
                    held["named"] += [(value, n) for value in values]
        self._texts = {name: _LongText(values, len(self.documents)) for name, values in held.items()}
        self._values = self._whole_values()
        self._facets = self._facet_values()
        self.having = lru_cache(maxsize=4096)(self._having)
        self.filtered = lru_cache(maxsize=None)(lambda filters: self._where(lambda document: passes(filters, document)))
        self.visible = lru_cache(maxsize=None)(lambda scope: self._where(lambda document: visible(scope, document)))
        oldest = sorted(range(len(self.documents)), key=lambda n: (self.documents[n].received_at, self.documents[n].item_id))
        self._oldest = oldest

    def answer(self, search: Search, most: int) -> tuple[int, dict[str, dict[str, int]], list[tuple[str, float]]]:
        """How many match, the facets, and the first ``most`` matches in order with their scores."""
        found = self._search(search.query, search.scope, search.filters)
        facets = {
            name: {value: count for value, items in values.items() if (count := (items & found).bit_count())}
            for name, values in self._facets.items()
        }
        return found.bit_count(), facets, [(self.documents[n].item_id, score) for n, score in self._first(search, found, most)]

    def matches(self, node) -> int:
        match node:
            case Everything():
                return self.everything
            case And(parts):
                found = self.everything
                for part in parts:
                    found &= self.matches(part)
                return found
            case Or(parts):
                found = 0
                for part in parts:
                    found |= self.matches(part)
                return found
            case Not(part):
                return self.everything & ~self.matches(part)
            case Term(text):
                return self.having(("text", "named"), plain(text))
            case Field(names, text):
                return self.having(names, plain(text))
            case Lookup(name, digest):
                return self._values.get((name, digest), 0)
            case Keyword(name, value):
                return self._values.get((name, value if name in MONEY else plain(value)), 0)
        raise AssertionError(node)

    def _search(self, query, scope: Scope, filters: Filters) -> int:
        return self.matches(query) & self.visible(scope) & self.filtered(filters)

    def _first(self, search: Search, found: int, most: int) -> list[tuple[int, float]]:
        if search.sort == "oldest":
            return [(n, 0.0) for n in self._oldest if found >> n & 1][:most]
        first: list[tuple[int, float]] = []
        for score, items in self._by_score(search, found):
            first += [(n, score) for n in _bits(items, most - len(first))]
        return first

    def _by_score(self, search: Search, found: int) -> Iterator[tuple[float, int]]:
        """Sets of items with their score, the highest first."""
        words = list(dict.fromkeys(leaf.text for leaf in positive(search.query)))[:WORDS_IN_SCORE]
        levels = [found]
        for word in words if search.sort == "score" else ():
            named = self.having(("named",), plain(word))
            levels = [
                (levels[k] & ~named if k < len(levels) else 0) | (levels[k - 1] & named if k else 0)
                for k in range(len(levels) + 1)
            ]
        for score in reversed(range(len(levels))):
            yield float(score), levels[score]

    def _having(self, names: tuple[str, ...], needle: str) -> int:
        found = 0
        for name in names:
            if name in self._texts:
                found |= self._texts[name].having(needle)
        return found

    def _where(self, condition) -> int:
        return _set((n for n, document in enumerate(self.documents) if condition(document)), len(self.documents))

    def _whole_values(self) -> dict[tuple[str, str], int]:
        held: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        for n, document in enumerate(self.documents):
            for name, digests in document.lookups.items():
                for digest in digests:
                    held[name, digest].append(n)
            for name in ("type", "state", "department", "customer_type", "business_type"):
                held[name, plain(getattr(document, name))].append(n)
            for name in MONEY:
                for value in document.fields.get(name, ()):
                    held[name, str(round(float(value) * 100))].append(n)
        return {key: _set(numbers, len(self.documents)) for key, numbers in held.items()}

    def _facet_values(self) -> dict[str, dict[str, int]]:
        held: dict[str, defaultdict[str, list[int]]] = {name: defaultdict(list) for name in FACETS}
        for n, document in enumerate(self.documents):
            for name in FACETS:
                if value := facet(document, name):
                    held[name][value].append(n)
        return {name: {v: _set(ns, len(self.documents)) for v, ns in values.items()} for name, values in held.items()}


class _LongText:
    """All values of a field, one after another."""

    def __init__(self, values: list[tuple[str, int]], items: int) -> None:
        self._items = items
        self._text = BETWEEN.join(value for value, _ in values) + BETWEEN
        self._starts = array("l")
        self._owners = array("l")
        start = 0
        for value, n in values:
            self._starts.append(start)
            self._owners.append(n)
            start += len(value) + 1
        self._starts.append(start)

    def having(self, needle: str) -> int:
        return _set(self._found(needle), self._items)

    def _found(self, needle: str) -> Iterator[int]:
        position = self._text.find(needle)
        while position >= 0:
            value = bisect_right(self._starts, position) - 1
            yield self._owners[value]
            position = self._text.find(needle, self._starts[value + 1])


def _set(numbers: Iterable[int], items: int) -> int:
    held = bytearray(items // 8 + 1)
    for n in numbers:
        held[n >> 3] |= 1 << (n & 7)
    return int.from_bytes(held, "little")


def _bits(items: int, most: int) -> Iterator[int]:
    while items and most > 0:
        lowest = items & -items
        yield lowest.bit_length() - 1
        items ^= lowest
        most -= 1
