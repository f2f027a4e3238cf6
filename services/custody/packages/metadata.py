"""What goes along with an item: its entry in the terms of Dublin Core, and its history in those of PREMIS."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.kernel import readings
from services.kernel.blobs.keys import Vault
from services.kernel.casefiles import CaseFile, CaseFileItem
from services.kernel.ledger.tables import LedgerEntry
from services.kernel.policy import versions
from services.kernel.tables import File, Item

PREMIS: Mapping[str, str] = MappingProxyType(
    {
        "item.create": "ingestion end",
        "item.read": "imaging",
        "item.rescan": "replacement",
        "item.renew": "replacement",
        "item.catalogue": "metadata modification",
        "item.correct": "metadata modification",
        "item.vouch": "quality review",
        "item.check": "quality review",
        "item.confirm": "quality review",
        "item.archive": "accession",
        "item.examine": "validation",
        "object.repair": "recovery",
        "incident.report": "fixity check",
        "handover.accept": "transfer",
    }
)
"""Acts of the ledger → the Library of Congress's names of PREMIS event types. Who read the item is nobody's there."""


def dublin_core(session: Session, vault: Vault, item: Item) -> dict[str, Any]:
    """The fifteen elements as far as they are known; ``fields`` are what was read, with who vouches for it."""
    policy = versions.current(session).policy
    file = session.get_one(File, item.file_id)
    fields = readings.field_values(session, vault, item)
    values = {each.row.name: each.reading.value for each in reversed(fields)}
    files = select(CaseFile.number).join(CaseFileItem, CaseFileItem.file_id == CaseFile.id)
    return {
        "title": readings.title(session, vault, item),
        "identifier": item.reference_code,
        "type": policy.type_of(item.type).title,
        "subject": item.type,
        "date": values.get("signed_on") or values.get("paid_on"),
        "format": file.media_type,
        "extent": f"{len(item.pages)} 页",
        "language": "zh",
        "source": {"sha256": file.sha256, "size": file.size, "received_at": item.created_at.isoformat()},
        "relation": list(session.scalars(files.where(CaseFileItem.item_id == item.id).order_by(CaseFile.number))),
        "rights": {"restricted": item.restricted},
        "item_id": item.id,
        "fields": [
            {"name": each.row.name, "value": each.reading.value, "verification": each.row.verification} for each in fields
        ],
    }


def premis(session: Session, item: Item, until: int) -> list[dict[str, Any]]:
    """Events out of the first ``until`` entries of the ledger, oldest first; an entry's position proves it there."""
    entries = (
        select(LedgerEntry.position, LedgerEntry.at, LedgerEntry.act, LedgerEntry.actor, LedgerEntry.data)
        .where(LedgerEntry.item_id == item.id, LedgerEntry.act.in_(PREMIS), LedgerEntry.position < until)
        .order_by(LedgerEntry.position)
    )
    return [
        {
            "eventIdentifier": {"type": "ledger position", "value": row.position},
            "eventType": PREMIS[row.act],
            "eventDateTime": row.at,
            "eventDetail": row.act,
            "eventOutcome": json.loads(row.data)["result"],
            "linkingAgentIdentifier": {"type": "person", "value": row.actor}
            if row.actor
            else {"type": "software", "value": "muniment"},
        }
        for row in session.execute(entries)
    ]


def to_bytes(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True).encode()
