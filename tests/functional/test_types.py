"""The archive learns types from what people said of them, keeps versions, and refuses one that is worse."""

from __future__ import annotations

import json
from itertools import cycle

import pytest
from sqlalchemy import select

from services.kernel.model import Role
from services.kernel.queue.stages import Stage
from services.kernel.queue.tables import Job
from services.kernel.tables import Item
from services.ocr.documents import read_document
from services.ocr.repository import keep_type
from services.ocr.types import repository, service, tasks, training
from services.ocr.types.model import TypeModel, shipped
from services.ocr.types.tables import TypeModelVersion
from tests.desk import Desk, TestClient, created, ok

FORM = "启泽置业客户资料卡\n业主基本情况一览\n入住时间及房屋编号\n紧急联系方式备注\n车位与门禁卡领取登记\n宠物及装修备案情况"
COPIES = 8


@pytest.fixture
def clerk(desk: Desk) -> TestClient:
    return desk.client(Role.CLERK)


@pytest.fixture
def corrected(desk: Desk, clerk: TestClient, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Papers of a form of the house's own, each of which a person said the type of; every fourth is held back."""
    turns = cycle((True, False, False, False))
    monkeypatch.setattr(service, "held_back", lambda _: next(turns))
    items = [desk.item(clerk, f"{FORM}\n第{'甲乙丙丁戊己庚辛'[number]}号") for number in range(COPIES)]
    for item in items:
        body = {"what": "type", "value": "household_register"}
        created(clerk.post(f"/api/v1/filings/items/{item}/corrections", json=body))
    desk.work()
    return items


def versions(desk: Desk) -> list[TypeModelVersion]:
    with desk.kernel.database.read() as session:
        return list(session.scalars(select(TypeModelVersion).order_by(TypeModelVersion.version)))


def test_without_corrections_there_is_nothing_to_learn(desk, clerk):
    desk.item(clerk, FORM)
    assert service.learn(desk.kernel).version is None
    assert versions(desk) == []


def test_a_form_of_the_house_is_known_after_it_was_learnt(desk, clerk, corrected):
    before = ok(clerk.get(f"/api/v1/items/{corrected[0]}"))
    assert (before["type"], before["type_by"], before["type_words"]) == ("household_register", "person", [])
    outcome = service.learn(desk.kernel)
    assert outcome.accepted and outcome.version == 1
    assert 0 < outcome.learned < COPIES, "some are held back"
    assert outcome.right_after >= outcome.right_before
    another = ok(clerk.get(f"/api/v1/items/{desk.item(clerk, FORM)}"))
    assert (another["type"], another["type_by"]) == ("household_register", "model 1")
    assert another["type_words"] and all(word in FORM for word in another["type_words"])
    masked = ok(desk.client(Role.STAFF).get(f"/api/v1/items/{another['id']}"))
    assert masked["type_words"] == []
    entry = [json.loads(entry.data) for entry in desk.ledger()]
    assert [each for each in entry if each["act"] == "types.learn"]


def test_a_version_that_is_worse_does_not_take_the_place_of_the_one_before(desk, clerk, corrected, monkeypatch):
    assert service.learn(desk.kernel).accepted

    def blind(base, taught, *, version: int) -> TypeModel:
        one = shipped()
        return TypeModel(version, len(taught.types), one.types, one.weights * 0, one.bias)

    monkeypatch.setattr(training, "fit", blind)
    outcome = service.learn(desk.kernel)
    assert not outcome.accepted and outcome.right_after < outcome.right_before
    assert [(each.version, each.accepted) for each in versions(desk)] == [(1, True), (2, False)]
    with desk.kernel.database.read() as session:
        assert repository.current(session).version == 1


def test_it_is_ordered_once_a_day_and_done_by_a_worker(desk, clerk, corrected):
    tasks.order(desk.kernel.database)
    tasks.order(desk.kernel.database)
    desk.work()
    assert [each.version for each in versions(desk)] == [1]
    with desk.kernel.database.read() as session:
        assert len(session.scalars(select(Job).where(Job.kind == Stage.LEARN)).all()) == 1


def test_what_is_only_to_be_stored_is_not_looked_at(desk, clerk, corrected):
    with desk.kernel.database.write() as session:
        for item in session.scalars(select(Item)):
            item.restricted = True
    assert service.learn(desk.kernel).version is None


def test_a_type_that_a_person_said_outlives_a_new_reading(desk, clerk, corrected):
    document = read_document([])
    with desk.kernel.database.write() as session:
        item = session.get_one(Item, corrected[0])
        keep_type(session, desk.kernel.vault, item, document)
        assert (item.type, item.type_by, item.type_confidence) == ("household_register", "person", 1.0)
