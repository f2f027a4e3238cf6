"""Runs on record: in the table and on the ledger, from which monitoring tells how old the last good backup is."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.custody.backups.depot import OpenDepot
from services.custody.backups.objects import Copied
from services.custody.backups.sets import BackupSet
from services.custody.backups.tables import Backup, BackupState
from services.kernel.clock import now
from services.kernel.core import Kernel
from services.kernel.errors import MunimentError
from services.kernel.ledger import journal

MADE, TRIED, RESTORED = "backup.make", "backup.verify", "backup.restore"


def begin(session: Session, backup_id: str) -> None:
    """Runs that say they last are of the dead: there is one at a time."""
    for row in session.scalars(select(Backup).where(Backup.state == BackupState.RUNNING)):
        row.state, row.ended_at, row.problems = BackupState.FAILED, now(), ["The process ended."]
    session.add(Backup(id=backup_id))


def end(session: Session, backup: BackupSet, copied: Copied, *, actor: str | None) -> Backup:
    row = session.get_one(Backup, backup.id)
    row.state = BackupState.INCOMPLETE if copied.problems else BackupState.DONE
    row.ended_at, row.ledger_size, row.rows = now(), backup.ledger_size, backup.rows
    row.objects, row.new_bytes, row.problems = backup.table("blobs").rows, copied.written, list(copied.problems)
    told: dict[str, Any] = {"backup": backup.id, "ledger": backup.ledger_size, "rows": row.rows}
    told |= {"objects": row.objects, "bytes": row.new_bytes}
    result = "incomplete" if copied.problems else "ok"
    journal.append(session, MADE, actor=actor, result=result, **told, problems=len(copied.problems))
    return row


def brought_back(session: Session, backup: BackupSet) -> None:
    """The restored catalogue's own row of the backup it came from says that it lasts: that was the moment."""
    row = session.get_one(Backup, backup.id)
    row.state = BackupState.INCOMPLETE if backup.problems else BackupState.DONE
    row.ended_at, row.ledger_size, row.rows = backup.at, backup.ledger_size, backup.rows
    row.objects, row.problems = backup.table("blobs").rows, list(backup.problems)


def fail(kernel: Kernel, backup_id: str, error: BaseException) -> None:
    """Only our own errors have texts that are known to hold no personal data."""
    reason = error.detail if isinstance(error, MunimentError) else type(error).__name__
    with suppress(MunimentError), kernel.database.write() as session:
        row = session.get_one(Backup, backup_id)
        row.state, row.ended_at, row.problems = BackupState.FAILED, now(), [reason]
        journal.append(session, MADE, actor=None, result="failed", backup=backup_id)


def tried(session: Session, backup_id: str, problems: list[str], *, actor: str | None, opened: bool) -> None:
    """Enters how a trial of a restore went; ``opened``: whether each object was opened with its key too."""
    row = session.get(Backup, backup_id)
    if row is not None:  # else it was made before the catalogue was put back
        row.verified_at, row.verify_problems = now(), problems
    result = "damaged" if problems else "ok"
    journal.append(session, TRIED, actor=actor, result=result, backup=backup_id, opened=opened, problems=len(problems))


def is_doubtful(kernel: Kernel) -> bool:
    """Whether the last trial found a fault: then nothing that lies in the stores is believed before it is read."""
    tried = select(Backup.verify_problems).where(Backup.verified_at.is_not(None)).order_by(Backup.verified_at.desc())
    with kernel.database.read() as session:
        return bool(session.scalar(tried.limit(1)))


def whole_before(kernel: Kernel, depot: OpenDepot) -> frozenset[str]:
    """The chunks of ``blobs`` in the last backup that has no fault: their objects need not be asked for again."""
    done = select(Backup.id).where(Backup.state == BackupState.DONE, Backup.pruned_at.is_(None))
    with kernel.database.read() as session:
        last = session.scalar(done.order_by(Backup.begun_at.desc()).limit(1))
    with suppress(MunimentError):
        return frozenset(depot.read(last).table("blobs").chunks) if last else frozenset()
    return frozenset()


def listed(session: Session, *, after: str | None, limit: int) -> list[Backup]:
    """The newest first."""
    query = select(Backup).order_by(Backup.id.desc()).limit(limit)
    return list(session.scalars(query.where(Backup.id < after) if after else query))
