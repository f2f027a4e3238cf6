"""The port that every engine fills."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.kernel.paper import EngineInfo, Line
from services.ocr.pixels import Pixels


class Engine(Protocol):
    """Reads printed Chinese and Latin text. One instance serves one thread and is kept for many pages.

    ``info`` is recorded with every result, so it names the version of the program and the model that read.
    """

    @property
    def info(self) -> EngineInfo: ...

    def read(self, pixels: Pixels, dpi: float = 200.0) -> list[Line]:
        """The lines of one upright picture of 150 to 240 ``dpi``, grey (H×W) or RGB (H×W×3), uint8.

        Boxes are pixels of that picture, four corners clockwise from top left; confidence is 0…1; the order is the
        engine's own. A picture without text gives an empty list. Never opens a connection.
        """
        ...

    def reread(self, pixels: Pixels, lines: Sequence[Line]) -> list[Line]:
        """The same lines of the same picture by the best model there is, one for one; those of an engine of one model stay."""
        ...

    def read_strip(self, pixels: Pixels) -> Line | None:
        """The one line of text that fills a picture from left to right; None where there is none."""
        ...
