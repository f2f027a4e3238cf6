"""Public pages that lie beside the project, with fields transcribed by eye: measured where they are there, and no part of it.

The folder holds ``manifest.json``: a list of ``{"file", "fields": {name: text}, "text"}``. A field is read when its characters
stand in the page's text, in a row or split over the lines of one column.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from tests.bench.reading import Made, made_of
from tests.bench.scoring import distance, plain

_SEPARATORS = re.compile(r"(?<=\d)[,，](?=\d{3})")


@dataclass(frozen=True, slots=True)
class Real:
    """``missed``: file, field and text of what was not read; ``cer`` by file where its whole text is known."""

    fields: int
    missed: tuple[tuple[str, str, str], ...]
    cer: dict[str, float]

    @property
    def share(self) -> float:
        return 1 - len(self.missed) / self.fields if self.fields else 1.0


def measured(folder: Path) -> Real | None:
    """None where the folder is not there."""
    if not (folder / "manifest.json").is_file():
        return None
    entries = json.loads((folder / "manifest.json").read_text("utf-8"))
    made = {each.file: each for each in made_of([folder / entry["file"] for entry in entries])}
    missed = [
        (entry["file"], name, text)
        for entry in entries
        for name, text in entry["fields"].items()
        if not has(made[entry["file"]], text)
    ]
    cer = {
        entry["file"]: distance(plain(entry["text"]), plain(_text(made[entry["file"]]))) / len(plain(entry["text"]))
        for entry in entries
        if entry["text"]
    }
    return Real(sum(len(entry["fields"]) for entry in entries), tuple(missed), cer)


def has(made: Made, text: str) -> bool:
    return _folded(text) in _folded(_text(made))


def _text(made: Made) -> str:
    return "\n".join(page.text for page in made.pages)


def _folded(text: str) -> str:
    return _SEPARATORS.sub("", plain(text))
