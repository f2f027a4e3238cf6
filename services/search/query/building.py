"""From the parser's tree to nodes: which words are texts, whole values or identifiers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

from lark import Token, Tree

from services.kernel.errors import InvalidInput
from services.kernel.policy.identifiers import find_identifiers
from services.kernel.policy.lookup import LOOKUP_FIELDS
from services.kernel.policy.masks import mask_field
from services.search import fields, tokens
from services.search.query.nodes import And, Field, Keyword, Lookup, Node, Not, Or, Phrase, Term

Digest = Callable[[str, str], str]
"""From a field of ``LOOKUP_FIELDS`` and a value to its digest (``LookupKeys.digest``)."""

_ACCOUNT = re.compile(r"[0-9]{8,32}")
_SHAPES = {
    "id_number": re.compile(r"[0-9]{15}|[0-9]{17}[0-9Xx]"),
    "phone": re.compile(r"(?:\+?86|0086)?1[3-9][0-9]{9}"),
    "bank_account": _ACCOUNT,
}
_LEAST_SIGNS = {"id_number": 6, "phone": 7, "bank_account": 8}


class Builder:
    """Turns the parser's tree into nodes; what holds nothing to search for becomes ``None`` and drops out."""

    def __init__(self, digests: Sequence[Digest]) -> None:
        self._digests = digests

    def build(self, tree: Tree[Any], field: str | None) -> Node | None:
        parts = [child for child in tree.children if isinstance(child, Tree)]
        if tree.data == "in_field":
            return self._in_field(tree, parts[0], field)
        if tree.data in ("word", "quoted"):
            text = str(tree.children[0]).strip('"')
            return self._leaf(text, field, Phrase if tree.data == "quoted" else Term)
        nodes = [node for part in parts if (node := self.build(part, field)) is not None]
        if not nodes:
            return None
        if tree.data == "without":
            return Not(nodes[0])
        return nodes[0] if len(nodes) == 1 else _joined(Or if tree.data == "any" else And, nodes)

    def _in_field(self, tree: Tree[Any], value: Tree[Any], outer: str | None) -> Node | None:
        token = tree.children[0]
        position = ((token.start_pos if isinstance(token, Token) else 0) or 0) + 1
        if outer is not None:
            detail = f"{token} at character {position} stands inside {outer}:(…). A field cannot hold another field."
            raise InvalidInput(detail, code="query-field-inside")
        field = fields.resolve(str(token)[:-1], position)
        return self.build(value, field)

    def _leaf(self, text: str, field: str | None, kind: type[Term]) -> Node | None:
        if tokens.phrase(text) is None:
            return None
        if field is None:
            return self._plain(text, kind)
        if field in LOOKUP_FIELDS:
            return self._identifier(field, text)
        if field in fields.KEYWORD_FIELDS:
            return Keyword(field, fields.keyword_value(field, text))
        return Field(fields.columns(field), text)

    def _plain(self, text: str, kind: type[Term]) -> Node:
        bare = re.sub(r"[\s.-]", "", text)
        if lookups := [self._lookup(name, bare) for name, shape in _SHAPES.items() if shape.fullmatch(bare)]:
            return _joined(Or, [kind(text), *lookups])
        parts: list[Node] = []
        position = 0
        for found in find_identifiers(text):
            parts += [kind(text[position : found.start]), self._lookup(found.kind, found.normalised)]
            position = found.end
        parts.append(kind(text[position:]))
        held = [part for part in parts if not isinstance(part, Term) or tokens.phrase(part.text) is not None]
        return held[0] if len(held) == 1 else And(tuple(held))

    def _identifier(self, field: str, text: str) -> Node:
        if sum(char.isalnum() for char in text) < _LEAST_SIGNS[field]:
            detail = f"{field}: needs the whole number; it is masked in the index and cannot be found by a part."
            raise InvalidInput(detail, code="query-whole-number")
        return self._lookup(field, text)

    def _lookup(self, field: str, value: str) -> Node:
        shown = mask_field(field, value)
        nodes: list[Node] = [Lookup(field, digest(field, value), shown) for digest in self._digests]
        return nodes[0] if len(nodes) == 1 else _joined(Or, nodes)


def _joined(kind: type[And] | type[Or], nodes: list[Node]) -> Node:
    """Join nodes, taking in nested ones of the same kind."""
    return kind(reduce(lambda parts, node: (*parts, *(node.parts if isinstance(node, kind) else (node,))), nodes, ()))
