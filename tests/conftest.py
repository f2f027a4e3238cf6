"""What most tests need: settings on a temporary folder, an empty catalogue, an archive in this process."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import services.app  # noqa: F401 - names the tables of all rooms
from services.kernel import migrations
from services.kernel.config import Settings
from services.kernel.db import Database
from tests.desk import Desk


@pytest.fixture(autouse=True, scope="session")
def _no_settings_from_outside() -> None:
    for name in [name for name in os.environ if name.startswith("MUNIMENT_")]:
        del os.environ[name]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A broker in memory: messages go nowhere, which the archive must bear."""
    return Settings(data=tmp_path / "data", broker_url="memory://", pages_per_job=2, workers=1)


@pytest.fixture(scope="session")
def empty_catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("catalogue") / "catalogue.db"
    database = Database(f"sqlite:///{path}")
    migrations.upgrade(database)
    database.close()
    return path


@pytest.fixture
def database(tmp_path: Path, empty_catalogue: Path) -> Iterator[Database]:
    shutil.copy(empty_catalogue, tmp_path / "catalogue.db")
    database = Database(f"sqlite:///{tmp_path / 'catalogue.db'}")
    yield database
    database.close()


@pytest.fixture
def desk(settings: Settings, empty_catalogue: Path) -> Iterator[Desk]:
    settings.data.mkdir(parents=True)
    shutil.copy(empty_catalogue, settings.data / "catalogue.db")
    desk = Desk(settings)
    yield desk
    desk.close()
