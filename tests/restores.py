"""Backups of a desk's archive, restored beside it by the command, as an operator would."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from services.cli import app as muniment
from services.custody.backups import making
from services.custody.backups.tables import Backup
from services.kernel import tombstones
from services.kernel.config import Settings
from services.kernel.errors import MunimentError
from services.kernel.model import ItemState
from services.kernel.removal import inventory, rows
from services.kernel.tables import Item
from tests import databases
from tests.desk import Desk


def made(desk: Desk, **options: Any) -> Backup:
    return making.make(desk.kernel, desk.archive.backups(), actor=None, **options)


def destroy(desk: Desk, *items: str, batch: str = "0" * 36) -> list[str]:
    """Destroys items as a batch does, with tombstones and in every store; returns the names of their objects."""
    gone = []
    for item_id in items:
        with desk.kernel.database.write() as session:
            item = session.get_one(Item, item_id)
            all_of_it = inventory.of(session, item)
            item.state = ItemState.DESTROYING
            told = {"keys": all_of_it.keys, "objects": all_of_it.objects, "files": all_of_it.files}
            stone = tombstones.raise_for(session, item_id, batch=batch, actor=None, **told)
        tombstones.lay_down(desk.archive.checkpoints, stone)
        names = [name for name, _ in all_of_it.objects]
        for name in names:
            desk.kernel.objects.delete(name)
        desk.archive.index.delete([item_id])
        with desk.kernel.database.write() as session:
            rows.remove(session, item_id, objects=names, files=all_of_it.files, keys=all_of_it.keys)
        gone += names
    return gone


@dataclass
class Place:
    """An empty place beside an archive, with a copy of its key folder."""

    desk: Desk
    settings: Settings

    def restore(self, *options: str, source: Path | None = None) -> tuple[int, dict[str, Any], str]:
        """Exit code, what was told as JSON, and the message where it was refused."""
        given = source or self.desk.settings.data.with_name("data.backups")
        arguments = ["restore", str(given), "--data", str(self.settings.data), "--json", *self._where(options)]
        done = CliRunner().invoke(muniment, arguments, env=self._environment())
        if isinstance(done.exception, MunimentError):
            return 3, {}, done.exception.detail
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, json.loads(done.stdout), ""

    def opened(self) -> Desk:
        """The archive that was restored."""
        return Desk(self.settings)

    def _where(self, options: tuple[str, ...]) -> list[str]:
        beside = self.desk.settings.data
        found = list(options)
        for option, folder in (("--keys-from", "data.key-backups"), ("--ledger-from", "data.ledger")):
            if option not in options:
                found += [option, str(beside.with_name(folder))]
        return found

    def _environment(self) -> dict[str, str]:
        told = {"MUNIMENT_KEYS": str(self.settings.keys_folder), "MUNIMENT_BROKER_URL": "memory://"}
        return told | ({"MUNIMENT_CATALOGUE_URL": self.settings.catalogue_url} if self.settings.catalogue_url else {})


@contextmanager
def empty_place(desk: Desk, folder: Path, *, other: bool = False) -> Iterator[Place]:
    """On the same kind of catalogue as the desk's, or on the other."""
    same = {"data": folder / "other", "keys": desk.settings.keys_folder}
    if desk.settings.catalogue.startswith("postgresql") is other:
        yield Place(desk, Settings(broker_url="memory://", **same))
        return
    with databases.postgresql() as url:
        yield Place(desk, Settings(broker_url="memory://", catalogue_url=url, **same))
