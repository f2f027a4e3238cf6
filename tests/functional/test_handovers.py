"""Two people, one list: each item is taken over or rejected by itself (behaviour 22)."""

import pypdfium2
import pytest

from services.kernel.model import Role
from tests.desk import Desk, TestClient, created, ok

PLAIN = "关于办公用品管理的通知"


@pytest.fixture
def clerk(desk: Desk) -> TestClient:
    return desk.client(Role.CLERK)


def me(client: TestClient) -> str:
    return client.get("/api/v1/me").json()["id"]


def hand_over(client: TestClient, taker: TestClient, *items: str):
    return client.post("/api/v1/handovers", json={"taker_id": me(taker), "item_ids": list(items)})


def decide(client: TestClient, handover: str, item: str, **decision):
    return client.post(f"/api/v1/handovers/{handover}/decisions", json={"lines": [{"item_id": item} | decision]})


def test_rule_22_each_item_is_accepted_or_rejected_with_a_reason(desk, clerk):
    one, two = desk.item(clerk, PLAIN), desk.item(clerk, f"{PLAIN} 二")
    taker = desk.client(Role.ARCHIVIST)
    assert me(taker) in {each["id"] for each in ok(clerk.get("/api/v1/handovers/takers"))["people"]}
    handover = created(hand_over(clerk, taker, one, two))["id"]
    ok(decide(taker, handover, one, accepted=True))
    assert decide(taker, handover, one, accepted=True).status_code == 409, "what is decided stays"
    assert decide(taker, handover, two, accepted=False).status_code == 422, "without a reason"
    closed = ok(decide(taker, handover, two, accepted=False, reason="缺第二页"))
    assert (closed["accepted"], closed["rejected"]) == (1, 1) and closed["closed_at"]
    lines = ok(clerk.get(f"/api/v1/handovers/{handover}"))["lines"]
    assert [(line["accepted"], line["reason"]) for line in lines] == [(True, None), (False, "缺第二页")]
    acts = [(entry.act, entry.item_id) for entry in desk.ledger() if entry.act in ("handover.accept", "handover.reject")]
    assert acts == [("handover.accept", one), ("handover.reject", two)]
    assert "缺第二页" not in b"".join(entry.data for entry in desk.ledger()).decode()


def test_nobody_takes_over_from_themselves(desk, clerk):
    from services.kernel.identity.tables import Person

    item, second = desk.item(clerk, PLAIN), desk.client(Role.ARCHIVIST)
    assert hand_over(clerk, clerk, item).status_code == 403
    with desk.kernel.database.write() as session:
        session.get_one(Person, me(second)).natural_id = session.get_one(Person, me(clerk)).natural_id
    refused = hand_over(clerk, second, item)
    assert refused.status_code == 403 and refused.json()["type"].endswith("separation-of-duties")


def test_only_the_taker_decides_and_only_both_know(desk, clerk):
    item, taker = desk.item(clerk, PLAIN), desk.client(Role.CLERK)
    handover = created(hand_over(clerk, taker, item))["id"]
    assert decide(clerk, handover, item, accepted=True).status_code == 403
    stranger = desk.client(Role.CLERK)
    assert stranger.get(f"/api/v1/handovers/{handover}").status_code == 404
    assert stranger.get("/api/v1/handovers").json()["handovers"] == []
    assert hand_over(clerk, desk.client(Role.STAFF), item).status_code == 422, "who may not file takes nothing over"
    assert hand_over(clerk, desk.client(Role.ARCHIVIST), item).status_code == 409, "it is on an open list"
    ok(decide(taker, handover, item, accepted=True))


def test_the_list_is_printed_for_both_signatures(desk, clerk):
    taker = desk.client(Role.ARCHIVIST)
    handover = created(hand_over(clerk, taker, desk.item(clerk, PLAIN)))
    answer = clerk.get(f"/api/v1/handovers/{handover['id']}/list.pdf")
    paper = pypdfium2.PdfDocument(answer.content)[0].get_textpage().get_text_range()
    for words in ("档案移交清单", handover["number"], "移交人", "接收人"):
        assert words in paper
