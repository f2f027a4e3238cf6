"""``muniment destruction`` against the archive's own API."""

from __future__ import annotations

import json
import re
from contextlib import nullcontext
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli import client
from services.cli import destruction as command
from services.cli.common import INCOMPLETE, REFUSED
from services.kernel.copies import TrackedCopy
from services.kernel.ledger.note import text_of
from services.kernel.model import Role
from services.retention.batches.model import BatchState
from tests.desk import Desk
from tests.destroying import Ready, ready

LOGGED = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[")


@pytest.fixture
def batch(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Ready:
    """Of two items; who asks is an archivist that has played no part."""
    asker, clerk = desk.client(Role.ARCHIVIST), desk.client(Role.CLERK)
    monkeypatch.setattr(client.httpx, "Client", lambda **_: nullcontext(asker))
    return ready(desk, [desk.item(clerk, f"收款收据 {number}") for number in range(2)])


def muniment(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(command.app, arguments)
    assert done.exit_code == code, done.output
    return "\n".join(line for line in done.stdout.splitlines() if not LOGGED.match(line))


def number_of(batch: Ready) -> str:
    (told,) = json.loads(muniment("list", "--json"))
    assert told["id"] == batch.id
    return str(told["number"])


def test_a_batch_from_the_shell(desk: Desk, batch: Ready, tmp_path: Path):
    number = number_of(batch)
    assert muniment("list") == f"{number}  WITNESS_PRECHECKED  2 items  到期档案销毁"
    assert muniment("list", "--state", "CLOSED") == ""
    assert "2 listed" in muniment("show", number)
    batch.begin()
    assert muniment("pause", number) == f"{number}: paused (person)"
    desk.work()
    assert "paused at" in muniment("show", batch.id) and batch.state == BatchState.EXECUTING
    assert json.loads(muniment("resume", number, "--json"))["paused_at"] is None
    muniment("certificate", number, code=REFUSED)
    desk.work()
    batch.purge()
    desk.work()
    assert json.loads(muniment("show", number, "--json"))["execution"]["lines"] == {"destroyed": 2}
    assert batch.sign() == 1
    note = tmp_path / "certificate.txt"
    assert "2 items" in muniment("certificate", number, "--note", str(note))
    key = desk.kernel_of("schedule").signer.verifier_key
    assert f'"number":"{json.loads(muniment("certificate", number, "--json"))["number"]}"' in text_of(
        note.read_text("utf-8"), key
    )


def test_what_stands_in_the_way_is_told(desk: Desk, batch: Ready):
    with desk.kernel.database.write() as session:
        person = batch.executor.person_id
        item = batch.items()[0]
        session.add(TrackedCopy(item_id=item, number=1, form="paper", holder_id=person, made_by=person, ground="policy:0"))
    batch.destroy()
    assert "copies: 1 left" in muniment("show", batch.id, code=INCOMPLETE)
