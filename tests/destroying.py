"""Batches that are ready to be destroyed, put together in the catalogue: how people bring one so far is other tests' matter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from services.kernel import series
from services.kernel.approvals.tables import Approval
from services.kernel.clock import now
from services.kernel.identity import duties
from services.kernel.identity.duties import Duty
from services.kernel.identity.rights import Principal
from services.kernel.model import ItemState, Role
from services.kernel.policy import versions
from services.kernel.removal import sediment
from services.kernel.tables import Item
from services.retention import calendar
from services.retention import facts as known
from services.retention.batches import facts
from services.retention.batches.duty import KIND, subject_of
from services.retention.batches.model import BatchState, LineState
from services.retention.batches.tables import DestructionBatch, DestructionLine, DestructionWitness
from services.retention.destruction import issue, service
from services.retention.tables import RetentionEvent
from tests.desk import Desk


@dataclass(frozen=True)
class Ready:
    """A batch whose witnesses have counted."""

    desk: Desk
    id: str
    executor: Principal
    witnesses: tuple[Principal, ...]

    def begin(self, *, pace: int | None = None) -> None:
        with self.desk.kernel.database.write() as session:
            service.begin(session, self.executor, session.get_one(DestructionBatch, self.id), pace=pace, request=None)

    def resume(self) -> None:
        with self.desk.kernel.database.write() as session:
            service.resume(session, self.executor, session.get_one(DestructionBatch, self.id), request=None)

    def purge(self) -> None:
        """What the owner of PostgreSQL's tables does, whom no worker is."""
        if self.desk.kernel.database.engine.dialect.name == "postgresql":
            sediment.purge(self.desk.kernel.database, actor=None)
            service.purged(self.desk.kernel.database)

    def destroy(self) -> None:
        """All the way, up to what the witnesses sign."""
        self.begin()
        self.desk.work()
        self.purge()
        self.desk.work()

    def sign(self) -> int:
        """The witnesses sign, and the scheduler closes what it can; returns how many batches that were."""
        with self.desk.kernel.database.write() as session:
            mine = update(DestructionWitness).where(DestructionWitness.batch_id == self.id)
            session.execute(mine.values(signed_at=now(), signed_items=self.lines(LineState.DESTROYED)))
        kernel = self.desk.kernel_of("schedule")
        return issue.due(kernel.database, kernel.signer)

    def items(self) -> list[str]:
        """In the order of the lines."""
        with self.desk.kernel.database.read() as session:
            its = select(DestructionLine.item_id).where(DestructionLine.batch_id == self.id)
            return list(session.scalars(its.order_by(DestructionLine.position)))

    @property
    def state(self) -> str:
        with self.desk.kernel.database.read() as session:
            return session.get_one(DestructionBatch, self.id).state

    def lines(self, state: LineState) -> int:
        with self.desk.kernel.database.read() as session:
            here = (DestructionLine.batch_id == self.id, DestructionLine.state == state)
            return session.scalar(select(func.count()).select_from(DestructionLine).where(*here)) or 0


def ready(desk: Desk, items: Sequence[str]) -> Ready:
    """Proposed, approved and counted; by rows."""
    proposer, executor = desk.person(Role.ARCHIVIST)[0], desk.person(Role.ARCHIVIST)[0]
    witnesses = tuple(desk.person(Role.WITNESS)[0] for _ in range(2))
    leaders = [desk.person(role)[0] for role in (Role.DEPARTMENT_HEAD, Role.COMPANY_LEADER)]
    with desk.kernel.database.write() as session:
        batch = DestructionBatch(
            number=series.of_this_year(session, "XH"),
            title="到期档案销毁",
            state=BatchState.WITNESS_PRECHECKED,
            method="cryptographic_erase",
            key_id=desk.kernel_of("filing").vault.new_key(session).id,
            created_by=proposer.person_id,
            manifest_sha256="ab" * 32,
            policy=0,
        )
        session.add(batch)
        session.flush()
        duties.note(session, Duty.PROPOSE, subject_of(batch), proposer.person_id)
        for person, capacity in zip(witnesses, ("supervisor", "electronic"), strict=True):
            session.add(
                DestructionWitness(
                    batch_id=batch.id,
                    person_id=person.person_id,
                    capacity=capacity,
                    named_by=proposer.person_id,
                    counted_at=now(),
                    counted_items=len(items),
                    matched=True,
                )
            )
        session.execute(update(Item).where(Item.id.in_(items)).values(state=ItemState.APPROVED))
        _fall_due(session, items, by=proposer.person_id)
        told = facts.gather(session, items)
        assert all(told[each].is_due(calendar.today()) for each in items)
        for position, item_id in enumerate(items):
            frozen = told[item_id].columns(item_id)
            session.add(DestructionLine(batch_id=batch.id, item_id=item_id, position=position, opinion="destroy", **frozen))
        for number, role in enumerate((Role.DEPARTMENT_HEAD, Role.COMPANY_LEADER)):
            leader = leaders[number]
            session.add(
                Approval(
                    kind=KIND,
                    subject_id=batch.id,
                    digest=batch.manifest_sha256,
                    round=number,
                    approver=0,
                    role=role,
                    person_id=leader.person_id,
                    natural_id=leader.natural_id,
                    approves=True,
                    policy=0,
                )
            )
        return Ready(desk, batch.id, executor, witnesses)


def _fall_due(session: Session, items: Sequence[str], *, by: str) -> None:
    """Whatever starts their clocks happened long ago."""
    policy = versions.current(session).policy
    for item_id in items:
        for name in policy.retention[known.class_of(policy, session.get_one(Item, item_id))].triggers:
            session.add(RetentionEvent(name=name, day=date(1980, 1, 1), item_id=item_id, by_id=by))
    session.flush()
