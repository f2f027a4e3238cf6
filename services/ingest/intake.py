"""Hot-folder files on their way into the archive, in the name of an account of its own."""

from __future__ import annotations

import time
from pathlib import Path

from sqlalchemy import select

from services.ingest import service
from services.ingest.hotfolder import Outcome
from services.kernel.clock import OFFICE, now
from services.kernel.core import Kernel
from services.kernel.dialects import take_turn
from services.kernel.errors import NotFound, TooLarge
from services.kernel.identity import accounts
from services.kernel.identity.rights import Principal
from services.kernel.identity.tables import Person
from services.kernel.model import FileState, Role
from services.kernel.tables import Batch, File

DEFAULT_OWNER = "热文件夹"
PIECE = 1 << 20
INSPECTION_SECONDS = 120.0


class HotFolderIntake:
    """Takes whole files: each sub-folder is a batch of the day under its name, the rest a batch of the day."""

    def __init__(self, kernel: Kernel, folder: Path) -> None:
        self._kernel, self._folder = kernel, folder
        self._principal = _owner(kernel, kernel.settings.hot_folder_owner)

    def __call__(self, path: Path) -> Outcome:
        """Stores the file, then waits for what inspection says. An ``Unavailable`` store is tried again by the caller."""
        batch_id = self._batch_of(path)
        try:
            receipt = self._store(path, batch_id)
        except TooLarge as refusal:
            return Outcome(False, refusal.detail)
        return self._inspected(receipt.id)

    def _store(self, path: Path, batch_id: str) -> service.Receipt:
        reception = service.Reception(self._kernel, self._principal, batch_id, path.name)
        try:
            with path.open("rb") as source:
                while piece := source.read(PIECE):
                    reception.write(piece)
            return reception.finish()
        except BaseException:
            reception.abort()
            raise

    def _inspected(self, file_id: str) -> Outcome:
        """A file that is not inspected in time is taken all the same; its batch tells the rest."""
        end = time.monotonic() + INSPECTION_SECONDS
        while time.monotonic() < end:
            with self._kernel.database.read() as session:
                file = session.get_one(File, file_id)
                if file.state == FileState.REJECTED:
                    return Outcome(False, "\n".join(problem["message"] for problem in file.problems))
                if file.state != FileState.STORED:
                    return Outcome(True)
            time.sleep(0.2)
        return Outcome(True)

    def _batch_of(self, path: Path) -> str:
        inside = path.relative_to(self._folder).parts
        title = f"{inside[0] if len(inside) > 1 else self._folder.name} {now().astimezone(OFFICE):%Y-%m-%d}"
        with self._kernel.database.write() as session:
            take_turn(session, "hot-folder", title)
            query = select(Batch).where(
                Batch.owner_id == self._principal.person_id, Batch.title == title, Batch.source == "hot-folder"
            )
            batch = session.scalar(query) or service.open_batch(session, self._principal, title, "hot-folder", request=None)
            return batch.id


def _owner(kernel: Kernel, name: str | None) -> Principal:
    """Whoever the settings name; else a service account, made on first use."""
    with kernel.database.write() as session:
        take_turn(session, "people", name or DEFAULT_OWNER)
        person = session.scalar(select(Person).where(Person.name == (name or DEFAULT_OWNER)))
        if person is None and name is not None:
            raise NotFound(f"hot_folder_owner names {name}, whom the archive does not know. Add the person first.")
        if person is None:
            person = accounts.add_person(session, DEFAULT_OWNER, Role.SERVICE)
        roles = frozenset(Role(held.role) for held in person.roles if held.until is None)
        return Principal(person.id, person.name, roles, person.department)
