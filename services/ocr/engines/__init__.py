"""Engines behind one port: ``rapid`` (PP-OCRv6, the default) and ``tesseract``."""

from __future__ import annotations

from services.kernel.errors import InvalidInput, Unavailable
from services.ocr.engines.orientation import Orientation, load_orientation
from services.ocr.engines.port import Engine
from services.ocr.engines.rapid import load_rapid
from services.ocr.engines.tesseract import load_tesseract

ENGINE_NAMES = ("auto", "rapid", "tesseract")

__all__ = ["ENGINE_NAMES", "Engine", "Orientation", "load_engine", "load_orientation"]


def load_engine(name: str = "auto") -> Engine:
    """Load an engine once for a worker: ``auto`` is ``rapid``, or ``tesseract`` where its packages do not load.

    Raises ``InvalidInput`` for an unknown name, ``Unavailable`` where the engine is not installed.
    """
    if name not in ENGINE_NAMES:
        raise InvalidInput(f"There is no engine {name!r}; choose one of {', '.join(ENGINE_NAMES)}.")
    if name == "tesseract":
        return load_tesseract()
    try:
        return load_rapid()
    except ImportError as error:
        if name == "rapid":
            raise Unavailable(f"The engine rapid does not load ({error}); install the project's packages again.") from error
        return load_tesseract()
