"""The catalogue's history: one line of migrations for all rooms, the same on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from services.kernel.db import Base, Database

if TYPE_CHECKING:
    from alembic.config import Config

FOLDER = Path(__file__).parent


def upgrade(database: Database, revision: str = "head", then: Callable[[Connection], None] = lambda _: None) -> None:
    """Brings the catalogue to ``revision``; does nothing when it is there. ``then`` ends the same transaction."""
    from alembic import command

    _run(database, lambda config: command.upgrade(config, revision), then)


def knows(revision: str) -> bool:
    """Whether this program can make tables of that revision."""
    return revision in _revisions()


def downgrade(database: Database, revision: str) -> None:
    from alembic import command

    _run(database, lambda config: command.downgrade(config, revision))


def is_current(database: Database) -> bool:
    """Whether the catalogue has all that this program needs: the newest revision that it knows, or one that it does not
    know. Then a newer release has been here, which leaves its predecessor able to work: so releases can be exchanged one
    process after another, and taken back."""
    with database.read() as session:  # which waits for no writer, so that readiness can be asked at any time
        if not inspect(session.connection()).has_table("alembic_version"):
            return False
        present = session.scalar(text("SELECT version_num FROM alembic_version"))
    return present is not None and present not in _revisions() - {max(_revisions())}


@lru_cache(maxsize=1)
def _revisions() -> frozenset[str]:
    """All that this program knows: each file's name begins with its own, and the newest with the highest."""
    return frozenset(each.name.partition("_")[0] for each in (FOLDER / "versions").glob("[0-9]*.py"))


def _run(database: Database, act: Callable[[Config], None], then: Callable[[Connection], None] = lambda _: None) -> None:
    from alembic.config import Config  # half a second with what it loads, and most processes change no table

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["metadata"] = Base.metadata
    with database.migrate() as connection:
        config.attributes["connection"] = connection
        act(config)
        then(connection)
