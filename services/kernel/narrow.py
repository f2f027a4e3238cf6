"""Parts of the archive, narrowed to what a process needs of them. It keeps the program from a mistake; whoever has taken a
process over is kept by the credentials that it was given (``services.privileges``)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from services.kernel.errors import Withheld


class Narrowed:
    """``part``, of which only ``acts`` can be used; ``what`` names it to whoever reads the error."""

    def __init__(self, part: Any, acts: Collection[str], what: str) -> None:
        self._part, self._acts, self._what = part, frozenset(acts), what

    def __getattr__(self, act: str) -> Any:
        if act not in self._acts:
            raise Withheld(f"This process has no right to “{act}” in the {self._what}. It is done by a process that has.")
        return getattr(self._part, act)
