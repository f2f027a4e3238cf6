"""The text in the QR code of a cover sheet: ``MUNIMENT:COVER;title=…;type=…``, values percent-encoded UTF-8 (RFC 3986)."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, unquote

from services.kernel.paper import DOCUMENT_TYPES

PREFIX = "MUNIMENT:COVER"
_TITLE_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Cover:
    """What a cover sheet says of the document behind it. ``type`` is one of DOCUMENT_TYPES."""

    title: str | None = None
    type: str | None = None


def format_cover(cover: Cover) -> str:
    """The text to print as a QR code."""
    parts = [PREFIX]
    if cover.title:
        parts.append(f"title={quote(cover.title, safe='')}")
    if cover.type:
        parts.append(f"type={quote(cover.type, safe='')}")
    return ";".join(parts)


def parse_cover(text: str) -> Cover | None:
    """None when the text is not that of a cover sheet. Unknown keys, and types that do not exist, are left out: a sheet
    printed by a later version still separates.
    """
    marker, *pairs = text.strip().split(";")
    if marker.upper() != PREFIX:
        return None
    values = {key: unquote(value).strip() for key, _, value in (pair.partition("=") for pair in pairs)}
    title = "".join(c for c in values.get("title", "") if c.isprintable())[:_TITLE_CHARACTERS]
    kind = values.get("type")
    return Cover(title or None, kind if kind in DOCUMENT_TYPES else None)
