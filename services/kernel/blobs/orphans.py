"""Objects that no row names: what a transaction left behind that did not come to its end."""

from __future__ import annotations

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from services.kernel.blobs.sealed import SealedStore
from services.kernel.db import Database
from services.kernel.tables import Blob

log = structlog.get_logger("objects")


def discard_unless_kept(database: Database, objects: SealedStore, name: str) -> None:
    """After a failed transaction: removes the object, unless the catalogue does name it, for a commit may have gone through
    although its answer was lost. Where the catalogue cannot be asked, the object stays."""
    try:
        with database.read() as session:
            kept = session.scalar(select(Blob.id).where(Blob.name == name)) is not None
    except SQLAlchemyError:
        log.warning("orphan-left", object=name)
        return
    if not kept:
        objects.delete(name)
