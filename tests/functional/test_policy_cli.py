"""``muniment policy`` against the archive's own API: YAML out, changed, in, decided by another."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager

import pytest
from typer.testing import CliRunner

from services.cli import policy as command
from services.cli.client import Api, Refusal
from services.kernel.model import Role
from tests.desk import Desk, TestClient

LOGGED = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[")


class Terminal:
    def __init__(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        self.who: TestClient = desk.client(Role.STAFF)

        @contextmanager
        def connected():
            yield Api(self.who)

        monkeypatch.setattr(command, "connected", connected)

    def muniment(self, *arguments: str) -> str:
        """What it prints, beside what the archive logs, which is in the same process here."""
        done = CliRunner().invoke(command.app, arguments, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return "\n".join(line for line in done.stdout.splitlines() if not LOGGED.match(line))


def test_a_policy_goes_out_is_changed_and_comes_back(desk, tmp_path, monkeypatch):
    terminal = Terminal(desk, monkeypatch)
    file = tmp_path / "policy.yaml"
    held = terminal.muniment("show")
    file.write_text(held.replace("loan_days: 14", "loan_days: 21"), "utf-8")
    terminal.who = desk.client(Role.ARCHIVIST)
    number = json.loads(terminal.muniment("propose", str(file), "--reason", "借阅放宽"))["number"]
    assert "+  loan_days: 21" in terminal.muniment("changes", str(number))
    with pytest.raises(Refusal):
        terminal.muniment("decide", str(number))
    terminal.who = desk.client(Role.COMPANY_LEADER)
    assert json.loads(terminal.muniment("decide", str(number)))["state"] == "in_force"
    assert terminal.muniment("show") == file.read_text("utf-8").strip("\n")
    assert terminal.muniment("show", "--version", "0") == held
    assert terminal.muniment("list").startswith(f"{number}  in_force  ")
