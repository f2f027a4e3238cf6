"""Which items a query matches: a set for each word by FTS5, and the sets joined as the query says."""

from __future__ import annotations

from functools import reduce

import apsw
import numpy as np

from services.search import tokens
from services.search.index.fts5_items import Flags, Items, numbers
from services.search.index.fts5_memory import Leaf, Memory
from services.search.query import And, Everything, Field, Keyword, Lookup, Node, Not, Or, Term, searched


class Matches:
    """What matches among ``items``, which are those of the connection's snapshot. A set is looked up once."""

    def __init__(self, connection: apsw.Connection, items: Items, memory: Memory) -> None:
        self._connection, self._items, self._memory = connection, items, memory
        self._found: dict[Leaf, Flags] = {}

    def of(self, node: Node) -> Flags:
        """Return which items match ``node``."""
        match node:
            case Everything():
                return self._items.present
            case Not(part):
                return self._items.present & ~self.of(part)
            case And(parts):
                return reduce(np.logical_and, map(self.of, parts))
            case Or(parts):
                return reduce(np.logical_or, map(self.of, parts))
            case _:
                return reduce(np.logical_or, map(self._matching, _leaves(node)))

    def named(self, word: str) -> Flags:
        """Return which items are named by ``word``: it stands in the title, the reference code or a field."""
        return self._matching(("named", _phrase(word)))

    def _matching(self, leaf: Leaf) -> Flags:
        if leaf not in self._found:
            self._found[leaf] = self._looked_up(leaf) & self._items.present
        return self._found[leaf]

    def _looked_up(self, leaf: Leaf) -> Flags:
        last, known = self._memory.recall(leaf, self._items.version)
        found = np.pad(known, (0, self._items.size - len(known)))
        if len(known) < len(found):
            table, expression = leaf
            statement = f"SELECT group_concat(rowid) FROM {table} WHERE {table} MATCH ? AND rowid > ?"  # noqa: S608  # two names
            found[numbers(self._connection.execute(statement, (expression, last)).get)] = True
            self._memory.keep(leaf, self._items.version, found)
        return found


def _leaves(node: Node) -> tuple[Leaf, ...]:
    """Return the leaves of which any finds ``node``. They hold quoted tokens and operators, never what a person typed."""
    match node:
        case Keyword(name, value) | Lookup(name, value):
            return (("named", f'"{tokens.keyword(name, value)}"'),)
        case Field(("text",), text):
            return (("words", _phrase(text)),)
        case Field(names, text):
            return (("named", f"{{{' '.join(names)}}} : {_phrase(text)}"),)
        case Term(text):
            return (("words", _phrase(text)), ("named", _phrase(text)))
    raise AssertionError(f"{node} is no leaf")


def _phrase(text: str) -> str:
    grams = searched(text)
    return f'"{" ".join(grams.tokens)}"' + (" *" if grams.prefix else "")
