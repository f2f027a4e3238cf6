"""What is asked of an item, as pure rules. Each answers for one of the four properties (DA/T 70-2018): 真实性 authenticity,
完整性 completeness, 可用性 usability, 安全性 safety. Details are codes and numbers, never content."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

FORMATS = frozenset({"application/pdf", "image/tiff", "image/jpeg", "image/png", "image/webp", "image/heic"})
"""What is kept: formats that are open, or that everybody reads."""
STARTS: dict[str, tuple[bytes, ...]] = {
    "image/tiff": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/webp": (b"RIFF",),
}
HEAD = 1024
NUMBER = re.compile(r"[^-]+-[A-Z]{2}·\d{4}-(Y|D30|D10)-\d+")
"""档号: fonds, category and year, period, item number; “-” between levels, “·” within (DA/T 22-2015)."""


class Property(StrEnum):
    AUTHENTIC = "authenticity"
    COMPLETE = "completeness"
    USABLE = "usability"
    SAFE = "safety"


class Occasion(StrEnum):
    FILING = "filing"
    TRANSFER = "transfer"
    STORAGE = "storage"


@dataclass(frozen=True, slots=True)
class Facts:
    """``content``: ``whole``, or what is wrong with the master: ``missing``, ``damaged``; ``head`` its first bytes. ``faulty``:
    stored objects of the item without a whole copy; ``copies``: in how many stores they lie. ``scan``: ``clean``, ``infected``
    or ``none`` where no scanner is set. ``lacking``: types that the customer's file has no paper of."""

    reference_code: str | None
    final: bool
    type_known: bool
    titled: bool
    archived_entry: bool
    content: str
    head: bytes
    size_matches: bool
    media_type: str | None
    encrypted: bool
    pages: tuple[int, ...]
    unread: int
    undescribed: int
    pictures: int
    pdf: bool
    readable: int
    faulty: int
    copies: int
    scan: str
    lacking: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """``ok`` is None where it does not apply here."""

    property: Property
    name: str
    ok: bool | None
    detail: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def judge(facts: Facts) -> list[Check]:
    """All checks, in the standard's order of the properties."""
    return [*_authentic(facts), *_complete(facts), *_usable(facts), *_safe(facts)]


def passed(checks: list[Check]) -> bool:
    return all(check.ok is not False for check in checks)


def _authentic(facts: Facts) -> Iterator[Check]:
    code = facts.reference_code or ""
    yield Check(Property.AUTHENTIC, "number", bool(NUMBER.fullmatch(code)) and facts.final, code)
    yield Check(Property.AUTHENTIC, "entry", facts.type_known and facts.titled)
    yield Check(Property.AUTHENTIC, "filed", facts.archived_entry)
    yield Check(Property.AUTHENTIC, "digest", facts.content == "whole", facts.content)
    undescribed = f"{facts.undescribed} pages" if facts.undescribed else ""
    yield Check(Property.AUTHENTIC, "process", not facts.undescribed, undescribed)


def _complete(facts: Facts) -> Iterator[Check]:
    whole = bool(facts.pages) and facts.pages == tuple(range(1, len(facts.pages) + 1))
    yield Check(Property.COMPLETE, "pages", whole, f"{len(facts.pages)} pages")
    yield Check(Property.COMPLETE, "read", not facts.unread, f"{facts.unread} unread" if facts.unread else "")
    missing = facts.readable - facts.pictures
    yield Check(Property.COMPLETE, "pictures", missing <= 0, f"{missing} missing" if missing > 0 else "")
    yield Check(Property.COMPLETE, "size", facts.size_matches)
    yield Check(Property.COMPLETE, "file", not facts.lacking, " ".join(facts.lacking))


def _usable(facts: Facts) -> Iterator[Check]:
    kept = facts.media_type in FORMATS
    yield Check(Property.USABLE, "format", kept, facts.media_type or "")
    yield Check(Property.USABLE, "opens", begins(facts.media_type, facts.head) if facts.content == "whole" and kept else None)
    yield Check(Property.USABLE, "pdfa", facts.pdf if facts.readable else None)
    yield Check(Property.USABLE, "unencrypted", not facts.encrypted)


def _safe(facts: Facts) -> Iterator[Check]:
    yield Check(Property.SAFE, "malware", None if facts.scan == "none" else facts.scan == "clean", facts.scan)
    yield Check(Property.SAFE, "medium", not facts.faulty, f"{facts.faulty} damaged" if facts.faulty else "")
    yield Check(Property.SAFE, "copies", facts.copies > 1 or None, f"{facts.copies}")


def begins(media_type: str | None, head: bytes) -> bool:
    """Whether the first bytes are those of this format."""
    if media_type == "application/pdf":
        return b"%PDF-" in head[:HEAD]  # ISO 32000-1, annex H.3.4.1
    if media_type == "image/heic":
        return head[4:8] == b"ftyp"
    return head.startswith(STARTS.get(media_type or "", ()))
