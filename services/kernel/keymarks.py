"""One archive, one set of keys. A process that is given another key folder, or none and so makes a new one, would write what
no other process can open, and look identifiers up by digests that nobody else makes: it is refused before it does.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.db import Base, Database
from services.kernel.dialects import insert_once
from services.kernel.errors import Conflict


class KeyMark(Base):
    """What tells whether a key is the one that this archive was begun with, and tells nothing else of it."""

    __tablename__ = "key_marks"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    mark: Mapped[str] = mapped_column(String(64))


def hold_to(database: Database, secrets: Mapping[str, bytes], *, begins: bool = True) -> None:
    """Remembers the keys of a new archive, where these may begin one. Raises ``Conflict`` when one is not that of this archive;
    ``secrets`` are 256 random bits each, or a public key, by name."""
    marks = {
        name: hmac.digest(secret, f"muniment/key-mark/1/{name}".encode(), "sha256").hex() for name, secret in secrets.items()
    }
    known = _known(database)
    missing = marks.keys() - known.keys()
    if missing and not begins:
        raise Conflict("The archive does not know these keys yet. Start a process first that has the master key.")
    if missing:
        with database.write() as session:
            for name in sorted(missing):
                insert_once(session, KeyMark, name=name, mark=marks[name])
        known = _known(database)  # of two that begin at once, one was first
    for name, mark in marks.items():
        if known[name] != mark:
            raise Conflict(
                f"The {name} key is not the one that this archive was begun with. Give this process the archive's own key "
                "folder (MUNIMENT_KEYS), or put it back; content is lost if it is written under another."
            )


def _known(database: Database) -> dict[str, str]:
    with database.read() as session:
        return {row.name: row.mark for row in session.scalars(select(KeyMark))}
