"""``muniment retention`` against the archive's own API."""

from __future__ import annotations

import json
from contextlib import contextmanager

import pytest
from typer.testing import CliRunner

from services.cli import retention as command
from services.cli.client import Api
from tests.desk import Desk
from tests.functional.test_retention import Office, changed


@pytest.fixture
def office(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Office:
    made = Office(desk, monkeypatch)

    @contextmanager
    def connected():
        yield Api(made.archivist)

    monkeypatch.setattr(command, "connected", connected)
    return made


def muniment(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(command.app, arguments)
    assert done.exit_code == code, done.output
    return done.stdout


def test_what_is_due_and_why_and_what_would_be(office, tmp_path):
    items = [office.papers.item("complaint_record") for _ in range(2)]
    office.begin()
    office.record("case_closed_on", item_ids=items[:1])
    office.record("case_closed_on", "2020-01-01", item_ids=items[1:])
    assert json.loads(muniment("run", "--json"))["state"] == "ordered"
    office.desk.work()
    assert [each["item_id"] for each in json.loads(muniment("due", "--json"))] == items[:1]
    assert f"2010-01-31  complaint  {items[0]}" in muniment("due", "--class", "complaint")
    assert muniment("due", "--class", "lease") == ""
    assert "It is due on 2030-01-01." in muniment("why", items[1])
    policy = tmp_path / "policy.yaml"
    policy.write_text(changed(complaint={"years": 5}), "utf-8")
    assert "complaint: 1 → 2 due, 1 newly" in muniment("simulate", str(policy), code=1)
    assert json.loads(muniment("simulate", "--day", "2026-11-28", "--json"))["total"]["newly_due"] == 0
