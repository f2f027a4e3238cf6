"""Who of those elsewhere is dead: whoever gave no sign for a while, although the catalogue took signs all that time."""

from __future__ import annotations

import time
from collections.abc import Callable

from services.kernel.db import Database
from services.kernel.queue import pulse
from services.kernel.queue.jobs import silent_owners

LONGEST_GAP_SECONDS = 5.0
"""Between two looks, or for one of them: after more, the catalogue or this process stood still, and signs may be late."""


class Watch:
    """Looks each time it is asked, which is every second."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._database, self._clock = database, clock
        self._looked = self._steady_since = clock()

    def silent(self) -> list[str]:
        """Those to be taken for dead; nobody as long as it is not known that their signs could come through."""
        before = self._looked
        with self._database.read() as session:
            found = silent_owners(session, pulse.SILENT_SECONDS)
        self._looked = self._clock()
        if self._looked - before > LONGEST_GAP_SECONDS:
            self._steady_since = self._looked
        return sorted(found) if self._looked - self._steady_since > pulse.SILENT_SECONDS else []
