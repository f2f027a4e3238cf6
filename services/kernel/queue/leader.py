"""Of several schedulers one leads. The leader's lease is a row that the database's clock judges; it is renewed well before it
runs out. A leader that stood still past its lease may act once more before it notices: whatever it does must bear that.
"""

from __future__ import annotations

import os
import time

from sqlalchemy import delete, or_, select

from services.kernel.clock import database_epoch
from services.kernel.db import Database
from services.kernel.dialects import upsert
from services.kernel.queue.runner import dead_owners, owner_name
from services.kernel.queue.tables import Leader

LEASE_SECONDS = 15.0


class Leadership:
    """The right to do what ``name`` stands for, which one process at most has."""

    def __init__(self, database: Database, name: str, *, owner: str | None = None, seconds: float = LEASE_SECONDS) -> None:
        self._database, self._name, self._seconds = database, name, seconds
        self._owner = owner or owner_name(os.getpid())
        self._sure_until = float("-inf")

    def held(self) -> bool:
        """Whether this process leads; it takes the lead when nobody has it any more. Asks the catalogue only now and then
        while it leads."""
        if time.monotonic() < self._sure_until:
            return True
        asked = time.monotonic()
        if not self._may_take() or not self._take():
            return False
        self._sure_until = asked + self._seconds / 3
        return True

    def resign(self) -> None:
        """Leaves the lead to whoever comes next."""
        self._sure_until = float("-inf")
        with self._database.write() as session:
            session.execute(delete(Leader).where(Leader.name == self._name, Leader.owner == self._owner))

    def _may_take(self) -> bool:
        """Looks first, so that those who wait write nothing."""
        lapsed = (Leader.until < database_epoch()).label("lapsed")
        with self._database.read() as session:
            row = session.execute(select(Leader.owner, lapsed).where(Leader.name == self._name)).one_or_none()
        return row is None or row.lapsed or row.owner == self._owner or bool(dead_owners({row.owner}))

    def _take(self) -> bool:
        with self._database.write() as session:
            owner = session.scalar(select(Leader.owner).where(Leader.name == self._name))
            mine = or_(Leader.owner == self._owner, Leader.until < database_epoch())
            free = or_(mine, Leader.owner.in_(dead_owners({owner} if owner else set())))
            claim = {"owner": self._owner, "until": database_epoch() + self._seconds}
            statement = upsert(session, Leader).values(name=self._name, **claim)
            statement = statement.on_conflict_do_update(index_elements=["name"], set_=claim, where=free)
            return session.scalar(statement.returning(Leader.name)) is not None
