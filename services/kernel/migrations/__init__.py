"""The catalogue's history: one line of migrations for all rooms, the same on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from services.kernel.db import Base, Database

FOLDER = Path(__file__).parent


def upgrade(database: Database, revision: str = "head", then: Callable[[Connection], None] = lambda _: None) -> None:
    """Brings the catalogue to ``revision``; does nothing when it is there. ``then`` ends the same transaction."""
    _run(database, lambda config: command.upgrade(config, revision), then)


def knows(revision: str) -> bool:
    """Whether this program can make tables of that revision."""
    return revision in _revisions()


def downgrade(database: Database, revision: str) -> None:
    _run(database, lambda config: command.downgrade(config, revision))


def is_current(database: Database) -> bool:
    """Whether the catalogue has all that this program needs: the newest revision that it knows, or one that it does not
    know. Then a newer release has been here, which leaves its predecessor able to work: so releases can be exchanged one
    process after another, and taken back."""
    with database.read() as session:  # which waits for no writer, so that readiness can be asked at any time
        present = MigrationContext.configure(session.connection()).get_current_revision()
    return present is not None and present not in _revisions()[1:]


@lru_cache(maxsize=1)
def _revisions() -> tuple[str, ...]:
    """All that this program knows, the newest first; to find out takes half a second, as each is compiled for it."""
    return tuple(each.revision for each in ScriptDirectory(str(FOLDER)).walk_revisions())


def _run(database: Database, act: Callable[[Config], None], then: Callable[[Connection], None] = lambda _: None) -> None:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["metadata"] = Base.metadata
    with database.migrate() as connection:
        config.attributes["connection"] = connection
        act(config)
        then(connection)
