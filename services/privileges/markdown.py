"""The table, for people."""

from __future__ import annotations

from collections.abc import Iterable

from services.privileges.accounts import ACCOUNTS
from services.privileges.model import Privileges

HEADER = (
    "account",
    "objects",
    "master key",
    "index",
    "checkpoints",
    "backups",
    "key files",
    "broker",
    "changes in the catalogue",
)


def document() -> str:
    """One row an account; ``docs/privileges.md`` has it."""
    rows = [HEADER, ("---",) * len(HEADER), *(_row(name, each) for name, each in ACCOUNTS.items())]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _row(name: str, privileges: Privileges) -> tuple[str, ...]:
    return (
        f"`{name}`",
        _listed(sorted(privileges.objects)),
        _listed(sorted(privileges.keys, reverse=True)),
        _listed(sorted(privileges.index)),
        _listed(sorted(privileges.checkpoints)),
        _listed(sorted(privileges.backups)),
        _listed(f"`{file}`" for file in privileges.key_files),
        "yes" if privileges.broker else "–",
        _listed([*(table for table, rights in privileges.tables.items() if _changes(rights)), *sorted(privileges.routines)]),
    )


def _changes(rights: str) -> bool:
    return any(not right.startswith("SELECT") for right in rights.split())


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words) or "–"
