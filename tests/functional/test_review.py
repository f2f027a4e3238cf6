"""Fields that reading doubts wait for a look, the most doubtful first (behaviour 4)."""

from __future__ import annotations

import json

import pytest

from services.kernel.model import Role
from tests.desk import Desk, TestClient, created, ok

CARD = "居民身份证\n姓名 张伟\n性别 女\n出生 1949年12月31日\n公民身份号码 11010519491281002X"
CONTRACT = "商品房买卖合同\n合同编号：HT-2024-0001\n买受人：张伟\n身份证号码：110105194912310028\n签订日期：2024年5月6日"


@pytest.fixture
def clerk(desk: Desk) -> TestClient:
    return desk.client(Role.CLERK)


def queue(client: TestClient, **asked) -> dict:
    return ok(client.get("/api/v1/filings/review", params=asked))


def test_rule_04_what_reading_doubts_waits_for_a_person_the_worst_first(desk, clerk):
    item = desk.item(clerk, CONTRACT)
    waiting = queue(clerk)
    assert waiting["below"] == 0.99
    first = waiting["values"][0]
    assert (first["name"], first["value"], first["check"]) == ("id_number", "110105194912310028", "failed")
    sure = [each["confidence"] for each in waiting["values"]]
    assert sure == sorted(sure) and max(sure) < 0.99
    assert waiting["total"] == len(sure)
    assert first["item_id"] == item and first["box"] and first["page_width"] > 0
    entry = json.loads(desk.ledger()[-1].data)
    assert entry["act"] == "fields.review" and "11010519" not in json.dumps(entry)


def test_it_leaves_once_it_is_confirmed_or_corrected(desk, clerk):
    item = desk.item(clerk, CONTRACT)
    (number,) = [each for each in queue(clerk)["values"] if each["name"] == "id_number"]
    corrected = {"what": "field", "field": "id_number", "replaces": number["id"], "value": "11010519491231002X", "page": 1}
    created(clerk.post(f"/api/v1/filings/items/{item}/corrections", json=corrected))
    rest = queue(clerk)["values"]
    assert "id_number" not in {each["name"] for each in rest}
    if rest:
        ok(clerk.post(f"/api/v1/filings/items/{item}/confirmations", json={"field_value_ids": [each["id"] for each in rest]}))
    assert queue(clerk)["values"] == []


def test_one_page_after_the_other_gives_every_value_once(desk, clerk):
    desk.item(clerk, CONTRACT)
    desk.item(clerk, CARD)
    whole = [each["id"] for each in queue(clerk)["values"]]
    seen, cursor = [], None
    while True:
        part = queue(clerk, limit=1, **({"cursor": cursor} if cursor else {}))
        seen += [each["id"] for each in part["values"]]
        cursor = part["next"]
        if cursor is None:
            break
    assert seen == whole and len(set(seen)) == len(seen) > 1
    assert clerk.get("/api/v1/filings/review", params={"cursor": "bm90aGluZw"}).status_code == 422


def test_a_repaired_number_is_marked_and_keeps_what_was_read(desk, clerk):
    desk.item(clerk, CARD)
    (number,) = [each for each in queue(clerk)["values"] if each["name"] == "id_number"]
    assert (number["value"], number["raw"]) == ("11010519491231002X", "11010519491281002X")
    assert number["repaired"] is True and number["check"] == "ok"


def test_others_do_not_see_it(desk, clerk):
    desk.item(clerk, CONTRACT)
    assert queue(desk.client(Role.CLERK))["values"] == []
    assert desk.client(Role.AUDITOR).get("/api/v1/filings/review").status_code == 403
