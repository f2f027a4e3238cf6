"""Where copies lie besides the catalogue: what an execution is handed by the composition root."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from services.kernel.blobs.port import BlobStore
from services.kernel.core import Kernel
from services.kernel.tombstones import Tombstone


class Findable(Protocol):
    """Of the index's port what a destruction needs."""

    def delete(self, item_ids: Iterable[str], *, expunge: bool = True) -> None: ...

    def expunge(self) -> None: ...

    def residue(self, item_ids: Iterable[str]) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class Finding:
    """What a look into one store gave: how much was looked for, and what is left, in words without personal data."""

    store: str
    checked: int
    left: list[str] = field(default_factory=list)
    note: str = ""

    def after(self, before: Finding | None) -> Finding:
        """With what an earlier look into the same store gave."""
        return replace(self, checked=before.checked + self.checked, left=before.left + self.left) if before else self


Probe = Callable[[Sequence[Tombstone]], Finding]
"""Looks for what was destroyed in one more place, such as the backups."""


@dataclass(frozen=True, slots=True)
class Stores:
    """``outside`` is where tombstones lie, out of the archive's own reach."""

    kernel: Kernel
    index: Findable
    outside: BlobStore
    probes: tuple[Probe, ...] = ()
