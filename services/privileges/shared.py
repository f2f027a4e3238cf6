"""What several processes need."""

from __future__ import annotations

from services.kernel.removal.fates import FATES

PEOPLE = "id,natural_id,name,department,active,failed_sign_ins,locked_until,created_at"
"""All that is known of a person but the digest of their password."""

START = {"alembic_version": "SELECT", "key_marks": "SELECT", "seals": "SELECT"}
MASTER = {"key_marks": "INSERT", "data_keys": "SELECT"}
"""Who has the master key may begin an archive with it."""
LEDGER = {"ledger_entries": "INSERT", "ledger_head": "SELECT UPDATE(size,peaks)"}
ASKED = {
    "people": f"SELECT({PEOPLE})",
    "person_roles": "SELECT",
    "delegations": "SELECT",
    "credentials": "SELECT UPDATE(used_at)",
    "second_factors": "SELECT(person_id,confirmed_at)",
}
"""Who asks, and in whose name."""
WORK = {"jobs": "SELECT INSERT UPDATE"}
FIGURES = {
    "jobs": "SELECT",
    "files": "SELECT(state)",
    "items": "SELECT(state)",
    "pages": "SELECT(state)",
    "ledger_entries": "SELECT",
    "leaders": "SELECT",
    "incidents": "SELECT",
}
"""What monitoring is told of the archive as a whole."""

REFERRING = {
    table: "SELECT DELETE" if fate.gone else f"SELECT UPDATE({','.join(fate.emptied)})"
    for table, fate in FATES.items()
    if fate.gone or fate.emptied
}
"""What becomes of what refers to an item that is destroyed."""

LOCKED = "SELECT UPDATE(on_loan)"
"""To lock a row, PostgreSQL asks for the right to change something of it."""

READ, STORE = frozenset({"open"}), frozenset({"create", "open"})
