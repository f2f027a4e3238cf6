"""Which look-up keys are live. The first root is the key file's; a rotation adds one that lies in the catalogue, wrapped by the
master key, and takes the older ones away once nothing is found by them alone any more.

While two are live, what is written has digests of the newest, and what is asked for is asked under each.
"""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import Integer, LargeBinary, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from services.kernel.blobs.keys import KEY_BYTES, MasterKey
from services.kernel.clock import UtcDateTime, now
from services.kernel.db import Base
from services.kernel.dialects import share_turn, take_turn
from services.kernel.ledger import journal
from services.kernel.policy.lookup import LookupKeys

TURN = "lookup-keys"


class LookupRoot(Base):
    """A root of look-up keys. ``wrapped`` is None for number 0, which is the key file's, and for those that were retired."""

    __tablename__ = "lookup_roots"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    master: Mapped[str | None] = mapped_column(String(80))
    wrapped: Mapped[bytes | None] = mapped_column(LargeBinary)
    since: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class LookupRing:
    """The live keys of an archive. ``first`` are those of the key file."""

    def __init__(self, first: LookupKeys, master: MasterKey) -> None:
        self._master = master
        self._known = {0: first}
        self.question = first.question

    def live(self, session: Session) -> tuple[LookupKeys, ...]:
        """The newest first."""
        return tuple(self._keys(row) for row in _live(session))

    def newest(self, session: Session) -> LookupKeys:
        """For what is written in this transaction: a rotation waits until it ends, or it waits for the rotation to begin."""
        share_turn(session, TURN)
        return self._keys(_live(session)[0])

    def number(self, session: Session) -> int:
        """The newest root's number."""
        return _live(session)[0].number

    def rotate(self, session: Session, *, actor: str | None) -> int:
        """Adds a root, and returns its number; that of a rotation that was not ended, where there is one."""
        take_turn(session, TURN)
        live = _live(session)
        if len(live) > 1:
            return live[0].number
        number, root = live[0].number + 1, secrets.token_bytes(KEY_BYTES)
        session.add(LookupRoot(number=number, master=self._master.name, wrapped=self._master.wrap(root)))
        journal.append(session, "lookup.rotate", actor=actor, root=number)
        return number

    def retire(self, session: Session, number: int, *, actor: str | None) -> None:
        """Takes away the roots before this one; those that lie in the catalogue are gone with it."""
        take_turn(session, TURN)
        for row in _live(session):
            if row.number < number:
                row.retired_at, row.wrapped = now(), None
        journal.append(session, "lookup.retire", actor=actor, root=number)

    def _keys(self, row: LookupRoot) -> LookupKeys:
        if row.number not in self._known:
            assert row.wrapped is not None, "only a retired root has none"
            self._known[row.number] = LookupKeys(self._master.unwrap(row.wrapped))
        return self._known[row.number]


def _live(session: Session) -> list[LookupRoot]:
    query = select(LookupRoot).where(LookupRoot.retired_at.is_(None)).order_by(LookupRoot.number.desc())
    return list(session.scalars(query.execution_options(populate_existing=True)))
