"""``muniment purge``: the catalogue's files keep nothing of what was deleted."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from services.cli import app
from services.kernel.ids import new_id
from services.kernel.tables import DataKey
from tests.desk import Desk

WRAPPED = b"forty random bytes that were a data key"


def test_what_was_deleted_is_in_no_file_any_more(settings, empty_catalogue, monkeypatch):
    monkeypatch.setenv("MUNIMENT_DATA", str(settings.data))
    monkeypatch.setenv("MUNIMENT_BROKER_URL", "memory://")
    desk = Desk(settings)
    with desk.kernel.database.write() as session:
        key = DataKey(id=new_id(), master="file-1", wrapped=WRAPPED)
        session.add(key)
    with desk.kernel.database.write() as session:
        session.get_one(DataKey, key.id).wrapped = None
    files = list(settings.data.glob("catalogue.db*"))
    assert any(WRAPPED in path.read_bytes() for path in files), "the log has it still"
    desk.close()
    done = CliRunner().invoke(app, ["purge", "--json"], catch_exceptions=False)
    assert done.exit_code == 0 and json.loads(done.stdout) == {"destructions": 0}, done.output
    assert not any(WRAPPED in path.read_bytes() for path in settings.data.glob("catalogue.db*"))
    assert [entry.act for entry in desk.ledger("catalogue.purge")] == ["catalogue.purge"]
    desk.close()
