"""A neural network from an ONNX file on one core: by OpenVINO, or by ONNX Runtime where OpenVINO does not run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np

from services.ocr.engines.quiet import without_telemetry
from services.ocr.pixels import Floats, Pixels

Network = Callable[[Pixels], Floats]
"""Takes one grey picture (H×W), gives its first output; the output is valid until the next call."""

Backend = Literal["openvino", "onnxruntime"]

_PROCESSOR = Path("/proc/cpuinfo")
_TAILORED = 2  # sizes of pictures for which a network of their own is kept: A4, upright and lying


def load_network(model: Path, backend: Backend, *, tailored: bool = False) -> Network:
    """``tailored``: for networks that meet few sizes of pictures, again and again. Raises ``ImportError`` or the back end's own
    ``RuntimeError`` where this machine cannot run it."""
    if backend == "openvino":
        return _Tailor(model) if tailored else _by_openvino(model)
    run = by_onnxruntime(model)

    def look(picture: Pixels) -> Floats:
        scaled = (picture.astype(np.float32) - 127.5) / 127.5
        return run(np.repeat(scaled[None, None], 3, axis=1))

    return look


class _Tailor:
    """A network of any size, and one of its own for each of the commonest sizes: that takes two thirds of the time."""

    def __init__(self, model: Path) -> None:
        self._model, self._any = model, _by_openvino(model)
        self._met: Counter[tuple[int, ...]] = Counter()
        self._own: dict[tuple[int, ...], Network] = {}

    def __call__(self, picture: Pixels) -> Floats:
        size = picture.shape
        self._met[size] += 1
        if size not in self._own and self._met[size] > 1 and self._has_room_for(size):
            self._own[size] = _by_openvino(self._model, size)
        return self._own.get(size, self._any)(picture)

    def _has_room_for(self, size: tuple[int, ...]) -> bool:
        """Makes room where another size is met so much less often that compiling, which takes as long as ten pages gain, is
        worth it; twice as often, so that two sizes never take turns."""
        if len(self._own) < _TAILORED:
            return True
        rarest = min(self._own, key=self._met.__getitem__)
        if self._met[size] > 2 * self._met[rarest]:
            del self._own[rarest]
            return True
        return False


def _by_openvino(model: Path, size: tuple[int, ...] = (-1, -1)) -> Network:
    import openvino

    core = openvino.Core()
    # Left to itself it binds its thread to the first core, in every process: all workers would share that one.
    settings: dict[str, Any] = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "ENABLE_CPU_PINNING": False}
    if not multiplies_bfloat16():
        settings["INFERENCE_PRECISION_HINT"] = "f32"
    request = core.compile_model(_of_grey(core.read_model(model), size), "CPU", settings).create_infer_request()

    def run(picture: Pixels) -> Floats:
        request.infer(openvino.Tensor(np.ascontiguousarray(picture)[None, None], shared_memory=True), share_outputs=True)
        return cast(Floats, request.get_output_tensor().data)

    return run


@cache
def multiplies_bfloat16() -> bool:
    """Whether the processor has matrix units for bfloat16 (AMX). OpenVINO computes in it by itself wherever it can: with these
    1.7 times as fast as with 32 bits, with vector units alone (AVX-512) 1.35 times as slow. Unknown counts as yes."""
    try:
        flags = _PROCESSOR.read_text().partition("flags")[2].partition("\n")[0].split()
    except OSError:
        return True
    return not flags or "amx_bf16" in flags


def _of_grey(model: Any, size: tuple[int, ...]) -> Any:
    """The model behind a first step that makes bytes 0…255 of one plane to values -1…1 of three."""
    from openvino import opset13 as step

    picture = step.parameter([1, 1, *size], np.uint8)
    centred = step.subtract(step.convert(picture, "f32"), np.float32(127.5))
    plane = step.multiply(centred, np.float32(1 / 127.5))
    (was,) = model.get_parameters()
    for use in was.output(0).get_target_inputs():
        use.replace_source_output(step.concat([plane] * 3, 1).output(0))
    model.add_parameters([picture])
    model.remove_parameter(was)
    model.validate_nodes_and_infer_types()
    return model


def by_onnxruntime(model: Path) -> Callable[[Floats], Floats]:
    """The model as it is: its own input to its first output."""
    without_telemetry()
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # the arena keeps the largest page's memory for good
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda inputs: cast(Floats, session.run(None, {name: inputs})[0])
