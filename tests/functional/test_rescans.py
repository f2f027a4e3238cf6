"""A rescan is a new revision of the same item (hard case 7): 档号, holds and clock stay, what was before is superseded."""

import json

import pytest
from sqlalchemy import select

from services.kernel.model import Role
from services.kernel.tables import File, Item, Rendition, Rescan
from tests.desk import Desk, TestClient, created, ok, scan

PLAIN = "关于办公用品管理的通知"


@pytest.fixture
def clerk(desk: Desk) -> TestClient:
    return desk.client(Role.CLERK)


def send(client: TestClient, item: str, *pages: str, **query: str):
    files = {"file": ("重扫.pdf", scan(*pages))}
    return client.post(f"/api/v1/rescans/{item}", files=files, params=query)


def failed(desk: Desk, item: str) -> None:
    check = created(desk.checker.post("/api/v1/filings/checks", json={"item_ids": [item]}))
    verdicts = [{"item_id": item, "number": page["number"], "passed": True} for page in check["page_list"]]
    verdicts[0] |= {"passed": False, "reason": "illegible"}
    address = f"/api/v1/filings/checks/{check['id']}"
    ok(desk.checker.post(f"{address}/verdicts", json={"verdicts": verdicts}))
    ok(desk.checker.post(f"{address}/close"))


def row(desk: Desk, item: str) -> Item:
    with desk.kernel.database.read() as session:
        return session.get_one(Item, item)


def test_a_failed_item_is_scanned_again_and_keeps_what_it_is(desk, clerk):
    item = desk.item(clerk, "商品房买卖合同\n买受人：张伟", "第二页")
    before = row(desk, item)
    failed(desk, item)
    receipt = created(send(clerk, item, "商品房买卖合同\n买受人：张炜", "第二页", "第三页", reason="illegible"))
    desk.work()
    after = row(desk, item)
    assert (after.revision, after.state) == (2, "SCANNED")
    assert (after.reference_code, after.created_at, after.key_id) == (before.reference_code, before.created_at, before.key_id)
    shown = ok(clerk.get(f"/api/v1/items/{item}"))
    assert shown["pages"] == 3 and [value["value"] for value in shown["fields"]["party_buyer"]] == ["张炜"]
    assert clerk.get("/api/v1/search", params={"q": "party_buyer:张伟"}).json()["total"] == 0
    with desk.kernel.database.read() as session:
        (rescan,) = session.scalars(select(Rescan)).all()
        assert (rescan.old_file_id, rescan.new_file_id, rescan.reason) == (before.file_id, receipt["id"], "illegible")
        kept = session.scalars(select(Rendition.revision).where(Rendition.item_id == item)).all()
        assert sorted(kept) == [1] * 3 + [2] * 4, "two pictures and a PDF of the old scan, three and one of the new"
        assert session.get_one(File, before.file_id).master_id is not None
    desk.checked(item)
    assert row(desk, item).state == "QC_PASSED"


def test_what_a_person_confirmed_is_not_asked_again(desk, clerk):
    item = desk.item(clerk, "商品房买卖合同\n买受人：张伟\n合同编号：HT-2024-0001")
    history = f"/api/v1/filings/items/{item}/history"
    (read,) = [value for value in ok(clerk.get(history))["values"] if value["name"] == "party_buyer"]
    body = {"what": "field", "field": "party_buyer", "replaces": read["id"], "value": "张炜"}
    created(clerk.post(f"/api/v1/filings/items/{item}/corrections", json=body))
    failed(desk, item)
    created(send(clerk, item, "商品房买卖合同\n买受人：张祎\n合同编号：HT-2024-0002"))
    desk.work()
    fields = ok(clerk.get(f"/api/v1/items/{item}"))["fields"]
    assert [(value["value"], value["verification"]) for value in fields["party_buyer"]] == [("张炜", "confirmed")]
    assert [(value["value"], value["verification"]) for value in fields["contract_number"]] == [("HT-2024-0002", "read")]


def test_an_archived_item_stays_archived_and_is_checked_again(desk, clerk):
    item = desk.archived(clerk, PLAIN)
    code = row(desk, item).reference_code
    with desk.kernel.database.write() as session:
        session.get_one(Item, item).holds = 2
    created(send(clerk, item, f"{PLAIN} 更清楚"))
    desk.work()
    after = row(desk, item)
    assert (after.state, after.revision, after.reference_code, after.holds) == ("ARCHIVED", 2, code, 2)
    assert not after.reference_code_draft
    desk.checked(item)
    assert row(desk, item).state == "ARCHIVED"


def test_a_catalogued_item_that_was_scanned_again_is_not_submitted_unchecked(desk, clerk):
    item = desk.item(clerk, PLAIN)
    desk.catalogued(item)
    created(send(clerk, item, f"{PLAIN} 更清楚"))
    desk.work()
    refused = clerk.post("/api/v1/filings", json={"item_ids": [item]})
    assert refused.status_code == 409 and "scanned again" in refused.json()["detail"]
    desk.checked(item)
    created(clerk.post("/api/v1/filings", json={"item_ids": [item]}))


def test_what_is_not_to_be_scanned_again_is_refused(desk, clerk):
    item = desk.item(clerk, PLAIN)
    assert send(clerk, item, "x").status_code == 409, "not checked yet"
    failed(desk, item)
    assert send(clerk, item, PLAIN).status_code == 409, "the same scan once more"
    assert send(desk.client(Role.CLERK), item, "x").status_code == 404
    refused = send(desk.checker, item, "x")
    assert refused.status_code == 403 and refused.json()["type"].endswith("separation-of-duties"), "who checks does not scan"
    assert send(clerk, item, "x", reason="Zhang Wei said so").status_code == 422


def test_a_rescan_that_cannot_be_read_changes_nothing(desk, clerk):
    item = desk.item(clerk, PLAIN)
    failed(desk, item)
    broken = {"file": ("重扫.pdf", b"no scan at all")}
    receipt = created(clerk.post(f"/api/v1/rescans/{item}", files=broken))
    desk.work()
    assert (row(desk, item).revision, row(desk, item).state) == (1, "QC_FAILED")
    with desk.kernel.database.read() as session:
        assert session.get_one(File, receipt["id"]).state == "rejected"


def test_a_repeated_request_makes_one_revision(desk, clerk):
    item = desk.item(clerk, PLAIN)
    failed(desk, item)
    answers = [
        clerk.post(f"/api/v1/rescans/{item}", files={"file": ("重扫.pdf", scan("新"))}, headers={"Idempotency-Key": "k"})
        for _ in range(2)
    ]
    assert created(answers[0]) == created(answers[1])
    desk.work()
    assert row(desk, item).revision == 2
    (told,) = (json.loads(entry.data) for entry in desk.ledger("item.rescan"))
    assert told["details"]["reason"] == "other"
