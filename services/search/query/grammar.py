"""From a query's text to the parser's tree."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from lark import Lark, Tree
from lark.exceptions import UnexpectedInput

from services.kernel.errors import InvalidInput
from services.kernel.policy.identifiers import COUNTRY_CODE, find_identifiers, fold_width
from services.search import fields, tokens
from services.search.query.explaining import explain

MAX_DEPTH = 20

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


def tree(text: str) -> Tree[Any]:
    """Raises ``InvalidInput`` with the position (characters from 1) and what to do."""
    narrow = _prepared(text)
    _check_depth(narrow)
    try:
        return _parser().parse(narrow)
    except UnexpectedInput as error:
        code, detail = explain(_parser().lex(narrow), error)
        raise InvalidInput(detail, code=code) from error


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
