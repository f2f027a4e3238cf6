"""From the tree of a query to an FTS5 expression.

An expression is built of quoted tokens and FTS5's operators, never of what a person typed.
"""

from __future__ import annotations

from services.search import tokens
from services.search.index.prepared import ALL, NAMED
from services.search.query import And, Field, Keyword, Lookup, Node, Not, Or, Term, searched

COLUMNS = ("text", *NAMED, "keywords")


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


def named(word: str) -> str:
    """Return the FTS5 expression that matches the documents named by a word."""
    return f"{{{' '.join(NAMED)}}} : {_phrase(word)}"


def _phrase(text: str) -> str:
    grams = searched(text)
    return f'"{" ".join(grams.tokens)}"' + (" *" if grams.prefix else "")
