"""What inspection found, checked: it comes out of a child that a hostile file may have taken over."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from services.ingest.limits import IntakeLimits
from services.kernel.paper import Problem
from services.kernel.sandbox.protocol import nonsense

MediaType = Literal["application/pdf", "image/tiff", "image/jpeg", "image/png", "image/heic", "image/webp"]
ColourMode = Literal["bitonal", "grey", "colour", "unknown"]
Separator = Literal["patch_t", "cover_sheet"]

_PHASH = re.compile(r"[0-9a-f]{16}")
_CODE = re.compile(r"[a-z][a-z0-9_]{1,40}")
_MOST_PROBLEMS = 10_000
_TEXT_CHARACTERS = 4000
_MOST_DPI = 20_000


@dataclass(frozen=True, slots=True)
class Inspection:
    """A file as a whole: what it is by its content, how many pages it holds, and what is wrong with it."""

    media_type: MediaType
    pages: int
    problems: tuple[Problem, ...] = ()

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any], limits: IntakeLimits) -> Inspection:
        """Raises ParserFailed (``nonsense``) where the facts cannot be."""
        return cls(
            media_type=cast(MediaType, _one_of(facts.get("media_type"), get_args(MediaType))),
            pages=_integer(facts.get("pages"), 1, limits.pages),
            problems=_problems(facts.get("problems"), limits.pages),
        )


@dataclass(frozen=True, slots=True)
class PageFacts:
    """One page. ``width_px``/``height_px`` are pixels of the scan, turned as a reader sees it (300 dpi for a page
    that is drawn, not scanned); ``dpi`` is None where the file does not say. ``phash`` is a 64-bit perceptual hash in
    hex, None for a blank page, which resembles every other. ``problem`` says why a page could not be looked at; its
    sizes are then 0.
    """

    number: int
    width_px: int = 0
    height_px: int = 0
    dpi: int | None = None
    colour_mode: ColourMode = "unknown"
    blank: bool = False
    separator: Separator | None = None
    cover: str | None = None
    phash: str | None = None
    problem: Problem | None = None

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any], limits: IntakeLimits) -> PageFacts:
        """Raises ParserFailed (``nonsense``) where the facts cannot be."""
        number = _integer(facts.get("number"), 1, limits.pages)
        if facts.get("problem") is not None:
            return cls(number=number, problem=_problem(facts["problem"], limits.pages))
        width = _integer(facts.get("width_px"), 1, limits.page_pixels)
        separator = facts.get("separator")
        return cls(
            number=number,
            width_px=width,
            height_px=_integer(facts.get("height_px"), 1, limits.page_pixels // width),
            dpi=None if facts.get("dpi") is None else _integer(facts["dpi"], 1, _MOST_DPI),
            colour_mode=cast(ColourMode, _one_of(facts.get("colour_mode"), get_args(ColourMode))),
            blank=_boolean(facts.get("blank")),
            separator=None if separator is None else cast(Separator, _one_of(separator, get_args(Separator))),
            cover=None if facts.get("cover") is None else _text(facts["cover"]),
            phash=None if facts.get("phash") is None else _matching(facts["phash"], _PHASH),
        )


def _integer(value: Any, low: int, high: int) -> int:
    return value if type(value) is int and low <= value <= high else nonsense()


def _boolean(value: Any) -> bool:
    return value if isinstance(value, bool) else nonsense()


def _text(value: Any) -> str:
    return value if isinstance(value, str) and len(value) <= _TEXT_CHARACTERS else nonsense()


def _matching(value: Any, pattern: re.Pattern[str]) -> str:
    return value if isinstance(value, str) and pattern.fullmatch(value) else nonsense()


def _one_of(value: Any, allowed: tuple[str, ...]) -> str:
    return value if isinstance(value, str) and value in allowed else nonsense()


def _problem(value: Any, pages: int) -> Problem:
    if not isinstance(value, dict):
        nonsense()
    page = value.get("page")
    message = "".join(c for c in _text(value.get("message")) if c.isprintable())
    return Problem(_matching(value.get("code"), _CODE), message, None if page is None else _integer(page, 1, pages))


def _problems(value: Any, pages: int) -> tuple[Problem, ...]:
    if not isinstance(value, list) or len(value) > _MOST_PROBLEMS:
        nonsense()
    return tuple(_problem(each, pages) for each in value)
