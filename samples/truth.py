"""What is true of a sample: the lines, turns and kinds of its pages, the documents in it and their fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class PageTruth:
    """One page. ``lines`` are in reading order; ``boxes`` are their left, top, right, bottom as fractions of the upright
    page; ``rotation`` is the clockwise turn, in degrees, that makes the scan upright; ``separator`` marks cover and
    Patch-T sheets; ``phrase`` is a text found on no other page of its file, if there is one; ``stamps`` are the texts of red
    seals and stamps, which are not among the lines because a reader may or may not make them out; ``hand``
    tells which lines are written by hand, in whole or in part.
    """

    lines: tuple[str, ...] = ()
    boxes: tuple[tuple[float, float, float, float], ...] = ()
    rotation: int = 0
    blank: bool = False
    separator: bool = False
    phrase: str | None = None
    stamps: tuple[str, ...] = ()
    hand: tuple[bool, ...] = ()

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def to_json(self) -> dict[str, Any]:
        return {
            "lines": list(self.lines),
            "boxes": [[round(edge, 4) for edge in box] for box in self.boxes],
            "rotation": self.rotation,
            "blank": self.blank,
            "separator": self.separator,
            "phrase": self.phrase,
            "stamps": list(self.stamps),
        }


@dataclass(frozen=True, slots=True)
class DocumentTruth:
    """One document (件): page numbers from 1, a type and field names of ``services.kernel.paper``, the values normalised
    (yuan as decimal strings, ISO 8601 dates, upper-case ID numbers; 大写 words as printed) and, in ``raw``, as printed.
    """

    pages: tuple[int, ...]
    type: str
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    raw: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "pages": list(self.pages),
            "type": self.type,
            "fields": {name: list(values) for name, values in self.fields.items()},
            "raw": {name: list(values) for name, values in self.raw.items()},
        }


@dataclass(frozen=True, slots=True)
class Truth:
    """One file: ``damage`` names how it was spoilt, ``dpi`` the resolution that the file claims."""

    file: str
    format: str
    dpi: int
    damage: str
    pages: Mapping[int, PageTruth]
    documents: tuple[DocumentTruth, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "file": self.file,
            "format": self.format,
            "dpi": self.dpi,
            "damage": self.damage,
            "pages": {str(number): page.to_json() for number, page in self.pages.items()},
            "documents": [document.to_json() for document in self.documents],
        }
