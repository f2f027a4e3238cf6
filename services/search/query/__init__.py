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

from services.kernel.errors import InvalidInput
from services.search.query.building import Builder, Digest
from services.search.query.grammar import tree
from services.search.query.nodes import (
    SCORED_WORDS,
    And,
    Everything,
    Field,
    Keyword,
    Lookup,
    Node,
    Not,
    Or,
    Phrase,
    Term,
    leaves,
    looked_up,
    scored_words,
    searched,
)

__all__ = [
    "SCORED_WORDS",
    "And",
    "Everything",
    "Field",
    "Keyword",
    "Lookup",
    "Node",
    "Not",
    "Or",
    "Phrase",
    "Term",
    "leaves",
    "looked_up",
    "parse",
    "scored_words",
    "searched",
]

MAX_LENGTH = 1000
MAX_WORDS = 64


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
    node = Builder(digests).build(tree(text), None)
    if node is None:
        raise InvalidInput("The query holds no letter, digit or Han character to search for. Type a word.", code="query-empty")
    if sum(1 for _ in leaves(node)) > MAX_WORDS:
        detail = f"The query has too many words; at most {MAX_WORDS} are understood. Leave some out."
        raise InvalidInput(detail, code="query-too-long")
    return node
