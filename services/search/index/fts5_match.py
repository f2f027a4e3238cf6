"""From the tree of a query to an FTS5 expression.

An expression is built of quoted tokens and FTS5's operators, never of what a person typed.
"""

from __future__ import annotations

from services.kernel.errors import InvalidInput
from services.search import fields, tokens
from services.search.query import And, Field, Keyword, Lookup, Node, Not, Or, Term

NAMED = ("title", "reference_code", *fields.TEXT_FIELDS)
"""Columns of what an item is called and says of itself; a word found here raises the score."""

COLUMNS = ("text", *NAMED, "keywords")

ALL = "·"
"""The keyword that every document has: what a purely negative query subtracts from."""


def expression(node: Node) -> str:
    """Return the FTS5 expression that matches the documents of ``node``."""
    match node:
        case Keyword(name, value) | Lookup(name, value):
            return f'"{tokens.keyword(name, value)}"'
        case Field(names, text):
            return f"{{{' '.join(names)}}} : {_phrase(text)}"
        case Term(text):
            return _phrase(text)
        case Or(parts):
            return f"({' OR '.join(map(expression, parts))})"
        case And(parts):
            return _and(parts)
        case _:
            return _and((node,) if isinstance(node, Not) else ())


def _and(parts: tuple[Node, ...]) -> str:
    wanted = [expression(part) for part in parts if not isinstance(part, Not)]
    unwanted = [expression(part.part) for part in parts if isinstance(part, Not)]
    found = f"({' AND '.join(wanted)})" if wanted else f'"{ALL}"'
    return f"({found} NOT ({' OR '.join(unwanted)}))" if unwanted else found


def named(term: Term) -> str:
    """Return the FTS5 expression that matches the documents named by a word."""
    return f"{{{' '.join(NAMED)}}} : {_phrase(term.text)}"


def _phrase(text: str) -> str:
    grams = tokens.phrase(text)
    if grams is None:
        raise InvalidInput(f"{text!r} holds no letter, digit or Han character to search for.")
    return f'"{" ".join(grams.tokens)}"' + (" *" if grams.prefix else "")
