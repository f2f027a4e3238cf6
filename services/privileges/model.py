"""What a process may touch, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

ALL = "*"
"""Every table there is: what copies the catalogue whole."""
Rights = Mapping[str, str]
"""Table of the catalogue → privileges as SQL names them, separated by spaces: ``SELECT(id,name) INSERT``."""


@dataclass(frozen=True, slots=True)
class Privileges:
    """``objects``, ``keys`` and ``index`` name what may be called of the ports ``BlobStore``, ``MasterKey`` and ``Index``.
    ``checkpoints`` of the ``BlobStore`` that these lie in, ``backups`` of those that backups do. ``secrets`` are key files
    besides the master: ``lookup`` finds identifiers, ``ledger`` signs checkpoints, ``backup`` opens backups.
    ``broker``: whether it wakes workers, or is woken. ``routines`` of the catalogue are done with its owner's rights."""

    tables: Rights
    objects: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()
    index: frozenset[str] = frozenset()
    checkpoints: frozenset[str] = frozenset()
    backups: frozenset[str] = frozenset()
    secrets: frozenset[str] = frozenset()
    broker: bool = False
    routines: frozenset[str] = frozenset()

    def __or__(self, other: Privileges) -> Privileges:
        return Privileges(
            together(self.tables, other.tables),
            self.objects | other.objects,
            self.keys | other.keys,
            self.index | other.index,
            self.checkpoints | other.checkpoints,
            self.backups | other.backups,
            self.secrets | other.secrets,
            self.broker or other.broker,
            self.routines | other.routines,
        )

    @property
    def key_files(self) -> tuple[str, ...]:
        """What its key folder holds, where the master key is a file: intake makes do with the public half."""
        master = ("master.key",) if "unwrap" in self.keys else ("master.pub",) if self.keys else ()
        return (*master, *(f"{name}.key" for name in sorted(self.secrets)))


def together(*rights: Rights) -> Rights:
    """All of these, table by table."""
    tables = sorted({table for each in rights for table in each})
    return {
        table: " ".join(dict.fromkeys(right for each in rights for right in each.get(table, "").split())) for table in tables
    }
