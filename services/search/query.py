"""The query language: from what a person types to a tree.

    张伟 合同                    both (AND may be written)
    "商品房 买卖"                a phrase, also over a line break
    2024-001                     a fragment of a number; a word of several Han characters is a phrase too
    租赁 OR 买卖    -作废    NOT 作废    (…)
    name:张伟  合同编号:00123  type:lease_contract  phone:13812345678  name:(张伟 OR 李娜)

Operators are upper case. Full-width quotes, brackets, colons and minus signs mean the same. ``OR`` binds weaker than
AND, ``-`` strongest, and it is a minus only at the beginning of a word. Comma, semicolon and full stop separate words.
What people paste does not fail: a lone quote, a lone hyphen, empty brackets and other punctuation are passed over. What
cannot be meant is an ``InvalidInput`` that says where and what to do: an open bracket, an operator without a word, an
unknown field.

Identifiers (ID numbers, phones, accounts) are masked in the index. Typed whole they become a look-up of their digest; a bare
number that only might be one is looked for as text *or* as an identifier.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from typing import Any

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput, UnexpectedToken

from services.kernel.errors import InvalidInput
from services.kernel.policy.identifiers import COUNTRY_CODE, find_identifiers, fold_width
from services.kernel.policy.lookup import LOOKUP_FIELDS
from services.kernel.policy.masks import mask_field
from services.search import fields, tokens

MAX_LENGTH = 1000
MAX_DEPTH = 20
MAX_WORDS = 64
SCORED_WORDS = 8

Digest = Callable[[str, str], str]
"""From a field of ``LOOKUP_FIELDS`` and a value to its digest (``LookupKeys.digest``)."""


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

_GRAMMAR = r"""
start: any?
any: all (OR all)*
all: one (AND? one)*
?one: (NOT | MINUS) one -> without
    | atom
?atom: FIELD value -> in_field
     | value
?value: WORD -> word
      | PHRASE -> quoted
      | LPAR any? RPAR -> group

FIELD.4: /(?:[A-Za-z_]+|%s)[ \t]*:(?!\/\/)/
OR.3: /OR(?![^\s()"])/
AND.3: /AND(?![^\s()"])/
NOT.3: /NOT(?![^\s()"])/
MINUS.3: /-(?=[^\s\-):;,])/
PHRASE.2: /"[^"]*"/
LPAR: "("
RPAR: ")"
WORD: /[^\s"():;,、。！？…!?\-](?:[^\s"():;,、。！？…!?\-]|-+(?=[^\s"():;,、。！？…!?\-])|(?<=[0-9])[,:](?=[0-9]))*/
STRAY.-1: /[:;,、。！？…!?\-]+/
%%ignore STRAY
%%ignore /\s+/
"""
_QUOTES = str.maketrans("“”„‟「」『』«»〝〞", '"' * 12)
_ACCOUNT = re.compile(r"[0-9]{8,32}")
_SHAPES = {
    "id_number": re.compile(r"[0-9]{15}|[0-9]{17}[0-9Xx]"),
    "phone": re.compile(r"(?:\+?86|0086)?1[3-9][0-9]{9}"),
    "bank_account": _ACCOUNT,
}
_USUAL_ACCOUNT = 12  # digits of the shortest that banks give to people
_LEAST_SIGNS = {"id_number": 6, "phone": 7, "bank_account": 8}


def parse(text: str, *digests: Digest) -> Node:
    """Return the tree of a query. Raises ``InvalidInput`` with the position (characters from 1) and what to do.

    Identifiers are looked up by each of ``digests``: while keys are rotated there are two.
    """
    if len(text) > MAX_LENGTH:
        raise InvalidInput(
            f"The query has {len(text)} characters; at most {MAX_LENGTH} are understood. Shorten it.", code="query-too-long"
        )
    if not text.strip():
        return Everything()
    narrow = _prepared(text)
    _check_depth(narrow)
    try:
        tree = _parser().parse(narrow)
    except UnexpectedInput as error:
        code, detail = _explain(narrow, error)
        raise InvalidInput(detail, code=code) from error
    node = _Builder(digests).build(tree, None)
    if node is None:
        raise InvalidInput("The query holds no letter, digit or Han character to search for. Type a word.", code="query-empty")
    if sum(1 for _ in leaves(node)) > MAX_WORDS:
        detail = f"The query has too many words; at most {MAX_WORDS} are understood. Leave some out."
        raise InvalidInput(detail, code="query-too-long")
    return node


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


@lru_cache(maxsize=1)
def _parser() -> Lark:
    names = "|".join(sorted((re.escape(name) for name in fields.ALIASES if not name.isascii()), key=len, reverse=True))
    return Lark(_GRAMMAR % names, parser="lalr", lexer="basic", propagate_positions=True)


def _prepared(text: str) -> str:
    """Bring signs into one width, character for character; close up identifiers; drop the quote that has no partner."""
    narrow = fold_width(tokens.canonical(text).translate(_QUOTES))
    if narrow.count('"') % 2:
        last = narrow.rindex('"')
        narrow = narrow[:last] + " " + narrow[last + 1 :]
    for found in find_identifiers(narrow):
        before, written = narrow[: found.start], narrow[found.start : found.end]
        if found.kind == "phone":  # a country code by itself would be one more word
            before = COUNTRY_CODE.sub(lambda code: " " * len(code.group()), before)
        narrow = before + "".join(written.split()).ljust(len(written)) + narrow[found.end :]
    return narrow


def _check_depth(text: str) -> None:
    depth = 0
    for position, char in enumerate(text, 1):
        depth += (char == "(") - (char == ")")
        if depth > MAX_DEPTH:
            detail = f"Brackets are nested deeper than {MAX_DEPTH} at character {position}. Take some away."
            raise InvalidInput(detail, code="query-too-deep")


_ITSELF = "Add one, or write it in quotes to search for the word itself."


def _explain(text: str, error: UnexpectedInput) -> tuple[str, str]:
    """Say what is wrong: a code that others may put into their own language; and where, and what to do."""
    found = [token for token in _parser().lex(text) if isinstance(token, Token)]
    ended = isinstance(error, UnexpectedToken) and error.token.type == "$END"
    places = [] if ended else [i for i, token in enumerate(found) if token.start_pos == error.pos_in_stream]
    unexpected = places[0] if places else len(found)
    opened: list[int] = []
    for token in found[:unexpected]:
        if token.type == "LPAR":
            opened.append((token.start_pos or 0) + 1)
        elif token.type == "RPAR" and opened:
            opened.pop()
    before = found[unexpected - 1] if unexpected else None
    at = (before.start_pos or 0) + 1 if before is not None else 1
    if before is not None and before.type in ("OR", "AND", "NOT", "MINUS"):
        detail = (
            f"{before} at character {at} needs a word after it. Add one, or write it in quotes to search for the word itself."
        )
        return "query-word-after", detail
    if before is not None and before.type == "FIELD":
        return "query-field-value", f"{before} at character {at} needs a value directly after it, as in name:张伟."
    if unexpected == len(found):
        place = opened[-1] if opened else at
        return "query-not-closed", f"The bracket opened at character {place} is not closed. Add ) or put the text in quotes."
    token = found[unexpected]
    here = (token.start_pos or 0) + 1
    if token.type == "RPAR":
        detail = f"The bracket closed at character {here} was never opened. Take it away or put the text in quotes."
        return "query-not-opened", detail
    detail = (
        f"{token} at character {here} needs a word before it. Add one, or write it in quotes to search for the word itself."
    )
    return "query-word-before", detail


class _Builder:
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
