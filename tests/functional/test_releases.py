"""Releases follow each other on one catalogue: a program never runs on an older one, and does run on its successor's."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from sqlalchemy import text

from services import app as composition
from services.kernel import migrations
from services.kernel.config import Settings
from services.kernel.db import Database
from services.kernel.errors import Unavailable
from tests.archive import MUNIMENT, clean_environment


def muniment(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = clean_environment() | {"MUNIMENT_MIGRATE": "false"}
    command = [*MUNIMENT, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=environment, timeout=60)


def test_a_process_that_may_not_migrate_waits_for_the_one_that_does(tmp_path):
    refused = muniment(tmp_path, "user", "add", "张伟", "--role", "admin")
    assert refused.returncode == 4
    assert "muniment migrate" in refused.stderr
    for _ in range(2):
        done = muniment(tmp_path, "migrate")
        assert (done.returncode, "up to date" in done.stdout) == (0, True), done.stderr
    assert muniment(tmp_path, "user", "add", "张伟", "--role", "admin").returncode == 0


def test_an_older_catalogue_is_not_ready(settings, database, catalogue_url):
    migrations.downgrade(database, "-1")
    assert not migrations.is_current(database)
    with pytest.raises(Unavailable, match="muniment migrate"):
        composition.build(settings.model_copy(update={"catalogue_url": catalogue_url, "migrate": False}))


def test_the_release_before_works_on(desk):
    with desk.kernel.database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = 'of-tomorrow'"))
    assert migrations.is_current(desk.kernel.database)
    assert desk.client().get("/readyz").json()["checks"]["catalogue"] == "ok"
    again = composition.build(desk.settings)
    with again.kernel.database.read() as session:
        assert session.scalar(text("SELECT version_num FROM alembic_version")) == "of-tomorrow", "and nothing takes it back"


def test_an_empty_catalogue_is_not_taken_for_a_newer_one(tmp_path):
    assert not migrations.is_current(Database(Settings(data=tmp_path / "data").catalogue))
