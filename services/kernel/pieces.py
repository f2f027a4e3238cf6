"""Long lists in pieces, each of which one statement can name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
SOME = 500


def pieces(values: Iterable[T], size: int = SOME) -> Iterator[list[T]]:
    """All values, so many at a time."""
    rest = iter(values)
    while piece := list(islice(rest, size)):
        yield piece
