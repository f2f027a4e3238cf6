"""From the scanner to the shelf over HTTP: checked, catalogued, put on a form, signed by somebody else."""

import json

import pytest
from sqlalchemy import select

from services.filing.quality import sampling
from services.kernel.copies import TrackedCopy
from services.kernel.model import Role
from services.kernel.tables import Item
from tests.desk import Desk, TestClient, created, ok

CONTRACT = "商品房买卖合同\n合同编号：HT-2024-0001\n出卖人：某某置业有限公司\n买受人：张伟"
PLAIN = "关于办公用品管理的通知"


@pytest.fixture
def clerk(desk: Desk) -> TestClient:
    return desk.client(Role.CLERK)


def state(desk: Desk, item: str) -> str:
    with desk.kernel.database.read() as session:
        return session.get_one(Item, item).state


def code(answer) -> str:
    return answer.json()["type"].removeprefix("urn:muniment:problem:")


def open_check(client: TestClient, *items: str):
    return client.post("/api/v1/filings/checks", json={"item_ids": list(items)})


def say(client: TestClient, check: str, item: str, number: int, **verdict):
    body = {"verdicts": [{"item_id": item, "number": number, **verdict}]}
    return client.post(f"/api/v1/filings/checks/{check}/verdicts", json=body)


def sign(client: TestClient, form: str, **more):
    return client.post(f"/api/v1/filings/{form}/signature", json={"approves": True} | more)


# ── states ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_each_step_has_its_state(desk, clerk):
    item = desk.item(clerk, PLAIN)
    assert state(desk, item) == "SCANNED"
    desk.checked(item)
    assert state(desk, item) == "QC_PASSED"
    ok(desk.checker.post("/api/v1/filings/catalogued", json={"item_ids": [item]}))
    assert state(desk, item) == "CATALOGUED"
    form = created(clerk.post("/api/v1/filings", json={"item_ids": [item]}))["id"]
    assert state(desk, item) == "PENDING_SIGNOFF"
    ok(sign(desk.signer, form))
    assert state(desk, item) == "ARCHIVED"


def test_what_is_not_read_yet_is_received(desk, clerk):
    from tests.desk import TypedReader

    seen = []
    batch = desk.deliver(clerk, b"SCAN\n" + PLAIN.encode())

    def look(number: int) -> None:
        seen.append(clerk.get(f"/api/v1/batches/{batch}").json()["items"][0]["state"])

    desk.work(TypedReader(look))
    assert seen == ["RECEIVED"]


def test_the_index_follows_the_state(desk, clerk):
    item = desk.archived(clerk, PLAIN)
    found = clerk.get("/api/v1/search", params={"state": "ARCHIVED"}).json()
    assert [hit["item_id"] for hit in found["hits"]] == [item]
    assert clerk.get("/api/v1/search", params={"state": "SCANNED"}).json()["total"] == 0


def test_no_step_is_left_out(desk, clerk):
    item = desk.item(clerk, PLAIN)
    assert desk.checker.post("/api/v1/filings/catalogued", json={"item_ids": [item]}).status_code == 409
    assert clerk.post("/api/v1/filings", json={"item_ids": [item]}).status_code == 409
    desk.checked(item)
    assert clerk.post("/api/v1/filings", json={"item_ids": [item]}).status_code == 409
    assert open_check(desk.checker, item).status_code == 409, "it was checked"


# ── quality check ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_program_checks_every_page_and_a_person_a_sample(desk, clerk):
    items = [desk.item(clerk, *[f"{PLAIN} {number} {page}" for page in range(10)]) for number in range(3)]
    check = created(open_check(desk.checker, *items))
    assert (check["pages"], check["drawn"], check["to_see"]) == (30, 2, 2), "5 % of 30, rounded up"
    sample = {f"{page['item_id']}/{page['number']}" for page in check["page_list"] if page["drawn"]}
    names = [f"{page['item_id']}/{page['number']}" for page in check["page_list"]]
    assert sample == sampling.draw(names, check["sample"]["share"], check["sample"]["seed"]), "anyone can draw it again"
    entry = json.loads(desk.ledger("check.open")[-1].data)["details"]
    assert (entry["seed"], entry["drawn"], entry["policy"]) == (check["sample"]["seed"], 2, 0)
    assert desk.checker.post(f"/api/v1/filings/checks/{check['id']}/close").status_code == 409


def test_a_page_that_failed_in_reading_fails_the_item(desk, clerk):
    batch = desk.deliver(clerk, b"SCAN\n" + f"{PLAIN}\f!".encode())
    desk.work()
    item = clerk.get(f"/api/v1/batches/{batch}").json()["items"][0]["id"]
    check = created(open_check(desk.checker, item))
    assert [page["passed"] for page in check["page_list"]] == [None, False], "the other one is the sample"
    ok(say(desk.checker, check["id"], item, 1, passed=True))
    assert ok(desk.checker.post(f"/api/v1/filings/checks/{check['id']}/close"))["items"][0]["passed"] is False
    assert state(desk, item) == "QC_FAILED"


def test_a_failed_sample_widens_the_check_to_the_whole_lot(desk, clerk):
    item = desk.item(clerk, *[f"{PLAIN} {page}" for page in range(5)])
    check = created(open_check(desk.checker, item))
    drawn = next(page["number"] for page in check["page_list"] if page["drawn"])
    assert say(desk.checker, check["id"], item, drawn, passed=False).status_code == 422, "without a reason"
    ok(say(desk.checker, check["id"], item, drawn, passed=False, reason="cut_off", note="右边缺字"))
    close = f"/api/v1/filings/checks/{check['id']}/close"
    widened = ok(desk.checker.post(close))
    assert widened["sample"]["widened"] and widened["to_see"] == 4 and widened["closed_at"] is None
    for page in widened["page_list"]:
        if page["passed"] is None:
            ok(say(desk.checker, check["id"], item, page["number"], passed=True))
    closed = ok(desk.checker.post(close))
    assert closed["items"][0]["passed"] is False and state(desk, item) == "QC_FAILED"
    (told,) = (json.loads(entry.data) for entry in desk.ledger("item.check"))
    assert told["details"]["outcome"] == "failed"
    assert "右边" not in b"".join(entry.data for entry in desk.ledger()).decode()


# ── the signature ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_rule_07_nothing_is_archived_without_a_form_and_a_second_person(desk):
    scanner = desk.client(Role.ARCHIVIST)
    item = desk.item(scanner, PLAIN)
    refused = open_check(scanner, item)
    assert (refused.status_code, code(refused)) == (403, "separation-of-duties"), "who scanned does not check"
    form = desk.submitted(scanner, item)
    for client in (scanner, desk.checker):
        refused = sign(client, form)
        assert (refused.status_code, code(refused)) == (403, "separation-of-duties")
    assert state(desk, item) == "PENDING_SIGNOFF"
    assert sign(desk.client(Role.CLERK), form).status_code == 403
    assert ok(sign(desk.signer, form))["state"] == "signed"
    assert state(desk, item) == "ARCHIVED"
    shown = ok(desk.signer.get(f"/api/v1/filings/{form}"))
    parts = {part: [each["id"] for each in shown["people"][part]] for part in ("scan", "check", "sign_off")}
    ids = [client.get("/api/v1/me").json()["id"] for client in (scanner, desk.checker, desk.signer)]
    assert parts == {"scan": ids[:1], "check": ids[1:2], "sign_off": ids[2:]}
    assert sign(desk.signer, form).status_code == 409, "once"


def test_a_returned_form_opens_its_items_again(desk, clerk):
    item = desk.item(clerk, PLAIN)
    form = desk.submitted(clerk, item)
    assert sign(desk.signer, form, approves=False).status_code == 422, "without a reason"
    ok(sign(desk.signer, form, approves=False, reason="题名有误"))
    assert state(desk, item) == "CATALOGUED"
    assert ok(clerk.get(f"/api/v1/filings/{form}"))["reason"] == "题名有误"
    again = created(clerk.post("/api/v1/filings", json={"item_ids": [item]}))["id"]
    ok(sign(desk.signer, again))
    assert state(desk, item) == "ARCHIVED"


def test_a_form_of_another_s_items_is_not_known(desk, clerk):
    form = desk.submitted(clerk, desk.item(clerk, PLAIN))
    other = desk.client(Role.CLERK)
    assert other.get(f"/api/v1/filings/{form}").status_code == 404
    assert other.get("/api/v1/filings").json()["filings"] == []


# ── completeness ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_rule_03_an_incomplete_file_cannot_be_signed_off(desk, clerk):
    contract = desk.item(clerk, CONTRACT)
    desk.catalogued(contract)
    alone = clerk.post("/api/v1/filings", json={"item_ids": [contract]})
    assert alone.status_code == 409 and "in none" in alone.json()["detail"]
    file = desk.case_file(clerk, "sale", contract)
    shown = ok(clerk.get(f"/api/v1/case-files/{file}"))
    assert [line["filled"] for line in shown["checklist"]] == [True, False, False] and not shown["complete"]
    refused = clerk.post("/api/v1/filings", json={"item_ids": [contract]})
    assert refused.status_code == 409 and "id_card or household_register or business_licence" in refused.json()["detail"]
    others = [desk.item(clerk, text) for text in ("居民身份证\n姓名 张伟", "收款收据\n交款单位 张伟")]
    ok(clerk.post(f"/api/v1/case-files/{file}/items", json={"item_ids": others}))
    assert not ok(clerk.get(f"/api/v1/case-files/{file}"))["complete"], "what was not checked fills no line"
    desk.catalogued(*others)
    assert ok(clerk.get(f"/api/v1/case-files/{file}"))["complete"]
    form = created(clerk.post("/api/v1/filings", json={"item_ids": [contract, *others]}))["id"]
    ok(sign(desk.signer, form))
    assert state(desk, contract) == "ARCHIVED"


def test_rule_08_the_general_manager_s_copy_is_tracked(desk, clerk):
    leader, _ = desk.person(Role.COMPANY_LEADER)
    contract = desk.archived(clerk, CONTRACT)
    with desk.kernel.database.read() as session:
        (copy,) = session.scalars(select(TrackedCopy)).all()
    assert (copy.item_id, copy.holder_id, copy.ground, copy.state) == (contract, leader.person_id, "policy:0", "out")
