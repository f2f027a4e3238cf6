"""Tesseract with Chinese and English, for machines where the networks do not run, and as a second opinion."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from PIL import Image

from services.kernel.errors import Unavailable
from services.kernel.paper import Box, EngineInfo, Line
from services.ocr.pixels import Pixels

_LANGUAGES = "chi_sim+eng"
_SECONDS = 300
_WORD = 5  # level of a word in Tesseract's TSV


@dataclass(frozen=True, slots=True)
class TesseractEngine:
    """Runs the ``tesseract`` program once a page. See :func:`load_tesseract`."""

    info: EngineInfo

    def read(self, pixels: Pixels, dpi: float = 200.0) -> list[Line]:
        """See :class:`services.ocr.engines.port.Engine`."""
        return list(_lines(_table(pixels, f"--psm 4 --dpi {dpi:.0f}")))

    def read_strip(self, pixels: Pixels) -> Line | None:
        """See :class:`services.ocr.engines.port.Engine`."""
        return next(iter(_lines(_table(pixels, "--psm 7"))), None)

    def reread(self, pixels: Pixels, lines: Sequence[Line]) -> list[Line]:
        """There is one model: the lines as they are."""
        return list(lines)


def _table(pixels: Pixels, config: str) -> Mapping[str, list[Any]]:
    import pytesseract

    table: dict[str, list[Any]] = pytesseract.image_to_data(
        Image.fromarray(pixels), lang=_LANGUAGES, config=config, output_type=pytesseract.Output.DICT, timeout=_SECONDS
    )
    return table


def load_tesseract() -> TesseractEngine:
    """Raises ``Unavailable`` where the program or its Chinese data is not installed."""
    import pytesseract

    try:
        version = str(pytesseract.get_tesseract_version())
        languages = set(pytesseract.get_languages())
    except (pytesseract.TesseractNotFoundError, pytesseract.TesseractError, SystemExit) as error:
        raise Unavailable("Tesseract is not installed; install tesseract-ocr and tesseract-ocr-chi-sim.") from error
    missing = set(_LANGUAGES.split("+")) - languages
    if missing:
        raise Unavailable(f"Tesseract lacks the language data {', '.join(sorted(missing))}; install them.")
    return TesseractEngine(EngineInfo("tesseract", version, _LANGUAGES))


def _lines(table: Mapping[str, list[Any]]) -> Iterable[Line]:
    rows = [
        {name: column[index] for name, column in table.items()}
        for index in range(len(table["level"]))
        if table["level"][index] == _WORD and str(table["text"][index]).strip()
    ]
    for _, group in groupby(rows, key=lambda row: (row["block_num"], row["par_num"], row["line_num"])):
        words = list(group)
        weakest = min(max(0.0, float(word["conf"])) / 100 for word in words)
        yield Line(" ".join(str(word["text"]) for word in words), _around(words), _confidence(words), min(1.0, weakest))


def _around(words: list[dict[str, Any]]) -> Box:
    left, top = (float(min(word[side] for word in words)) for side in ("left", "top"))
    right = float(max(word["left"] + word["width"] for word in words))
    bottom = float(max(word["top"] + word["height"] for word in words))
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def _confidence(words: list[dict[str, Any]]) -> float:
    """Mean over characters, not words: a long word counts for more."""
    weights = [len(str(word["text"])) for word in words]
    total = sum(max(0.0, float(word["conf"])) * weight for word, weight in zip(words, weights, strict=True))
    return min(1.0, total / sum(weights) / 100)
