"""Objects and the rows that name them: entered together, and what no row names is not left behind."""

from __future__ import annotations

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.kernel.blobs.sealed import SealedStore, Stored
from services.kernel.db import Database
from services.kernel.dialects import take_turn
from services.kernel.errors import MunimentError, Withheld
from services.kernel.queue import jobs
from services.kernel.queue.stages import Stage
from services.kernel.tables import Blob

log = structlog.get_logger("objects")


def enter(session: Session, stored: Stored, key_id: str, media_type: str) -> Blob:
    """The row of a stored object. Whether the object is kept is settled when this transaction ends, and not before."""
    take_turn(session, "object", stored.name)
    blob = Blob(
        key_id=key_id,
        name=stored.name,
        sha256=stored.sha256,
        stored_sha256=stored.stored_sha256,
        size=stored.size,
        media_type=media_type,
    )
    session.add(blob)
    session.flush()
    return blob


def discard_unless_kept(database: Database, objects: SealedStore, name: str) -> None:
    """After a failed transaction: removes the object, or has it removed by a process that may; unless the catalogue does name
    it, for a commit may have gone through although its answer was lost. Where that cannot be asked, the object stays."""
    try:
        if not is_kept(database, name):
            _remove(database, objects, name)
    except MunimentError as error:  # the failure that brought us here is the one to tell
        log.warning("orphan-left", object=name, cause=error.code)


def is_kept(database: Database, name: str) -> bool:
    """Whether a row names the object, now or once the transaction has ended that may yet name it."""
    return _is_named(database, name) or _is_named_in_the_end(database, name)


def _remove(database: Database, objects: SealedStore, name: str) -> None:
    try:
        objects.delete(name)
    except Withheld:
        with database.write() as session:
            jobs.enqueue(session, Stage.DISCARD, name, {"object": name})


def _is_named_in_the_end(database: Database, name: str) -> bool:
    """Asks again once the transaction that would name it is over: a server may still be at a commit whose client it lost."""
    with database.read() as session:
        take_turn(session, "object", name)
    return _is_named(database, name)


def _is_named(database: Database, name: str) -> bool:
    with database.read() as session:
        return session.scalar(select(Blob.id).where(Blob.name == name)) is not None
