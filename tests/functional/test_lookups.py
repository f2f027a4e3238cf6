"""People are found by number under a key (behaviour 17): however it is written, not too often, and while keys change."""

import json
import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from services.cli import lookups as command
from services.kernel import clock
from services.kernel.ledger import journal
from services.kernel.model import Role
from services.kernel.policy import model, versions
from services.kernel.policy.lookup_ring import LookupRoot
from services.kernel.tables import FieldValue
from services.search import probing, rekeying, tasks
from tests.desk import Desk, TestClient

ID, PHONE, ACCOUNT = "11010519491231002X", "13812345678", "6222021234567890128"
PAPER = f"房屋租赁合同\n出租人：张小伟\n身份证号：{ID}\n联系电话：{PHONE}\n账号：{ACCOUNT}"
QUESTIONS = (
    *(
        ID,
        "id_number:11010519491231002x",
        "id_number:１１０１０５19491231002Ｘ",
        '"110105 19491231 002X"',
        "身份证:110105491231002",
    ),
    *(PHONE, "phone:13812345678", "phone:+8613812345678", '"138-1234 5678"', "8613812345678", "电话:13812345678"),
    *(ACCOUNT, "bank_account:6222021234567890128", '账号:"6222 0212 3456 7890 128"'),
)


@pytest.fixture
def clerk(desk: Desk) -> TestClient:
    return desk.client(Role.CLERK)


@pytest.fixture
def item(desk: Desk, clerk: TestClient) -> str:
    return desk.item(clerk, PAPER)


def asked(client: TestClient, question: str):
    return client.get("/api/v1/search", params={"q": question})


def found(client: TestClient, question: str) -> list[str]:
    return [hit["item_id"] for hit in asked(client, question).raise_for_status().json()["hits"]]


def allow(monkeypatch, most: int) -> None:
    policy = model.default()
    few = policy.model_copy(update={"access": policy.access.model_copy(update={"most_lookups_an_hour": most})})
    monkeypatch.setattr(versions, "current", lambda session: versions.InForce(0, few))


@pytest.mark.parametrize("question", QUESTIONS)
def test_rule_17_a_number_is_found_however_it_is_written(desk, clerk, item, question):
    assert found(clerk, question) == [item]
    assert found(clerk, question.replace("8", "9").replace("4", "7")) == []


def test_rule_17_looking_somebody_up_is_on_the_ledger_and_whoever_tries_numbers_is_stopped(desk, clerk, item, monkeypatch):
    allow(monkeypatch, 3)
    for number in range(3):
        assert asked(clerk, f"phone:1381234567{number}").status_code == 200
    refused = asked(clerk, f"phone:{PHONE}")
    assert (refused.status_code, refused.json()["type"]) == (429, "urn:muniment:problem:too-many-lookups")
    assert 3590 < int(refused.headers["Retry-After"]) <= 3601
    assert PHONE not in refused.text
    assert asked(clerk, "张小伟").status_code == 200, "words are free"
    assert asked(desk.client(Role.ARCHIVIST), f"phone:{PHONE}").status_code == 200, "others are not kept"
    entries = [json.loads(entry.data) for entry in desk.ledger() if entry.act.startswith("identifier.")]
    me = clerk.get("/api/v1/me").json()["id"]
    mine = [(entry["act"], entry["result"], entry["details"]) for entry in entries if entry["actor"] == me]
    assert mine == [(probing.LOOKED_UP, "ok", {"count": 1})] * 3 + [(probing.REFUSED, "refused", {"count": 1})]


def test_an_hour_later_there_are_look_ups_again(desk, clerk, item, monkeypatch):
    allow(monkeypatch, 1)
    assert asked(clerk, f"phone:{PHONE}").status_code == 200
    assert asked(clerk, f"phone:{PHONE}").status_code == 429
    later = clock.now() + timedelta(minutes=61)
    monkeypatch.setattr(probing, "now", lambda: later)
    assert asked(clerk, f"phone:{PHONE}").status_code == 200


def test_one_question_cannot_ask_for_more_than_an_hour_has(desk, clerk, item, monkeypatch):
    allow(monkeypatch, 2)
    many = " OR ".join(f"phone:1381234567{number}" for number in range(3))
    assert asked(clerk, many).status_code == 429
    assert asked(clerk, f"phone:{PHONE}").status_code == 200, "what was refused is not counted"


def test_of_those_who_ask_at_once_no_more_get_through(desk, clerk, item, monkeypatch):
    allow(monkeypatch, 4)
    answers: list[int] = []
    threads = [threading.Thread(target=lambda: answers.append(asked(clerk, f"phone:{PHONE}").status_code)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200] * 4 + [429] * 4


def digests(desk: Desk) -> set[str]:
    with desk.kernel.database.read() as session:
        return set(session.scalars(select(FieldValue.lookup).where(FieldValue.lookup.is_not(None))))


def roots(desk: Desk) -> list[tuple[int, bool, bool]]:
    """Number, whether it is live, whether its key is there."""
    with desk.kernel.database.read() as session:
        rows = session.scalars(select(LookupRoot).order_by(LookupRoot.number)).all()
        return [(row.number, row.retired_at is None, row.wrapped is not None) for row in rows]


def test_a_rotation_misses_no_hit(desk, clerk, item, monkeypatch):
    before = digests(desk)
    stages: list[str] = []
    build = rekeying.reindex

    def watched(*args, **more):
        stages.append("fields are new, the index is old")
        assert roots(desk) == [(0, True, False), (1, True, True)]
        assert all(found(clerk, question) == [item] for question in (ID, PHONE, ACCOUNT))
        other = desk.item(clerk, PAPER.replace("小伟", "大伟"))
        assert set(found(clerk, ID)) == {item, other}
        clerk.other = other
        count = build(*args, **more)
        assert set(found(clerk, ID)) == {item, other}
        return count

    with monkeypatch.context() as patch:
        patch.setattr(rekeying, "reindex", watched)
        assert rekeying.rotate(desk.kernel, desk.archive.index, actor=None) == 2
    assert stages and roots(desk) == [(0, False, False), (1, True, True)]
    for question in (ID, PHONE, ACCOUNT):
        assert set(found(clerk, question)) == {item, clerk.other}
    assert not before & digests(desk) and len(digests(desk)) == len(before)
    assert [entry.act for entry in desk.ledger() if entry.act.startswith("lookup.")] == ["lookup.rotate", "lookup.retire"]
    assert rekeying.rotate(desk.kernel, desk.archive.index, actor=None) == 2
    assert roots(desk)[1:] == [(1, False, False), (2, True, True)], "the key that was retired is gone for good"
    assert set(found(clerk, PHONE)) == {item, clerk.other}


def test_a_rotation_that_was_broken_off_goes_on(desk, clerk, item, monkeypatch):
    def broken(*args, **more):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(rekeying, "reindex", broken)
        rekeying.rotate(desk.kernel, desk.archive.index, actor=None)
    assert found(clerk, PHONE) == [item]
    rekeying.rotate(desk.kernel, desk.archive.index, actor=None)
    assert roots(desk) == [(0, False, False), (1, True, True)]
    assert found(clerk, PHONE) == [item]


def test_what_is_being_indexed_while_a_rotation_begins_and_ends_is_found_under_the_new_key(desk, clerk, monkeypatch):
    made = tasks.index_document
    turns: list[int] = []

    def slow(*args):
        document = made(*args)
        if not turns:
            turns.append(1)
            rekeying.rotate(desk.kernel, desk.archive.index, actor=None)
        return document

    monkeypatch.setattr(tasks, "index_document", slow)
    item = desk.item(clerk, PAPER)
    assert turns and found(clerk, PHONE) == [item]


def test_the_digest_of_a_number_is_another_under_each_key_and_no_key_lies_open_in_the_catalogue(desk, item):
    with desk.kernel.database.write() as session:
        assert desk.kernel.lookups.rotate(session, actor=None) == 1
        old, new = desk.kernel.lookups.live(session)
        assert old.digest("phone", PHONE) != new.digest("phone", PHONE)
        wrapped = session.get_one(LookupRoot, 1).wrapped
        assert desk.kernel.lookups._master.unwrap(wrapped) not in wrapped
        assert journal.length(session) > 0


def test_the_command_rotates_and_says_so(desk, clerk, item, monkeypatch):
    told: list[dict] = []
    monkeypatch.setattr(command, "settings_for", lambda data: desk.settings)
    monkeypatch.setattr(command, "print_json", told.append)
    command.rotate(None, as_json=True)
    assert told == [{"root": 1, "items": 1}]
    assert found(clerk, PHONE) == [item]
