"""The table: which process needs what. A new table of the catalogue is nobody's until it stands here."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import reduce

from services.privileges.model import Privileges
from services.privileges.rooms import ROOMS
from services.privileges.workers import WORKERS

SECRETS = frozenset({"lookup", "ledger", "backup"})

ACCOUNTS: Mapping[str, Privileges] = {**ROOMS, **WORKERS}
"""By process. ``muniment migrate``, ``muniment user`` and what else an operator does by hand takes the owner's."""


def of(names: Collection[str]) -> Privileges:
    """What one process may that does the work of all these."""
    return reduce(Privileges.__or__, (ACCOUNTS[name] for name in names), Privileges({}))
