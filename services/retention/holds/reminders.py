"""Reminders that a hold wants a look: it does not end by itself (到期提醒)."""

from __future__ import annotations

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from services.kernel import notices
from services.kernel.clock import now
from services.kernel.db import Database
from services.kernel.dialects import take_turn
from services.kernel.holds import Hold
from services.kernel.ledger import journal
from services.kernel.model import Role


def remind(database: Database) -> int:
    """Tells whoever placed a hold, and the archivists, once its day has come. Returns how many holds."""
    with database.read() as session:
        if session.execute(_due().limit(1)).first() is None:
            return 0
    with database.write() as session:
        take_turn(session, "hold-reminders")
        rows = session.execute(_due()).all()
        archivists = notices.holders(session, [Role.ARCHIVIST])
        for row in rows:
            notices.notify(session, [row.placed_by, *archivists], "hold.review", "hold", row.id, number=row.number)
            _told(session, row.id)
        if rows:
            journal.append(session, "hold.remind", actor=None, holds=[row.id for row in rows])
        return len(rows)


def _due() -> Select[str, str, str | None]:
    query = select(Hold.id, Hold.placed_by, Hold.number).order_by(Hold.id)
    return query.where(Hold.released_at.is_(None), Hold.remind_on <= now(), Hold.reminded_at.is_(None))


def _told(session: Session, hold_id: str) -> None:
    session.execute(update(Hold).where(Hold.id == hold_id).values(reminded_at=now()))
