"""The table: which process needs what. A new table of the catalogue is nobody's until it stands here."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import reduce

from services.privileges.model import ALL, Privileges, together

PEOPLE = "id,natural_id,name,department,active,failed_sign_ins,locked_until,created_at"
"""All that is known of a person but the digest of their password."""

SECRETS = frozenset({"lookup", "ledger", "backup"})

_START = {"alembic_version": "SELECT", "key_marks": "SELECT", "seals": "SELECT"}
_MASTER = {"key_marks": "INSERT", "data_keys": "SELECT"}
"""Who has the master key may begin an archive with it."""
_LEDGER = {"ledger_entries": "INSERT", "ledger_head": "SELECT UPDATE(size,peaks)"}
_ASKED = {
    "people": f"SELECT({PEOPLE})",
    "person_roles": "SELECT",
    "delegations": "SELECT",
    "credentials": "SELECT UPDATE(used_at)",
    "second_factors": "SELECT(person_id,confirmed_at)",
}
"""Who asks, and in whose name."""
_WORK = {"jobs": "SELECT INSERT UPDATE"}
_FIGURES = {
    "jobs": "SELECT",
    "files": "SELECT(state)",
    "items": "SELECT(state)",
    "pages": "SELECT(state)",
    "ledger_entries": "SELECT",
    "leaders": "SELECT",
    "incidents": "SELECT",
}
"""What monitoring is told of the archive as a whole."""

_LOCKED = "SELECT UPDATE(on_loan)"
"""To lock a row, PostgreSQL asks for the right to change something of it."""

_READ, _STORE = frozenset({"open"}), frozenset({"create", "open"})

ACCOUNTS: Mapping[str, Privileges] = {
    "ingest": Privileges(
        together(
            _START,
            _LEDGER,
            _ASKED,
            {
                "batches": "SELECT INSERT",
                "files": "SELECT INSERT",
                "items": _LOCKED,
                "duties_done": "SELECT INSERT",
                "data_keys": "INSERT",
                "blobs": "SELECT(id,name) INSERT",
                "jobs": "SELECT(id) INSERT",
                "idempotent_answers": "SELECT INSERT",
            },
        ),
        objects=_STORE,
        keys=frozenset({"wrap"}),
        broker=True,
    ),
    "access": Privileges(
        together(
            _START,
            _LEDGER,
            _ASKED,
            _MASTER,
            _FIGURES,
            {
                "people": "SELECT INSERT UPDATE(password_hash,department,active,failed_sign_ins,locked_until)",
                "person_roles": "INSERT UPDATE(until)",
                "departments": "SELECT INSERT",
                "delegations": "INSERT UPDATE",
                "duties_done": "SELECT INSERT",
                "credentials": "INSERT UPDATE(revoked_at,used_at)",
                "second_factors": "SELECT INSERT UPDATE DELETE",
                "recovery_codes": "SELECT INSERT UPDATE(used_at) DELETE",
                "outside_logins": "SELECT INSERT UPDATE DELETE",
                "sign_in_attempts": "SELECT INSERT UPDATE DELETE",
                "sign_in_tries": "SELECT INSERT UPDATE DELETE",
                "policy_versions": "SELECT INSERT UPDATE(state,decided_by,decided_at)",
                "approvals": "SELECT INSERT",
                "grants": "SELECT INSERT UPDATE",
                "grant_items": "SELECT INSERT",
                "notices": "SELECT INSERT UPDATE",
                "access_requests": "SELECT INSERT UPDATE",
                "access_request_items": "SELECT INSERT",
                "field_reveals": "SELECT INSERT",
                "access_marks": "SELECT INSERT",
                "tracked_copies": "SELECT INSERT UPDATE",
                "loans": "SELECT INSERT UPDATE",
                "incidents": "SELECT INSERT UPDATE",
                "conduct_records": "SELECT INSERT",
                "counters": "SELECT INSERT UPDATE(last)",
                "idempotent_answers": "SELECT INSERT",
                "jobs": "SELECT INSERT UPDATE(state,attempts,reason,due_at)",
                "batches": "SELECT INSERT",
                "files": "SELECT",
                "items": "SELECT UPDATE(edits,on_loan,missing,fragile)",
                "pages": "SELECT",
                "field_values": "SELECT",
                "renditions": "SELECT",
                "blobs": "SELECT",
                "data_keys": "INSERT",
            },
        ),
        objects=_READ,
        keys=frozenset({"wrap", "unwrap"}),
        secrets=frozenset({"lookup"}),
        broker=True,
    ),
    "filing": Privileges(
        together(
            _START,
            _LEDGER,
            _ASKED,
            _MASTER,
            {
                "duties_done": "SELECT INSERT",
                "policy_versions": "SELECT",
                "grants": "SELECT",
                "grant_items": "SELECT",
                "notices": "SELECT INSERT",
                "idempotent_answers": "SELECT INSERT",
                "jobs": "SELECT(id) INSERT",
                "batches": "SELECT",
                "files": "SELECT",
                "items": "SELECT UPDATE",
                "pages": "SELECT",
                "lookup_roots": "SELECT",
                "field_values": "SELECT INSERT UPDATE",
                "parties": "SELECT INSERT UPDATE DELETE",
                "data_keys": "INSERT",
                "counters": "SELECT INSERT UPDATE(last)",
                "tracked_copies": "SELECT INSERT",
                "case_files": "SELECT INSERT UPDATE",
                "case_file_items": "SELECT INSERT DELETE",
                "filing_forms": "SELECT INSERT UPDATE",
                "filing_lines": "SELECT INSERT",
                "handovers": "SELECT INSERT UPDATE",
                "handover_lines": "SELECT INSERT UPDATE",
                "labels": "SELECT INSERT",
                "party_subjects": "SELECT INSERT",
                "quality_checks": "SELECT INSERT UPDATE",
                "checked_items": "SELECT INSERT UPDATE",
                "checked_pages": "SELECT INSERT UPDATE",
                "reference_numbers": "SELECT INSERT UPDATE",
                "corrections": "SELECT INSERT UPDATE",
                "holds": "SELECT",
                "hold_items": "SELECT INSERT",
            },
        ),
        keys=frozenset({"wrap", "unwrap"}),
        secrets=frozenset({"lookup"}),
        broker=True,
    ),
    "search": Privileges(
        together(
            _START,
            _LEDGER,
            _ASKED,
            _MASTER,
            {
                "items": _LOCKED,
                "pages": "SELECT",
                "grants": "SELECT UPDATE(first_used_at)",
                "grant_items": "SELECT",
                "ledger_entries": "SELECT",
                "policy_versions": "SELECT",
                "lookup_roots": "SELECT",
            },
        ),
        keys=frozenset({"unwrap"}),
        index=frozenset({"search"}),
        secrets=frozenset({"lookup"}),
    ),
    "audit": Privileges(
        together(
            _START,
            _LEDGER,
            _ASKED,
            {
                "ledger_entries": "SELECT",
                "ledger_tiles": "SELECT",
                "ledger_checkpoints": "SELECT",
                "audit_mentions": "SELECT INSERT",
                "audit_progress": "SELECT UPDATE(done)",
                "leader_inspections": "SELECT INSERT UPDATE(state,steps)",
                "policy_versions": "SELECT",
                "grants": "SELECT",
                "approvals": "SELECT",
                "parties": "SELECT(id,item_id,subject_id)",
                "items": "SELECT(id,reference_code)",
                "notices": "INSERT",
                "counters": "SELECT INSERT UPDATE(last)",
                "idempotent_answers": "SELECT INSERT",
            },
        ),
        secrets=frozenset({"ledger"}),
    ),
    "reading": Privileges(
        together(
            _START,
            _LEDGER,
            _WORK,
            _MASTER,
            {
                "batches": "SELECT",
                "files": "SELECT UPDATE",
                "items": "SELECT INSERT UPDATE",
                "lookup_roots": "SELECT",
                "pages": "SELECT INSERT UPDATE DELETE",
                "page_bands": "SELECT DELETE",
                "rescans": "INSERT",
                "type_models": "SELECT INSERT",
                "field_values": "INSERT",
                "renditions": "SELECT INSERT",
                "blobs": "SELECT INSERT",
                "data_keys": "INSERT",
            },
        ),
        objects=_STORE,
        keys=frozenset({"wrap", "unwrap"}),
        secrets=frozenset({"lookup"}),
        broker=True,
    ),
    "indexing": Privileges(
        together(
            _START,
            _LEDGER,
            _WORK,
            _MASTER,
            {
                "items": "SELECT UPDATE",
                "pages": "SELECT",
                "lookup_roots": "SELECT",
                "field_values": "SELECT INSERT",
                "parties": "SELECT INSERT DELETE",
                "page_bands": "SELECT INSERT",
                "counters": "SELECT INSERT UPDATE(last)",
                "reference_numbers": "SELECT INSERT",
                "policy_versions": "SELECT",
            },
        ),
        keys=frozenset({"unwrap"}),
        index=frozenset({"put", "delete", "rebuild"}),
        secrets=frozenset({"lookup"}),
        broker=True,
    ),
    "destruction": Privileges(
        together(
            _START,
            _LEDGER,
            _WORK,
            {
                "blobs": "SELECT(id,name)",
                "ledger_entries": "SELECT(position,at)",
                "tombstones": "SELECT INSERT UPDATE(destroyed_at,outside)",
            },
        ),
        objects=frozenset({"delete", "names", "sweep"}),
        backups=frozenset({"delete", "names"}),
        checkpoints=frozenset({"create", "open", "retain"}),
        broker=True,
    ),
    "backup": Privileges(
        together(
            _START,
            _LEDGER,
            _WORK,
            {
                ALL: "SELECT",
                "backups": "SELECT INSERT UPDATE",
                "leaders": "SELECT INSERT UPDATE DELETE",
                "ledger_tiles": "SELECT INSERT",
                "ledger_checkpoints": "SELECT INSERT UPDATE(stored)",
            },
        ),
        objects=_READ,
        checkpoints=frozenset({"create", "names", "open", "retain", "sweep"}),
        backups=frozenset({"create", "delete", "exists", "names", "open", "retain", "sweep"}),
        secrets=frozenset({"backup", "ledger"}),
        broker=True,
    ),
    "schedule": Privileges(
        together(
            _START,
            _LEDGER,
            _ASKED,
            {
                "jobs": "SELECT INSERT UPDATE",
                "leaders": "SELECT INSERT UPDATE DELETE",
                "policy_versions": "SELECT",
                "notices": "SELECT INSERT",
                "batches": "SELECT",
                "files": "SELECT(id,batch_id,state,created_at)",
                "items": "SELECT",
                "pages": "SELECT(id,item_id)",
                "access_requests": "SELECT UPDATE",
                "access_request_items": "SELECT",
                "approvals": "SELECT",
                "loans": "SELECT UPDATE(reminded_at)",
                "store_rooms": "SELECT UPDATE(reminded_at)",
                "room_readings": "SELECT(room_id,at)",
                "custody_plans": "SELECT UPDATE(reminded_on)",
                "ledger_entries": "SELECT",
                "ledger_tiles": "SELECT INSERT",
                "ledger_checkpoints": "SELECT INSERT UPDATE(stored)",
                "audit_mentions": "INSERT",
                "audit_progress": "SELECT UPDATE(done)",
                "backups": "SELECT",
            },
        ),
        checkpoints=frozenset({"create", "open", "names", "retain", "sweep"}),
        secrets=frozenset({"ledger"}),
        broker=True,
    ),
    "custody": Privileges(
        together(
            _START,
            _LEDGER,
            _ASKED,
            {
                "policy_versions": "SELECT",
                "idempotent_answers": "SELECT INSERT",
                "jobs": "SELECT INSERT",
                "backups": "SELECT",
                "items": _LOCKED,
                "files": "SELECT(id,master_id)",
                "renditions": "SELECT(id,item_id,blob_id)",
                "blobs": "SELECT",
                "object_checks": "SELECT",
                "notices": "INSERT",
                "counters": "SELECT INSERT UPDATE(last)",
                "store_rooms": "SELECT INSERT UPDATE(active,reminded_at)",
                "room_readings": "SELECT INSERT",
                "custody_plans": "SELECT INSERT UPDATE(active,next_on)",
                "custody_inspections": "SELECT INSERT UPDATE(settled_at,settled_by,settlement)",
            },
        ),
        broker=True,
    ),
    "fixity": Privileges(
        together(
            _START,
            _LEDGER,
            _WORK,
            {
                "policy_versions": "SELECT",
                "people": "SELECT(id,active)",
                "person_roles": "SELECT",
                "blobs": "SELECT",
                "files": "SELECT(id,master_id)",
                "items": "SELECT",
                "renditions": "SELECT(id,item_id,blob_id)",
                "object_checks": "SELECT INSERT UPDATE",
                "incidents": "SELECT INSERT UPDATE(outcome,settled_at)",
                "notices": "INSERT",
            },
        ),
        objects=frozenset({"open", "replace"}),
        broker=True,
    ),
}
"""By process: the rooms of ``muniment serve``, the queues of ``muniment worker`` (``muniment fixity`` is as the queue of that
name) and ``muniment schedule``. The console has no account: it holds nothing. ``muniment migrate``, ``muniment user`` and what
else an operator does by hand takes the owner's."""


def of(names: Collection[str]) -> Privileges:
    """What one process may that does the work of all these."""
    return reduce(Privileges.__or__, (ACCOUNTS[name] for name in names), Privileges({}))
