"""Engines that tell nobody what they read."""

from __future__ import annotations

import os


def without_telemetry() -> None:
    """Call before anything that may load ONNX Runtime: from 1.29 on (microsoft/onnxruntime#27379) it reports sessions and
    models to its maker, and keeps an identifier in the home folder, unless this is set when it is loaded."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
