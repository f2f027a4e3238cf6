"""Handover packages: items leave as a bag with their history, are checked where they arrive, and are accepted or rejected."""

import io
import json
import secrets
import zipfile
from pathlib import Path

import bagit
import pytest
from typer.testing import CliRunner

from services.cli.package import app as command
from services.custody.packages.receiving import check, unpacked
from services.kernel.errors import InvalidInput
from services.kernel.model import ItemState, Role
from services.kernel.queue.stages import Queue
from services.kernel.tables import File, Item
from tests.desk import Desk, TestClient, created, ok

PLAIN = "%PDF-1.7\n关于办公用品管理的通知 {}"
"""Begins as what it is taken for."""
PACKAGES = "/api/v1/custody/packages"


@pytest.fixture
def archivist(desk: Desk) -> TestClient:
    return desk.client(Role.ARCHIVIST)


@pytest.fixture
def items(desk: Desk) -> list[str]:
    clerk = desk.client(Role.CLERK)
    return [desk.archived(clerk, PLAIN.format(number), "第二页") for number in ("甲", "乙")]


def opened(client: TestClient, items: list[str]) -> dict:
    body = {"title": "二〇二六年移交", "receiver": "市城建档案馆", "item_ids": items}
    return created(client.post(PACKAGES, json=body))


def ready(desk: Desk, client: TestClient, items: list[str]) -> str:
    package = opened(client, items)["id"]
    assert desk.runner().drain(Queue.EXAMINING) == 1
    assert ok(client.get(f"{PACKAGES}/{package}"))["state"] == "ready"
    return package


def fetched(client: TestClient, package: str, folder: Path) -> Path:
    answer = client.get(f"{PACKAGES}/{package}/bag")
    assert answer.status_code == 200, answer.text
    target = folder / f"{secrets.token_hex(4)}.zip"
    target.write_bytes(answer.content)
    return target


def by_command(*arguments: str) -> tuple[int, dict]:
    done = CliRunner().invoke(command, ["check", *arguments, "--json"])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, json.loads(done.stdout)


def states(desk: Desk, items: list[str]) -> list[str]:
    with desk.kernel.database.read() as session:
        return [session.get_one(Item, item).state for item in items]


def test_rule_22_a_package_is_fetched_checked_accepted_and_rejected_item_by_item(desk, archivist, items, tmp_path):
    package, second = ready(desk, archivist, items), desk.client(Role.ARCHIVIST)
    file = fetched(archivist, package, tmp_path)
    told = ok(archivist.get(f"{PACKAGES}/{package}"))
    assert told["state"] == "sent"
    receipt = tmp_path / "receipt.json"
    options = ["--digest", told["digest"], "--receipt", str(receipt), "--reject", f"{items[1]}=缺一页"]
    code, report = by_command(str(file), *options)
    assert (code, report["problems"], [each["problems"] for each in report["items"]]) == (0, [], [[], []])
    given = json.loads(receipt.read_text())
    own = archivist.post(f"{PACKAGES}/{package}/receipt", json=given)
    assert own.status_code == 403, "whoever hands over does not receipt it"
    closed = ok(second.post(f"{PACKAGES}/{package}/receipt", json=given))
    assert (closed["state"], closed["accepted"], closed["rejected"]) == ("closed", 1, 1)
    assert states(desk, items) == [ItemState.TRANSFERRED, ItemState.ARCHIVED]
    assert ok(second.get(f"{PACKAGES}/{package}"))["lines"][1]["reason"] == "缺一页"
    whole = b"".join(entry.data for entry in desk.ledger()).decode()
    assert "缺一页" not in whole and "办公用品" not in whole
    acts = [(entry.act, entry.item_id) for entry in desk.ledger() if entry.act in ("package.fetch", "item.transfer")]
    assert acts == [("package.fetch", items[0]), ("package.fetch", items[1]), ("item.transfer", items[0])]
    assert second.post(f"{PACKAGES}/{package}/receipt", json=given).status_code == 409, "once"


def test_the_bag_is_one_to_the_library_of_congress_s_tool_and_holds_what_was_stored(desk, archivist, items, tmp_path):
    package = ready(desk, archivist, items)
    first, again = (fetched(archivist, package, tmp_path) for _ in range(2))
    assert first.read_bytes() == again.read_bytes(), "the same package is the same file"
    with zipfile.ZipFile(first) as archive:
        archive.extractall(tmp_path / "out")
    (folder,) = (tmp_path / "out").iterdir()
    bag = bagit.Bag(str(folder))
    bag.validate()
    assert (bag.version_info, bag.algorithms) == ((1, 0), ["sha512"])
    number = ok(archivist.get(f"{PACKAGES}/{package}"))["number"]
    assert bag.info["External-Identifier"] == folder.name == number
    (one, _) = sorted(each for each in (folder / "data").iterdir() if each.is_dir())
    assert (one / "master.pdf").read_bytes().startswith(b"SCAN\n") and (one / "document.pdf").read_bytes()[:5] == b"%PDF-"
    core = json.loads((one / "dublin-core.json").read_text())
    with desk.kernel.database.read() as session:
        item = session.get_one(Item, items[0])
        assert (core["identifier"], core["item_id"]) == (item.reference_code, item.id)
        assert core["source"]["sha256"] == session.get_one(File, item.file_id).sha256
    events = json.loads((one / "premis-events.json").read_text())
    assert [each["eventType"] for each in events][-1] == "accession"
    assert {"ingestion end", "imaging", "quality review"} <= {each["eventType"] for each in events}


def changed(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


DAMAGE = {
    "master": lambda folder: changed(next(folder.glob("data/0001-*/master.pdf"))),
    "lost": lambda folder: next(folder.glob("data/0002-*/document.pdf")).unlink(),
    "added": lambda folder: (folder / "data/more.txt").write_text("x"),
    "history": lambda folder: next(folder.glob("data/0001-*/premis-events.json")).write_text("[]"),
    "tags": lambda folder: (folder / "bag-info.txt").write_text("External-Identifier: another\n"),
    "index": lambda folder: (folder / "data/package.json").unlink(),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_is_not_as_it_was_sent_is_found_and_rejected(desk, archivist, items, tmp_path, damage):
    package = ready(desk, archivist, items)
    with unpacked(fetched(archivist, package, tmp_path)) as folder:
        DAMAGE[damage](folder)
        report = check(folder)
        code, told = by_command(str(folder))
    assert not report.ok and (code, told["problems"]) == (1, report.problems)
    assert any(problem.startswith("authenticity.bag") for problem in report.problems)
    assert report.receipt({}).accepted == []


def test_a_digest_that_was_told_another_way_is_held_against_it(desk, archivist, items, tmp_path):
    file = fetched(archivist, ready(desk, archivist, items), tmp_path)
    code, report = by_command(str(file), "--digest", "0" * 128)
    assert (code, report["problems"]) == (1, ["authenticity.expected-digest"])


def test_what_may_not_leave_is_in_no_package(desk, archivist, items):
    clerk = desk.client(Role.CLERK)
    waiting = desk.item(clerk, PLAIN.format("丙"))
    body = {"title": "移交", "receiver": "档案馆", "item_ids": [waiting]}
    assert archivist.post(PACKAGES, json=body).status_code == 409, "it is not archived"
    for flag, value in (("holds", 1), ("on_loan", True), ("missing", True), ("restricted", True)):
        with desk.kernel.database.write() as session:
            before = getattr(session.get_one(Item, items[0]), flag)
            setattr(session.get_one(Item, items[0]), flag, value)
        refused = archivist.post(PACKAGES, json=body | {"item_ids": items})
        assert refused.status_code == 409 and items[0] in refused.json()["detail"], flag
        with desk.kernel.database.write() as session:
            setattr(session.get_one(Item, items[0]), flag, before)
    opened(archivist, items)
    assert archivist.post(PACKAGES, json=body | {"item_ids": items[:1]}).status_code == 409, "it is in another"


def test_a_hold_that_comes_while_the_package_is_away_keeps_the_item(desk, archivist, items, tmp_path):
    package, second = ready(desk, archivist, items), desk.client(Role.ARCHIVIST)
    with unpacked(fetched(archivist, package, tmp_path)) as folder:
        receipt = json.loads(check(folder).receipt({}).model_dump_json())
    with desk.kernel.database.write() as session:
        session.get_one(Item, items[0]).holds = 1
    assert second.post(f"{PACKAGES}/{package}/receipt", json=receipt).status_code == 409
    assert states(desk, items) == [ItemState.ARCHIVED] * 2, "all or nothing"
    assert archivist.get(f"{PACKAGES}/{package}/bag").status_code == 409, "nor is it given out again"
    ok(archivist.post(f"{PACKAGES}/{package}/cancellation"))
    assert second.post(f"{PACKAGES}/{package}/receipt", json=receipt).status_code == 409


def test_a_receipt_of_something_else_is_refused(desk, archivist, items, tmp_path):
    package, second = ready(desk, archivist, items), desk.client(Role.ARCHIVIST)
    with unpacked(fetched(archivist, package, tmp_path)) as folder:
        receipt = json.loads(check(folder).receipt({}).model_dump_json())
    for change, status in (
        ({"digest": "0" * 128}, 409),
        ({"package": "YJB-1999-0001"}, 409),
        ({"accepted": items[:1]}, 409),
        ({"accepted": [*items, items[0]]}, 422),
    ):
        assert second.post(f"{PACKAGES}/{package}/receipt", json=receipt | change).status_code == status, change
    ok(second.post(f"{PACKAGES}/{package}/receipt", json=receipt))
    assert states(desk, items) == [ItemState.TRANSFERRED] * 2


def test_an_item_that_fails_its_checks_blocks_the_package_until_it_is_mended(desk, archivist, items):
    with desk.kernel.database.write() as session:
        file = session.get_one(File, session.get_one(Item, items[0]).file_id)
        size, file.size = file.size, file.size + 1
    package = opened(archivist, items)["id"]
    assert archivist.get(f"{PACKAGES}/{package}/bag").status_code == 409, "it is not examined yet"
    assert desk.runner().drain(Queue.EXAMINING) == 1
    shown = ok(archivist.get(f"{PACKAGES}/{package}"))
    assert (shown["state"], shown["lines"][0]["failed"]) == ("blocked", ["completeness.size"])
    assert archivist.get(f"{PACKAGES}/{package}/bag").status_code == 409
    with desk.kernel.database.write() as session:
        session.get_one(File, session.get_one(Item, items[0]).file_id).size = size
    assert archivist.post(f"{PACKAGES}/{package}/examination").status_code == 202
    assert desk.runner().drain(Queue.EXAMINING) == 1
    assert ok(archivist.get(f"{PACKAGES}/{package}"))["state"] == "ready"


@pytest.mark.parametrize("kind", ["compressed", "outside", "two folders", "no zip", "no bag"])
def test_what_is_no_package_is_refused(tmp_path, kind):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED if kind == "compressed" else zipfile.ZIP_STORED) as archive:
        archive.writestr("../x/bagit.txt" if kind == "outside" else "x/bagit.txt", "x" * 100)
        if kind == "two folders":
            archive.writestr("y/bagit.txt", "y")
    file = tmp_path / "package.zip"
    file.write_bytes(b"no zip" if kind == "no zip" else target.getvalue())
    with pytest.raises(InvalidInput), unpacked(file) as folder:
        check(folder)


def test_who_may_give_out_what(desk, archivist, items):
    package = ready(desk, archivist, items)
    auditor, clerk = desk.client(Role.AUDITOR), desk.client(Role.CLERK)
    assert ok(auditor.get(PACKAGES))["packages"][0]["id"] == package
    assert auditor.get(f"{PACKAGES}/{package}/bag").status_code == 403
    assert clerk.get(f"{PACKAGES}/{package}/bag").status_code == 403
