"""The nodes of a query's tree, and what is asked of it as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from services.kernel.errors import InvalidInput
from services.search import tokens

SCORED_WORDS = 8
_USUAL_ACCOUNT = 12  # digits of the shortest that banks give to people


@dataclass(frozen=True, slots=True)
class Everything:
    """Matches every document: an empty query."""


@dataclass(frozen=True, slots=True)
class Term:
    """A word: a fragment of a page's text, title, code or any text field."""

    text: str


@dataclass(frozen=True, slots=True)
class Phrase(Term):
    """A quoted phrase; it is found as a word is, white space included."""


@dataclass(frozen=True, slots=True)
class Field:
    """A fragment of any value of these fields."""

    names: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Keyword:
    """A whole value of one field, as in ``type:invoice``."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Lookup:
    """An identifier by its digest; ``shown`` is its mask, as it stands in the indexed text."""

    name: str
    digest: str
    shown: str


@dataclass(frozen=True, slots=True)
class Not:
    part: Node


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Node, ...]


Node = Everything | Term | Field | Keyword | Lookup | Not | And | Or


def leaves(node: Node, *, positive_only: bool = False) -> Iterator[Term | Field | Keyword | Lookup]:
    """Yield the leaves of a tree in order, with ``positive_only`` without those under a ``Not``."""
    if isinstance(node, And | Or):
        for part in node.parts:
            yield from leaves(part, positive_only=positive_only)
    elif isinstance(node, Not):
        if not positive_only:
            yield from leaves(node.part)
    elif not isinstance(node, Everything):
        yield node


def looked_up(node: Node) -> int:
    """Return how many people's identifiers a query asks for, times the keys; a number that may be of several kinds is one.

    Numbers that are short for an account are dates and vouchers far more often, and do not count.
    """
    found = {leaf for leaf in leaves(node) if isinstance(leaf, Lookup)}
    kinds = Counter(leaf.name for leaf in found if leaf.name != "bank_account" or len(leaf.shown) >= _USUAL_ACCOUNT)
    return max(kinds.values(), default=0)


def scored_words(node: Node) -> tuple[str, ...]:
    """Return the words that raise the score of the items they name: the first eight different ones, as typed."""
    words = dict.fromkeys(leaf.text for leaf in leaves(node, positive_only=True) if isinstance(leaf, Term))
    return tuple(words)[:SCORED_WORDS]


def searched(text: str) -> tokens.GramPhrase:
    """Return the tokens that find ``text``. Raises ``InvalidInput`` if it holds none."""
    grams = tokens.phrase(text)
    if grams is None:
        raise InvalidInput(f"{text!r} holds no letter, digit or Han character to search for.")
    return grams
