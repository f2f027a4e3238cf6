"""What becomes of the rows that refer to an item when it is destroyed, table by table. A table that refers to items and does
not stand here fails a test: whoever adds one says what is left of it.

What stays holds ids, numbers and moments: registers (归档登记, 查阅登记, 借阅登记, 销毁清册) are kept longer than what
they tell of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fate:
    """``gone``: the rows are deleted. Else they stay, and ``emptied`` are the columns that are written over."""

    gone: bool = False
    emptied: tuple[str, ...] = ()


GONE, KEPT = Fate(gone=True), Fate()


def _emptied(*columns: str) -> Fate:
    return Fate(emptied=columns)


FATES: Mapping[str, Fate] = {
    # what was read of it
    "renditions": GONE,
    "field_values": GONE,
    "parties": GONE,
    "pages": GONE,
    # what people wrote of it, under its key
    "corrections": _emptied("before_sealed", "after_sealed", "note_sealed"),
    "checked_pages": _emptied("note_sealed"),
    "handover_lines": _emptied("reason_sealed"),
    "incidents": _emptied("text_sealed", "outcome_sealed"),
    "field_reveals": _emptied("reason_sealed"),
    "tracked_copies": _emptied("purpose_sealed"),
    "destruction_lines": _emptied("opinion_reason_sealed"),
    "package_lines": _emptied("reason_sealed"),
    "destruction_objections": _emptied("reason_sealed", "answer_sealed"),
    "retention_events": _emptied("note_sealed", "withdrawal_sealed"),
    "retention_extensions": _emptied("reason_sealed"),
    # registers of ids, numbers and moments
    "access_request_items": KEPT,
    "case_file_items": KEPT,
    "checked_items": KEPT,
    "conduct_records": KEPT,
    "filing_lines": KEPT,
    "grant_items": KEPT,
    "hold_items": KEPT,
    "labels": KEPT,
    "loans": KEPT,
    "property_checks": KEPT,
    "reference_numbers": KEPT,
    "rescans": KEPT,
}
"""In the order in which they are gone through: whoever refers comes before what is referred to."""
ITEM = ("title_sealed", "type_words_sealed", "type_confidence", "type_by", "customer_type", "business_type", "cover_type")
"""What is emptied of the item's own row; number, type, department and state stay."""
