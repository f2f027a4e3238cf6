"""Taking in. A file is acknowledged only once its master is stored and its row, its ledger entry and its job are committed
together; whatever happens before that leaves nothing behind.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from services.ingest import repository
from services.kernel import tracing
from services.kernel.blobs.keys import KEY_BYTES
from services.kernel.blobs.orphans import discard_unless_kept, enter
from services.kernel.blobs.sealed import SealedWriter, Stored
from services.kernel.config import Settings
from services.kernel.core import Kernel
from services.kernel.errors import Forbidden, InvalidInput, NotFound, TooLarge
from services.kernel.http import idempotency
from services.kernel.identity.rights import CONTENT_OF_ALL, Principal, Right
from services.kernel.ids import new_id
from services.kernel.ledger import journal
from services.kernel.model import FileState
from services.kernel.policy.masks import mask_identifiers
from services.kernel.queue import jobs
from services.kernel.queue.stages import Stage
from services.kernel.tables import Batch, File

NAME_CONTEXT = "files.name"
LONGEST_NAME = 255


def open_batch(session: Session, principal: Principal, title: str, source: str, *, request: str | None) -> Batch:
    """A title is read by whoever sees the batch, so a number that names a person is masked in it."""
    batch = Batch(owner_id=principal.person_id, title=mask_identifiers(title), source=source)
    session.add(batch)
    session.flush()
    journal.append(session, "batch.open", actor=principal.person_id, request=request, batch=batch.id)
    return batch


def batch_for(session: Session, principal: Principal, batch_id: str) -> Batch:
    """A batch that this person may see: the own ones, and all for an archivist. Raises ``NotFound`` alike for a batch that
    is another's and one that is not there."""
    batch = session.get(Batch, batch_id)
    if batch is None or (batch.owner_id != principal.person_id and not principal.roles & CONTENT_OF_ALL):
        raise NotFound("There is no such batch among yours. Open one with POST /api/v1/batches.")
    return batch


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was acknowledged."""

    id: str
    sha256: str
    size: int
    duplicate_of: str | None

    def to_json(self) -> dict[str, Any]:
        return {"id": self.id, "sha256": self.sha256, "size": self.size, "duplicate_of": self.duplicate_of}


class Reception:
    """One file on its way in. ``write`` its bytes, then ``finish``; or ``abort``, and nothing remains."""

    def __init__(
        self,
        kernel: Kernel,
        principal: Principal,
        batch_id: str,
        name: str,
        *,
        request: str | None = None,
        idempotency_key: str | None = None,
    ) -> None:
        if not principal.may(Right.DELIVER):
            raise Forbidden("Only those who deliver may hand in files. Ask a clerk.")
        with kernel.database.read() as session:
            batch_for(session, principal, batch_id)
        self._kernel, self._principal, self._batch_id, self._request = kernel, principal, batch_id, request
        self._idempotency_key, self._route = idempotency_key, f"batches/{batch_id}/files"
        self._name = clean_name(name)
        self._key = secrets.token_bytes(KEY_BYTES)
        self._writer: SealedWriter = kernel.objects.create(self._key)

    def write(self, data: bytes) -> None:
        self._writer.write(data)
        try:
            check_size(self._kernel.settings, self._writer.size)
        except TooLarge:
            self.abort()
            raise

    def abort(self) -> None:
        self._writer.abort()

    def finish(self) -> Receipt:
        """Raises ``Conflict`` when the idempotency key was used for another file."""
        with tracing.span("ingest.receive"):
            stored = self._writer.finish()
            try:
                with self._kernel.database.write() as session:
                    return self._once(session, stored)
            finally:  # of a duplicate, a repetition and a failure nothing is kept
                discard_unless_kept(self._kernel.database, self._kernel.objects, stored.name)

    def _once(self, session: Session, stored: Stored) -> Receipt:
        body = idempotency.once(
            session,
            self._principal,
            self._route,
            self._idempotency_key,
            {"name": self._name, "sha256": stored.sha256},
            lambda: self._enter(session, stored).to_json(),
        )
        return Receipt(**body)

    def _enter(self, session: Session, stored: Stored) -> Receipt:
        vault = self._kernel.vault
        key = vault.adopt_key(session, self._key)
        twin = repository.same_content(session, stored.sha256)
        file = File(
            id=new_id(),
            batch_id=self._batch_id,
            key_id=key.id,
            name_sealed=vault.seal_text(session, key.id, NAME_CONTEXT, self._name),
            sha256=stored.sha256,
            size=stored.size,
            state=FileState.STORED,
        )
        if twin is None:
            self._keep(session, file, stored)
        else:
            repository.mark_duplicate(file, twin)
        session.add(file)  # whole, so that intake needs no right to change a file
        act = "file.receive" if twin is None else "file.duplicate"
        journal.append(session, act, actor=self._principal.person_id, request=self._request, file=file.id, sha256=file.sha256)
        return Receipt(file.id, file.sha256, file.size, file.duplicate_of)

    def _keep(self, session: Session, file: File, stored: Stored) -> None:
        file.master_id = enter(session, stored, file.key_id, "application/octet-stream").id
        jobs.enqueue(session, Stage.INSPECT, file.id, {"file": file.id}, batch=self._batch_id)


def check_size(settings: Settings, size: int) -> None:
    """Raises ``TooLarge`` for more bytes than one file may have."""
    limit = settings.max_file_bytes
    if size > limit:
        raise TooLarge(f"A file may have at most {limit:,} bytes. Split the scan, or ask the administrator to raise the limit.")


def clean_name(name: str) -> str:
    """The last part of a path, printable; what scanners and browsers send is never used as a path."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    cleaned = "".join(character for character in last if character.isprintable()).strip()[:LONGEST_NAME]
    if not cleaned:
        raise InvalidInput("The file has no name. Send it with a filename.")
    return cleaned
