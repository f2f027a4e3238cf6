"""What the API tells of people and of what opens the archive to them."""

from __future__ import annotations

from typing import Any

from services.kernel.identity import people
from services.kernel.identity.rights import Principal
from services.kernel.identity.tables import Credential, Person


def shown_credential(row: Credential, asker: Principal) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": row.kind,
        "name": row.name,
        "address": row.address,
        "agent": row.agent,
        "created_at": row.created_at.isoformat(),
        "used_at": row.used_at.isoformat() if row.used_at else None,
        "expires_at": row.expires_at.isoformat() if row.expires_at else None,
        "current": row.id == asker.credential_id,
    }


def shown_person(person: Person) -> dict[str, Any]:
    return {
        "id": person.id,
        "name": person.name,
        "department": person.department,
        "roles": sorted(people.roles_now(person)),
        "active": person.active,
        "natural_id": person.natural_id,
        "created_at": person.created_at.isoformat(),
    }


def shown_roles(person: Person) -> list[dict[str, Any]]:
    """All that the account ever held, oldest first: who had which role from when to when."""
    return [
        {"role": held.role, "since": held.since.isoformat(), "until": held.until.isoformat() if held.until else None}
        for held in sorted(person.roles, key=lambda held: held.since)
    ]
