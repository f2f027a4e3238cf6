"""From the API's shapes to what a template prints. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from services.console.words import Words

OFFICE = timezone(timedelta(hours=8))
"""The time in all of China, without summer time since 1991: no time-zone data is needed."""

UNITS = ("B", "KB", "MB", "GB", "TB")
SURE, LIKELY = 0.9, 0.75


def marked(text: str, highlights: Sequence[Sequence[int]]) -> list[tuple[str, bool]]:
    """The text in pieces, each with whether it was found; ``highlights`` are [start, end) in characters, in order."""
    pieces, position = [], 0
    for start, end in highlights:
        pieces += [(text[position:start], False), (text[start:end], True)]
        position = end
    pieces.append((text[position:], False))
    return [piece for piece in pieces if piece[0]]


def points(box: Sequence[Sequence[float]]) -> str:
    """A box as the ``points`` of an SVG polygon."""
    return " ".join(f"{x:g},{y:g}" for x, y in box)


def when(text: str) -> str:
    """A time of the API in office time, to the minute."""
    return f"{datetime.fromisoformat(text).astimezone(OFFICE):%Y-%m-%d %H:%M}"


def size(count: float) -> str:
    """Bytes in the largest unit of which there is at least one."""
    power = 0
    while count >= 1024 and power < len(UNITS) - 1:
        count, power = count / 1024, power + 1
    return f"{count:.0f} {UNITS[power]}" if power == 0 or count >= 100 else f"{count:.1f} {UNITS[power]}"


def percent(share: float) -> str:
    return f"{share:.0%}"


def trust(confidence: float) -> str:
    """How a confidence is coloured: ``sure``, ``likely`` or ``doubtful``."""
    shown = round(confidence, 2)  # as it is printed, so that one figure never has two colours
    if shown < LIKELY:
        return "doubtful"
    return "sure" if shown >= SURE else "likely"


def told(words: Words, problem: dict[str, Any]) -> str:
    """A problem in the reader's language; the API's own English where the catalogue is older than the code."""
    if words.language == "en":
        return str(problem["message"])
    return words.name("problem", problem["code"], problem["message"])
