"""The object store port. Adapters see ciphertext only, and names that say nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO, Protocol

from services.kernel.errors import InvalidInput

NAME = re.compile(r"[a-z0-9][a-z0-9-]{3,79}")


def checked(name: str) -> str:
    """``name``, if it is one; raises ``InvalidInput``. Every adapter asks before it makes a path or a key of it."""
    if not NAME.fullmatch(name):
        raise InvalidInput(f"“{name}” is no object name.")
    return name


STALE = timedelta(days=1)
"""No writer takes so long: what is older and still half written, nobody writes any more."""


class BlobWriter(Protocol):
    """An object on its way. Until ``commit`` returns nothing is stored; after it, the object survives a power cut."""

    def write(self, data: bytes) -> None: ...

    def commit(self) -> None:
        """Makes the object durable and visible at once. Raises ``Conflict`` if the name was taken meanwhile."""

    def abort(self) -> None:
        """Leaves nothing behind. Safe to call twice, and after ``commit``."""


class BlobStore(Protocol):
    """Objects are written once and never changed. Errors: ``NotFound``, ``Conflict``, ``Unavailable``."""

    def create(self, name: str) -> BlobWriter: ...

    def open(self, name: str) -> AbstractContextManager[BinaryIO]: ...

    def delete(self, name: str) -> None:
        """Removes the object for good; one that is not there is no error, so that a retry may follow a crash."""

    def exists(self, name: str) -> bool: ...

    def traces(self, name: str) -> list[str]:
        """All that is held under this name, as words for a report: the object, older versions, delete markers, uploads never
        completed. Nothing once it is gone for good."""

    def names(self) -> Iterator[str]:
        """Every stored object, for fixity checks and for finding orphans."""

    def retain(self, name: str, until: datetime) -> None:
        """Keeps the object from being removed until then, where the store can (Object Lock). Never longer: locks are not
        shortened."""

    def sweep(self, older_than: timedelta = STALE) -> int:
        """Removes what writers left half written when they died, longer ago than ``older_than``. Returns how many."""

    def reachable(self) -> bool:
        """For readiness: whether objects can be stored now. Any exception means no."""

    def readable(self) -> bool:
        """For readiness: whether objects can be given out now. Any exception means no."""


class Mendable(BlobStore, Protocol):
    """One of the stores that an object lies in."""

    def replace(self, name: str) -> BlobWriter:
        """Like ``create``, in the place of what is damaged or lost: until ``commit`` the old object stands, after it the new
        one alone is read, and there is no moment without one. A store with versions keeps the old one until ``delete``."""


@dataclass(frozen=True, slots=True)
class Copy:
    """``label`` is ``primary`` or ``copy``: where one lies in the settings, and what reports call it."""

    label: str
    store: Mendable
