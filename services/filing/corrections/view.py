"""The history of an entry: each field with all its versions, and everything that people changed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.filing.corrections.service import AFTER_CONTEXT, BEFORE_CONTEXT, NOTE_CONTEXT
from services.filing.corrections.tables import Correction
from services.kernel.core import Kernel
from services.kernel.policy import versions
from services.kernel.readings import field_values, open_field
from services.kernel.tables import FieldValue, Item


def history(session: Session, kernel: Kernel, item: Item) -> dict[str, Any]:
    """For whom the content is open to: nothing here is masked."""
    now = {each.row.id for each in field_values(session, kernel.vault, item)}
    rows = session.scalars(select(FieldValue).where(FieldValue.item_id == item.id).order_by(FieldValue.name, FieldValue.id))
    taxonomy = versions.current(session).policy.taxonomy
    made = session.scalars(select(Correction).where(Correction.item_id == item.id).order_by(Correction.id))
    return {
        "item_id": item.id,
        "revision": item.revision,
        "entry": {"type": item.type, "business_type": item.business_type, "customer_type": item.customer_type},
        "values": [
            _value(session, kernel, item, row, present=row.id in now) | {"purpose": taxonomy.purpose_of(row.name)}
            for row in rows
        ],
        "corrections": [_correction(session, kernel, item, row) for row in made],
    }


def _value(session: Session, kernel: Kernel, item: Item, row: FieldValue, *, present: bool) -> dict[str, Any]:
    return open_field(session, kernel.vault, item, row).to_json() | {
        "id": row.id,
        "name": row.name,
        "revision": row.revision,
        "present": present,
        "replaces": row.replaces,
        "source": row.source,
        "verification": row.verification,
        "verified_by": row.verifier_id,
        "verified_at": row.verified_at.isoformat() if row.verified_at else None,
    }


def _correction(session: Session, kernel: Kernel, item: Item, row: Correction) -> dict[str, Any]:
    def opened(context: str, sealed: bytes | None) -> str | None:
        return kernel.vault.open_text(session, item.key_id, context, sealed) if sealed else None

    return {
        "id": row.id,
        "what": row.what,
        "revision": row.revision,
        "field_value_id": row.field_value_id,
        "before": opened(BEFORE_CONTEXT, row.before_sealed),
        "after": opened(AFTER_CONTEXT, row.after_sealed),
        "note": opened(NOTE_CONTEXT, row.note_sealed),
        "evidence_page": row.evidence_page,
        "evidence_item_id": row.evidence_item_id,
        "by": row.by_id,
        "at": row.at.isoformat(),
    }
