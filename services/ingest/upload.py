"""Uploads on their way, as the tus library keeps them: ``<id>`` with the bytes, ``<id>.info`` with what is known of it, in a
folder for each person, so that nobody reaches another's."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from services.kernel.errors import Locked, NotFound

DAYS_TO_KEEP = 3
IDENTITY = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Upload:
    """One upload. ``offset`` and ``size`` are bytes; ``size`` is None while the sender does not know it yet."""

    path: Path
    info: dict[str, Any]

    @property
    def offset(self) -> int:
        return int(self.info["offset"])

    @property
    def size(self) -> int | None:
        size: int | None = self.info["size"]
        return size

    @property
    def metadata(self) -> dict[str, str]:
        metadata: dict[str, str] = self.info["metadata"]
        return metadata

    @property
    def waits(self) -> bool:
        """Whether it is whole and not taken in yet."""
        return self.offset == self.size and self.path.exists()

    def mend(self) -> Upload:
        """Brings bytes and offset together: what lies behind the offset came from a request that did not end, what a power
        cut took away is asked for again."""
        if not self.path.exists():  # taken in
            return self
        present = self.path.stat().st_size
        if present > self.offset:
            os.truncate(self.path, self.offset)
        elif present < self.offset:
            return self._noted(self.info | {"offset": present})
        return self

    def taken_in(self) -> None:
        """Forgets the bytes, then the names. That it was whole is remembered, for who missed the answer and asks again."""
        self.path.unlink(missing_ok=True)
        self._noted(self.info | {"metadata": {}})

    def _noted(self, info: dict[str, Any]) -> Upload:
        target = self.path.with_name(f"{self.path.name}.info")
        fresh = target.with_name(f"{target.name}.tmp")
        fresh.write_text(json.dumps(info))
        fresh.replace(target)
        return Upload(self.path, info)


class Uploads:
    """All uploads on their way."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._busy: set[tuple[str, str]] = set()
        self._lock = Lock()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def of(self, person_id: str) -> Path:
        """The folder of one person's uploads."""
        own = self.folder / person_id
        own.mkdir(exist_ok=True, mode=0o700)
        return own

    def find(self, person_id: str, identity: str) -> Upload:
        """Raises ``NotFound`` alike for another's upload and for none."""
        path = self.of(person_id) / identity
        try:
            if not IDENTITY.fullmatch(identity):
                raise ValueError
            return Upload(path, json.loads(path.with_name(f"{identity}.info").read_text()))
        except (OSError, ValueError):
            raise NotFound("There is no such upload among yours. Begin a new one with POST /api/v1/uploads.") from None

    @contextmanager
    def alone(self, person_id: str, identity: str) -> Iterator[None]:
        """Keeps a second request off an upload: after a torn connection the first may still be at it. Raises ``Locked``."""
        mine = (person_id, identity)
        with self._lock:
            if mine in self._busy:
                raise Locked("An earlier request is still sending to this upload. Wait a moment, then ask for its offset.")
            self._busy.add(mine)
        try:
            yield
        finally:
            self._busy.discard(mine)

    def sweep(self) -> None:
        """Removes what nobody has touched for ``DAYS_TO_KEEP`` days."""
        oldest = time.time() - DAYS_TO_KEEP * 86_400
        for path in self.folder.glob("*/*"):
            if path.is_file() and path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)
