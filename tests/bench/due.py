"""The due list of so many items, in seconds of processor time, the database server's own included."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

import psutil
from sqlalchemy import func, insert, select, text

from services.kernel.ids import new_id
from services.kernel.model import ItemState, Role
from services.kernel.queue.jobs import claim
from services.kernel.queue.stages import Queue, Stage
from services.kernel.tables import Item
from services.retention.runs import service as runs
from services.retention.runs.tasks import AssessHandler
from services.retention.tables import RetentionEvent, RetentionRun
from tests.desk import Desk
from tests.papers import Papers

LONG_AGO, LATELY = date(1980, 1, 1), date(2026, 1, 1)
BESIDE = 10
"""One item in so many is not due."""
ROWS = 5_000


def due_list(desk: Desk, count: int) -> dict[str, Any]:
    actor = desk.person(Role.ARCHIVIST)[0]
    _age(desk, count)
    with desk.kernel.database.write() as session:
        run = runs.order_now(session, actor, request=None).id
    _assess(desk)  # the first list there is waits for a person
    with desk.kernel.database.write() as session:
        runs.confirm(session, actor, run, request=None)
    began, used = time.monotonic(), processor(desk)
    memory = psutil.Process().memory_info().rss
    _assess(desk)
    told = {"processor_seconds": round(processor(desk) - used, 2), "seconds": round(time.monotonic() - began, 2)}
    grown = psutil.Process().memory_info().rss - memory
    with desk.kernel.database.read() as session:
        found = session.scalar(select(func.count()).select_from(Item).where(Item.state == ItemState.DUE))
        assert found == count == session.get_one(RetentionRun, run).counts["due"], found
    return {"items": count + count // BESIDE, "due": found} | told | {"grown_mb": round(grown / 2**20, 1)}


def _assess(desk: Desk) -> None:
    lease = claim(desk.kernel.database, [Queue.INDEXING], "bench", seconds=600)
    assert lease is not None and lease.stage is Stage.ASSESS, lease
    AssessHandler(desk.kernel)(lease)


def _age(desk: Desk, count: int) -> None:
    """So many vouchers whose clocks are over, and some leases whose are not; all under one data key, which no schedule asks."""
    papers = Papers(desk)
    like = papers.one(papers.item("lease_contract"))
    row = {column.name: getattr(like, column.name) for column in Item.__table__.c}
    kinds = (
        ("payment_voucher", ("fiscal_year_ended_on", "debts_settled_on"), LONG_AGO, count),
        ("lease_contract", ("lease_ended_on", "deposit_settled_on"), LATELY, count // BESIDE - 1),
    )
    with desk.kernel.database.write() as session:
        for type_, triggers, day, many in kinds:
            for start in range(0, many, ROWS):
                ids = [new_id() for _ in range(min(ROWS, many - start))]
                session.execute(insert(Item), [row | {"id": each, "type": type_} for each in ids])
                events = [
                    {"name": name, "day": day, "item_id": each, "by_id": papers.owner} for each in ids for name in triggers
                ]
                session.execute(insert(RetentionEvent), events)


def processor(desk: Desk) -> float:
    """Seconds that this process, and the database server for it, have used."""
    used = time.process_time()
    engine = desk.kernel.database.engine
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            ours = text("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
            for pid in connection.scalars(ours):
                times = psutil.Process(pid).cpu_times()
                used += times.user + times.system
    return used
