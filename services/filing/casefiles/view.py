"""A customer's file as it is shown: its items, its checklist, its people. Masked for whom the content is not open to."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from services.filing import parties
from services.filing.casefiles import checklist
from services.filing.casefiles.service import TITLE_CONTEXT
from services.kernel import titles
from services.kernel.blobs.keys import Vault
from services.kernel.casefiles import CaseFile
from services.kernel.grants.opening import grounds, unmasked
from services.kernel.identity.rights import Principal, may_know
from services.kernel.policy import versions
from services.kernel.policy.masks import mask_field, mask_identifiers, mask_values
from services.kernel.tables import Item, Party


def summary(session: Session, vault: Vault, principal: Principal, file: CaseFile) -> dict[str, Any]:
    items = checklist.items_of(session, file.id)
    policy = versions.current(session).policy
    lines = checklist.lines(policy, file.business_type, items)
    return {
        "id": file.id,
        "number": file.number,
        "title": title(session, vault, principal, file, items),
        "business_type": file.business_type,
        "customer_type": file.customer_type,
        "opened_by": file.opened_by,
        "opened_at": file.opened_at.isoformat(),
        "items": len(items),
        "complete": all(line.filled for line in lines),
    }


def whole(session: Session, vault: Vault, principal: Principal, file: CaseFile) -> dict[str, Any]:
    items = [item for item in checklist.items_of(session, file.id) if may_know(principal, item)]
    policy = versions.current(session).policy
    open_ = grounds(session, principal, items)
    named = titles.shown(session, vault, principal, items)
    known = {item.id for item in items}
    return summary(session, vault, principal, file) | {
        "checklist": [
            {"types": list(line.types), "filled": line.filled, "item_ids": [each for each in line.item_ids if each in known]}
            for line in checklist.lines(policy, file.business_type, checklist.items_of(session, file.id))
        ],
        "item_list": [
            {
                "id": item.id,
                "reference_code": item.reference_code,
                "reference_code_draft": item.reference_code_draft,
                "title": named[item.id],
                "type": item.type,
                "state": item.state,
                "pages": len(item.pages),
                "content_open": item.id in open_,
            }
            for item in items
        ],
        "parties": [
            party(session, vault, item, each, masked=not (item.id in open_ and open_[item.id].unmasked))
            for item in items
            for each in parties.of_item(session, item)
        ],
    }


def party(session: Session, vault: Vault, item: Item, row: Party, *, masked: bool) -> dict[str, Any]:
    name = parties.name_of(session, vault, item, row)
    return {
        "id": row.id,
        "item_id": item.id,
        "role": row.role,
        "name": mask_field("name", name) if masked else name,
        "share": row.share,
        "confirmed": row.confirmed,
        "subject_id": row.subject_id,
    }


def title(session: Session, vault: Vault, principal: Principal, file: CaseFile, items: list[Item]) -> str:
    """Whole if all that lies in the file is open to this person; none once all of it was destroyed."""
    if not file.title_sealed:
        return ""
    whole = vault.open_text(session, file.key_id, TITLE_CONTEXT, file.title_sealed)
    if len(unmasked(session, principal, items)) == len(items):
        return whole
    names = [parties.name_of(session, vault, item, each) for item in items for each in parties.of_item(session, item)]
    return mask_values(mask_identifiers(whole), names)
