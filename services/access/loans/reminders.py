"""Reminders of what is due soon, and notices of what is overdue; each at most once a day."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.access.loans.tables import Loan, LoanState
from services.kernel import notices
from services.kernel.clock import OFFICE, now
from services.kernel.db import Database
from services.kernel.dialects import take_turn
from services.kernel.identity.tables import Person
from services.kernel.model import Role
from services.kernel.policy import versions


def remind(database: Database) -> int:
    """Tells borrowers some days before; once it is overdue, their heads and whoever lent it too. Returns how many loans."""
    with database.read() as session:
        due = bool(_due(session))
    if not due:
        return 0
    with database.write() as session:
        take_turn(session, "loan-reminders")
        loans = _due(session)
        for loan in loans:
            _tell(session, loan)
        return len(loans)


def _due(session: Session) -> list[Loan]:
    moment = now()
    soon = moment + timedelta(days=versions.current(session).policy.access.overdue_reminder_days)
    query = select(Loan).where(Loan.state == LoanState.OUT, Loan.due_at <= soon).order_by(Loan.id)
    today = moment.astimezone(OFFICE).date()
    return [loan for loan in session.scalars(query) if not _told_on(loan, today.toordinal(), overdue=loan.due_at < moment)]


def _told_on(loan: Loan, today: int, *, overdue: bool) -> bool:
    """Whether that was said today already, or, before the day it is due, at all."""
    if loan.reminded_at is None:
        return False
    return not overdue or loan.reminded_at.astimezone(OFFICE).date().toordinal() >= today


def _tell(session: Session, loan: Loan) -> None:
    overdue = loan.due_at < now()
    people = [loan.borrower_id]
    if overdue:
        department = session.get_one(Person, loan.borrower_id).department
        heads = notices.holders(session, [Role.DEPARTMENT_HEAD], departments=[department]) if department else []
        people += [*heads, loan.lent_by]
    notices.notify(session, people, "loan.overdue" if overdue else "loan.due", "loan", loan.id, number=loan.number)
    loan.reminded_at = now()
