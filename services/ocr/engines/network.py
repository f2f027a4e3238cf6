"""A neural network from an ONNX file on one core: by OpenVINO, or by ONNX Runtime where OpenVINO does not run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, cast

from services.ocr.engines.quiet import without_telemetry
from services.ocr.pixels import Floats

Network = Callable[[Floats], Floats]
"""Takes one input, gives its first output; the output is valid until the next call."""

Backend = Literal["openvino", "onnxruntime"]


def load_network(model: Path, backend: Backend) -> Network:
    """Raises ``ImportError`` or the back end's own ``RuntimeError`` where this machine cannot run it."""
    return _by_openvino(model) if backend == "openvino" else _by_onnxruntime(model)


def _by_openvino(model: Path) -> Network:
    import openvino

    core = openvino.Core()
    # Where the processor has bfloat16, OpenVINO computes in it by itself: it reads the same, 1.7 times as fast.
    # Left to itself it binds its thread to the first core, in every process: all workers would share that one.
    settings: dict[str, Any] = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "ENABLE_CPU_PINNING": False}
    request = core.compile_model(core.read_model(model), "CPU", settings).create_infer_request()

    def run(inputs: Floats) -> Floats:
        request.infer([inputs], share_inputs=True)
        return cast(Floats, request.get_output_tensor().data)

    return run


def _by_onnxruntime(model: Path) -> Network:
    without_telemetry()
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # the arena keeps the largest page's memory for good
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda inputs: cast(Floats, session.run(None, {name: inputs})[0])
