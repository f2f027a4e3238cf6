"""Personal data is masked wherever it is shown, for whoever holds no ground that opens it (behaviour 17)."""

import json
from datetime import timedelta

import pytest

from services.kernel import readings
from services.kernel.clock import now
from services.kernel.grants.tables import Grant, GrantItem
from services.kernel.model import ItemState, Role
from services.kernel.tables import Item
from services.search.index.port import Snippet
from services.search.unmasking import _uncovered
from tests.desk import Desk, TestClient

ID, PHONE = "11010519491231002X", "13812345678"
PAPER = "\n".join(
    (
        "房屋租赁合同",
        "出租人（甲方）：张小伟",
        f"身份证号：{ID}",
        f"联系电话：{PHONE}",
        "住址：北京市朝阳区建国路1号",
        "承租人（乙方）：李娜",
    )
)
SECRET = ("小伟", ID, PHONE, "建国路1号")


@pytest.fixture
def owner(desk: Desk) -> TestClient:
    return desk.client(Role.CLERK)


@pytest.fixture
def item(desk: Desk, owner: TestClient) -> str:
    item = desk.item(owner, PAPER)
    with desk.kernel.database.write() as session:
        session.get_one(Item, item).state = ItemState.ARCHIVED
    return item


def grant(desk: Desk, client: TestClient, item: str, **more) -> str:
    with desk.kernel.database.write() as session:
        moment = now()
        values = {"person_id": client.get("/api/v1/me").json()["id"], "request_id": "r", "kind": "read", "policy": 1}
        row = Grant(**(values | {"since": moment, "until": moment + timedelta(hours=1)} | more))
        session.add(row)
        session.flush()
        session.add(GrantItem(grant_id=row.id, item_id=item))
        return row.id


def hit(client: TestClient, question: str) -> dict:
    (found,) = client.get("/api/v1/search", params={"q": question}).raise_for_status().json()["hits"]
    return found


@pytest.mark.parametrize("question", ["张小伟", "租赁", f"id_number:{ID}", PHONE, "建国路"])
def test_rule_17_a_hit_list_is_masked_for_whoever_holds_no_ground_the_archivist_too(desk, item, owner, question):
    for client in (desk.client(Role.ARCHIVIST), desk.client(Role.STAFF), owner):
        found = hit(client, question)
        assert found["masked"] and found["snippets"]
        assert not [secret for secret in SECRET if secret in json.dumps(found, ensure_ascii=False)]


@pytest.mark.parametrize(
    ("question", "words"),
    [("张小伟", ["张小伟"]), (f"id_number:{ID}", [ID]), (PHONE, [PHONE]), ("租赁 朝阳区", ["租赁", "朝阳区"])],
)
def test_rule_17_a_grant_uncovers_the_same_stretch_with_the_same_places(desk, item, question, words):
    reader, bystander = desk.client(Role.STAFF), desk.client(Role.STAFF)
    number = grant(desk, reader, item)
    masked, found = hit(bystander, question), hit(reader, question)
    assert not found["masked"]
    for before, after in zip(masked["snippets"], found["snippets"], strict=True):
        assert (before["boxes"], before["highlights"], before["page"]) == (after["boxes"], after["highlights"], after["page"])
        assert len(before["text"]) == len(after["text"])
    text = "".join(snippet["text"] for snippet in found["snippets"])
    assert [secret for secret in SECRET if secret in text] or question.startswith("租赁")
    assert [part["text"][a:b] for part in found["snippets"] for a, b in part["highlights"]] == words
    entry = json.loads(desk.ledger("search")[-1].data)["details"]
    assert entry["unmasked"] == {item: {"grant": number, "policy": 1, "pages": [1]}}
    assert not [secret for secret in SECRET if secret in json.dumps(entry, ensure_ascii=False)]


def test_those_who_work_on_an_item_see_its_snippets_whole_and_nobody_else(desk, owner):
    item = desk.item(owner, PAPER)
    assert "张小伟" in hit(owner, "张小伟")["snippets"][0]["text"]
    assert "张小伟" in hit(desk.client(Role.ARCHIVIST), "张小伟")["snippets"][0]["text"]
    assert hit(desk.client(Role.STAFF), "张小伟")["masked"]
    assert json.loads(desk.ledger("search")[0].data)["details"]["unmasked"] == {item: {"ground": "duty", "pages": [1]}}


@pytest.mark.parametrize("dead", [{"revoked_at": now()}, {"until": now()}, {"kind": "consult"}, {"unmasked": False}])
def test_a_ground_that_opens_no_personal_data_uncovers_nothing(desk, item, dead):
    reader = desk.client(Role.STAFF)
    grant(desk, reader, item, **dead)
    assert hit(reader, "张小伟")["masked"]
    assert json.loads(desk.ledger("search")[-1].data)["details"]["unmasked"] == {}


def test_a_page_that_was_read_anew_stays_masked_until_it_is_indexed(desk, item):
    with desk.kernel.database.read() as session:
        (page,) = readings.page_readings(session, desk.kernel.vault, session.get_one(Item, item))
    snippet = Snippet(1, "甲方）：张**", start=11)
    assert _uncovered(snippet, {1: page.text}).text == "甲方）：张小伟"
    assert _uncovered(snippet, {1: "李娜" + page.text}) == _uncovered(snippet, {}) == snippet
