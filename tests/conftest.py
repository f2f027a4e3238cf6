"""What most tests need: settings on a temporary folder, an empty catalogue, an archive in this process."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis

import services.tables  # noqa: F401
from services.kernel import migrations
from services.kernel.config import Settings
from services.kernel.db import Database
from tests import compiled, databases, roles
from tests.desk import Desk

hypothesis.register_profile("muniment", deadline=None)  # how long an example takes is no finding
hypothesis.load_profile("muniment")
compiled.share()


def pytest_collection_finish(session: pytest.Session) -> None:
    """What is loaded now stays: to go through it again and again, for what may be thrown away, took a seventh of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What needs a server is never skipped: nobody would notice."""
    report = yield
    if report.skipped and item.get_closest_marker("cluster"):
        report.outcome = "failed"
    return report


@pytest.fixture(autouse=True, scope="session")
def _no_settings_from_outside() -> None:
    """But for the servers that tests may use."""
    ours = ("MUNIMENT_TEST_", "MUNIMENT_CLUSTER_")
    for name in [name for name in os.environ if name.startswith("MUNIMENT_") and not name.startswith(ours)]:
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


@pytest.fixture(scope="session")
def postgresql_template() -> Iterator[str]:
    """The name of a migrated PostgreSQL database, to be copied; what each account may do in it is settled there."""
    with databases.postgresql() as url:
        database = Database(url)
        migrations.upgrade(database)
        database.close()
        roles.grant(url)
        yield databases.name_of(url)
    roles.forget(databases.server())


@pytest.fixture(params=databases.CATALOGUES)
def catalogue_url(request: pytest.FixtureRequest, settings: Settings) -> Iterator[str]:
    """A migrated catalogue without rows."""
    if request.param == "sqlite":
        settings.data.mkdir(parents=True)
        shutil.copy(request.getfixturevalue("empty_catalogue"), settings.data / "catalogue.db")
        yield settings.catalogue
        return
    with databases.postgresql(request.getfixturevalue("postgresql_template")) as url:
        yield url


@pytest.fixture
def database(catalogue_url: str) -> Iterator[Database]:
    database = Database(catalogue_url)
    yield database
    database.close()


@pytest.fixture
def desk(settings: Settings, catalogue_url: str) -> Iterator[Desk]:
    desk = Desk(settings.model_copy(update={"catalogue_url": catalogue_url}))
    yield desk
    desk.close()
