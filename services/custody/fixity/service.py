"""Looking at stored objects: what is not what was stored is mended from the other copy, or an incident is raised.

A destruction may take an object away while it is looked at. So nothing is mended or reported that is being destroyed, and an
object whose row went while it was mended is removed again by the process that may.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from services.custody.fixity import repository
from services.custody.fixity.copies import Beat, fault, mend
from services.custody.fixity.repository import StoredObject
from services.custody.fixity.tables import Result
from services.kernel import incidents
from services.kernel.blobs.port import Copy
from services.kernel.clock import now
from services.kernel.core import Kernel
from services.kernel.db import Database
from services.kernel.ledger import journal
from services.kernel.queue import jobs
from services.kernel.queue.stages import Stage

NOTED_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Finding:
    """An object that was not what was stored in some copy. ``faults``: copy → ``missing``, ``changed`` or ``unreadable``."""

    name: str
    result: Result
    faults: dict[str, str]


@dataclass(slots=True)
class Tally:
    """How a run went; filled while its findings are read."""

    objects: int = 0
    repaired: int = 0
    damaged: int = 0

    def count(self, result: Result) -> None:
        self.objects += 1
        self.repaired += result is Result.REPAIRED
        self.damaged += result is Result.DAMAGED


@dataclass(slots=True)
class Watch:
    """Looks at objects and notes what it saw, many whole ones in one transaction, any other at once."""

    kernel: Kernel
    copies: Sequence[Copy]
    beat: Beat = lambda: None
    tally: Tally = field(default_factory=Tally)
    _whole: list[str] = field(default_factory=list)

    def look_at(self, objects: Iterable[StoredObject]) -> Iterator[Finding]:
        """Yields those that were not whole; at the end the run is on the ledger."""
        for each in objects:
            if (finding := self._look(each)) is not None:
                yield finding
            if len(self._whole) >= NOTED_AT_ONCE:
                self._note()
            self.beat()
        self._note()
        if self.tally.objects:
            told = {"objects": self.tally.objects, "repaired": self.tally.repaired, "damaged": self.tally.damaged}
            with self.kernel.database.write() as session:
                journal.append(session, "fixity.run", actor=None, result="damaged" if self.tally.damaged else "ok", **told)

    def _look(self, stored: StoredObject) -> Finding | None:
        found = {copy.label: fault(copy, stored.name, stored.expected, self.beat) for copy in self.copies}
        faults = {label: reason for label, reason in found.items() if reason is not None}
        if not faults:
            self.tally.count(Result.OK)
            self._whole.append(stored.id)
            return None
        with self.kernel.database.read() as session:
            if not repository.stays(session, stored.id):
                return None
        result = Result.REPAIRED if self._mend(stored, faults) else Result.DAMAGED
        self.tally.count(result)
        _enter(self.kernel.database, stored, result, faults)
        return Finding(stored.name, result, faults)

    def _mend(self, stored: StoredObject, faults: dict[str, str]) -> bool:
        good = next((copy for copy in self.copies if copy.label not in faults), None)
        if good is None:
            return False
        bad = [copy for copy in self.copies if copy.label in faults]
        mended = [mend(copy, good, stored.name, stored.expected, self.beat) for copy in bad]
        return all(mended)

    def _note(self) -> None:
        if self._whole:
            with self.kernel.database.write() as session:
                repository.note(session, [(each, Result.OK, {}) for each in self._whole], now())
                for each in self._whole:
                    incidents.found_whole(session, each)
            self._whole.clear()


def _enter(database: Database, stored: StoredObject, result: Result, faults: dict[str, str]) -> None:
    """Notes what is not as it was, and appends it to the ledger: the mending, or the incident."""
    with database.write() as session:
        if not repository.stays(session, stored.id):
            jobs.enqueue(session, Stage.DISCARD, f"{stored.name}:mended", {"object": stored.name})
            return
        repository.note(session, [(stored.id, result, faults)], now())
        owners = repository.owners(session, stored.id)
        item = owners[0][0] if len(owners) == 1 else None
        if result is Result.REPAIRED:
            incidents.found_whole(session, stored.id)
            journal.append(session, "object.repair", actor=None, item=item, object=stored.name, faults=faults)
        else:
            incidents.found_damaged(session, stored.id, item, faults)


def verify_all(kernel: Kernel, copies: Sequence[Copy], tally: Tally) -> Iterator[Finding]:
    """Re-reads every object, oldest first."""
    return Watch(kernel, copies, tally=tally).look_at(repository.every(kernel.database))
