"""Checkpoints and proofs as an auditor gets them over HTTP, and verified where there is neither archive nor network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import update

from services import work
from services.kernel.ledger.merkle import leaf_hash
from services.kernel.ledger.note import verify
from services.kernel.ledger.proof_files import Consistency, Inclusion
from services.kernel.ledger.tables import LedgerEntry
from services.kernel.ledger.verification import checkpoints_in
from services.kernel.model import Role
from tests.archive import RunningArchive
from tests.desk import Desk, TestClient, ok
from tests.functional.test_offline import isolated, talkative

ROOT = Path(__file__).parents[2]


@pytest.fixture
def auditor(desk: Desk) -> TestClient:
    return desk.client(Role.AUDITOR)


@pytest.fixture(autouse=True)
def some_entries(desk: Desk) -> None:
    clerk = desk.client(Role.CLERK)
    for _ in range(7):
        clerk.get("/api/v1/items").raise_for_status()


def tick(desk: Desk) -> None:
    """A second of the leading scheduler, with no more rights than its process has."""
    for duty in work.seconds(desk.archive_of("schedule")):
        duty()


def signed(auditor: TestClient) -> list[dict]:
    return ok(auditor.get("/api/v1/audit/checkpoints"))["checkpoints"]


def test_the_scheduler_signs_and_the_auditor_sees_it(desk, auditor):
    before = ok(auditor.get("/api/v1/audit/checkpoints"))
    assert before["checkpoints"] == [] and before["unsigned"] == before["entries"] > 5
    tick(desk)
    told = ok(auditor.get("/api/v1/audit/checkpoints"))
    (checkpoint,) = told["checkpoints"]
    assert checkpoint["stored"] and told["unsigned"] == 0
    assert verify(checkpoint["note"], told["public_key"]).size == checkpoint["size"] == told["entries"]
    assert auditor.get(f"/api/v1/audit/checkpoints/{checkpoint['size']}").text == checkpoint["note"]
    stored = [name for name in desk.archive.checkpoints.names() if name.startswith("checkpoint-")]
    assert stored == [f"checkpoint-{checkpoint['size']:015}"]
    latest = auditor.get("/api/v1/audit/checkpoints/latest").text
    assert verify(latest, told["public_key"]).size == told["entries"]


def test_every_entry_has_a_proof_and_each_proof_is_entered(desk, auditor):
    tick(desk)
    key = ok(auditor.get("/api/v1/audit/checkpoints"))["public_key"]
    for entry in desk.ledger():
        answer = auditor.get(f"/api/v1/audit/entries/{entry.position}/proof")
        proof = Inclusion.parse(answer.text)
        assert proof.data == entry.data and proof.check(key).size > entry.position
        assert f"entry-{entry.position}.tlog-proof" in answer.headers["content-disposition"]
        asked = json.loads(desk.ledger("ledger.prove")[-1].data)
        assert asked["details"] == {"entry": entry.position}
    assert auditor.get("/api/v1/audit/entries/999999/proof").status_code == 404


def test_the_ledger_is_proven_to_go_on(desk, auditor):
    tick(desk)
    first = signed(auditor)[0]
    auditor.get("/api/v1/audit/entries").raise_for_status()
    key = ok(auditor.get("/api/v1/audit/checkpoints"))["public_key"]
    answer = auditor.get("/api/v1/audit/consistency", params={"old": first["size"]})
    before, after = Consistency.parse(answer.text).check(first["note"], key)
    assert before.size == first["size"] < after.size
    assert auditor.get("/api/v1/audit/consistency", params={"old": first["size"] + 1}).status_code == 404
    same = auditor.get("/api/v1/audit/consistency", params={"old": first["size"], "new": first["size"]})
    assert Consistency.parse(same.text).path == ()


def tamper(desk: Desk, position: int) -> None:
    entry = desk.ledger()[position]
    forged = entry.data.replace(b'"actor":', b'"acted":')
    with desk.kernel.database.write() as session:
        values = {"data": forged, "leaf_hash": leaf_hash(forged)}
        session.execute(update(LedgerEntry).where(LedgerEntry.position == position).values(**values))


def test_a_changed_past_is_an_alarm_and_no_proof(desk, auditor):
    tick(desk)
    size = signed(auditor)[0]["size"]
    tamper(desk, 3)
    for address in ("entries/3/proof", "entries/2/proof", f"consistency?old={size}", "checkpoints/latest"):
        answer = auditor.get(f"/api/v1/audit/{address}")
        assert answer.status_code == 500 and answer.json()["type"].endswith(":integrity"), address


def test_nobody_but_the_auditor_gets_one(desk):
    for role in set(Role) - {Role.AUDITOR}:
        client = desk.client(role)
        for address in ("checkpoints", "checkpoints/latest", "checkpoints/1", "consistency?old=1", "entries/0/proof"):
            assert client.get(f"/api/v1/audit/{address}").status_code == 403


def test_an_archive_that_is_served_signs_by_itself(tmp_path):
    with RunningArchive(tmp_path / "data") as archive, archive.client("auditor") as client:
        end = time.monotonic() + 120
        while not (told := client.get("/api/v1/audit/checkpoints").raise_for_status().json())["checkpoints"]:
            assert time.monotonic() < end, "nothing was signed within a minute"
            time.sleep(0.5)
        while not (tmp_path / "data.ledger").is_dir() or not checkpoints_in(tmp_path / "data.ledger"):
            assert time.monotonic() < end, "nothing was stored"
            time.sleep(0.5)
        kept = checkpoints_in(tmp_path / "data.ledger")
        assert verify(kept[0], told["public_key"]).size > 0


def offline(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [*isolated(), sys.executable, "-m", "services.cli", "ledger", "verify", *arguments, "--json"]
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    environment = talkative(home) | {"PYTHONPATH": str(ROOT)}
    empty = tmp_path / "empty"
    empty.mkdir(exist_ok=True)
    ran = subprocess.run(command, capture_output=True, text=True, cwd=empty, env=environment, timeout=120)
    assert list(empty.iterdir()) == [], "it made itself an archive"
    return ran


@pytest.mark.timeout(300)
def test_whatever_an_auditor_holds_is_verified_with_the_network_removed(desk, auditor, tmp_path):
    possible = subprocess.run([*isolated(), "true"], capture_output=True, text=True, env=os.environ)
    if possible.returncode != 0:
        pytest.skip(f"this system lets nobody make a network namespace: {possible.stderr.strip()}")
    tick(desk)
    first = signed(auditor)[0]
    key = ["--public-key", ok(auditor.get("/api/v1/audit/checkpoints"))["public_key"]]
    files = {
        "ledger.jsonl": auditor.get("/api/v1/audit/ledger").content,
        "entry.tlog-proof": auditor.get("/api/v1/audit/entries/3/proof").content,
        "consistency.txt": auditor.get("/api/v1/audit/consistency", params={"old": first["size"]}).content,
        "checkpoint.txt": first["note"].encode(),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    kept = ["--checkpoint", str(tmp_path / "checkpoint.txt")]
    for name in files:
        ran = offline(tmp_path, str(tmp_path / name), *key, *kept)
        assert ran.returncode == 0, (name, ran.stdout, ran.stderr)
        assert json.loads(ran.stdout)["ok"]
    stored = ["--checkpoint", str(desk.settings.data.with_name("data.ledger"))]
    assert offline(tmp_path, str(tmp_path / "ledger.jsonl"), *key, *stored).returncode == 0
    tamper(desk, 3)
    (tmp_path / "ledger.jsonl").write_bytes(auditor.get("/api/v1/audit/ledger").content)
    ran = offline(tmp_path, str(tmp_path / "ledger.jsonl"), *key, *stored)
    assert ran.returncode == 1 and not json.loads(ran.stdout)["ok"]
