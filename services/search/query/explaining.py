"""What is wrong with a query that cannot be meant."""

from __future__ import annotations

from collections.abc import Iterable

from lark import Token
from lark.exceptions import UnexpectedInput, UnexpectedToken

_ITSELF = "Add one, or write it in quotes to search for the word itself."


def explain(tokens: Iterable[Token], error: UnexpectedInput) -> tuple[str, str]:
    """Say what is wrong: a code that others may put into their own language; and where, and what to do."""
    found = list(tokens)
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
        return "query-word-after", f"{before} at character {at} needs a word after it. {_ITSELF}"
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
    return "query-word-before", f"{token} at character {here} needs a word before it. {_ITSELF}"
