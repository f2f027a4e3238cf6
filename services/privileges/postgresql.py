"""The catalogue's own guard: a role for each account, with the privileges of the table. Run by the owner, after every
migration; whoever is connected keeps working."""

from __future__ import annotations

from collections.abc import Iterator

from services.privileges.accounts import ACCOUNTS
from services.privileges.model import ALL


def statements(prefix: str) -> Iterator[str]:
    """SQL for roles named ``<prefix>_<account>``, made without a password where they are missing: nobody signs in with them
    before the owner has given one. What a role had before and has no more is taken from it in the same transaction."""
    yield "BEGIN"
    for account, privileges in ACCOUNTS.items():
        role = f'"{prefix}_{account}"'
        yield f"DO $$ BEGIN CREATE ROLE {role} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$"
        yield f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}"
        for table, rights in privileges.tables.items():
            what = "ALL TABLES IN SCHEMA public" if table == ALL else f'"{table}"'
            yield f"GRANT {', '.join(rights.split())} ON {what} TO {role}"
        yield f"REVOKE ALL ON ALL ROUTINES IN SCHEMA public FROM {role}"
        for routine in sorted(privileges.routines):
            yield f"GRANT EXECUTE ON FUNCTION {routine} TO {role}"
    yield "COMMIT"


def script(prefix: str) -> str:
    """The same, for psql."""
    return "".join(f"{statement};\n" for statement in statements(prefix))
