"""Corrections beside the picture: new versions with their evidence, the old ones stay (behaviours 4, 16, 20)."""

import json

import pytest

from services.kernel.model import Role
from tests.desk import Desk, TestClient, created, ok

CONTRACT = "商品房买卖合同\n合同编号：HT-2024-0001\n买受人：张伟\n签订日期：2024年5月6日"


@pytest.fixture
def clerk(desk: Desk) -> TestClient:
    return desk.client(Role.CLERK)


@pytest.fixture
def item(desk: Desk, clerk: TestClient) -> str:
    return desk.item(clerk, CONTRACT)


def correct(client: TestClient, item: str, **body):
    return client.post(f"/api/v1/filings/items/{item}/corrections", json={"what": "field"} | body)


def history(client: TestClient, item: str) -> dict:
    return ok(client.get(f"/api/v1/filings/items/{item}/history"))


def present(client: TestClient, item: str, name: str) -> list[dict]:
    return [value for value in history(client, item)["values"] if value["name"] == name and value["present"]]


def test_rule_20_a_correction_is_a_new_version_and_the_old_value_stays(desk, clerk, item):
    (read,) = present(clerk, item, "party_buyer")
    assert (read["value"], read["verification"]) == ("张伟", "read")
    created(correct(clerk, item, field="party_buyer", replaces=read["id"], value="张炜", note="与身份证一致", page=1))
    desk.work()
    versions = [value for value in history(clerk, item)["values"] if value["name"] == "party_buyer"]
    assert [(value["value"], value["present"], value["source"]) for value in versions] == [
        ("张伟", False, read["source"]),
        ("张炜", True, "person"),
    ]
    assert versions[1]["replaces"] == read["id"] and versions[1]["verification"] == "confirmed"
    (made,) = history(clerk, item)["corrections"]
    assert (made["note"], made["evidence_page"], made["field_value_id"]) == ("与身份证一致", 1, versions[1]["id"])
    shown = ok(clerk.get(f"/api/v1/items/{item}"))
    assert shown["title"] == "商品房买卖合同 张炜", "a generated title follows"
    assert [value["value"] for value in shown["fields"]["party_buyer"]] == ["张炜"]
    assert clerk.get("/api/v1/search", params={"q": "party_buyer:张炜"}).json()["total"] == 1
    assert clerk.get("/api/v1/search", params={"q": "party_buyer:张伟"}).json()["total"] == 0
    told = b"".join(entry.data for entry in desk.ledger()).decode()
    assert "张炜" not in told and "与身份证" not in told


def test_rule_04_each_field_has_a_verification_state(desk, clerk, item):
    (number,) = present(clerk, item, "contract_number")
    vouch = f"/api/v1/filings/items/{item}/confirmations"
    ok(clerk.post(vouch, json={"field_value_ids": [number["id"]]}))
    assert present(clerk, item, "contract_number")[0]["verification"] == "confirmed"
    assert clerk.post(vouch, json={"field_value_ids": [number["id"]], "certified": True}).status_code == 422, "no evidence"
    body = {"field_value_ids": [number["id"]], "certified": True, "note": "房管局网签系统 2024-05-07"}
    ok(clerk.post(vouch, json=body))
    (certified,) = present(clerk, item, "contract_number")
    assert certified["verification"] == "certified" and certified["verified_by"] == clerk.get("/api/v1/me").json()["id"]
    assert ok(clerk.get(f"/api/v1/items/{item}"))["fields"]["contract_number"][0]["verification"] == "certified"


def test_rule_04_what_fails_its_check_is_not_catalogued_unproven(desk, clerk):
    item = desk.item(clerk, "居民身份证\n姓名 张伟\n公民身份号码 110105194912310021")
    (number,) = present(clerk, item, "id_number")
    assert number["check"] == "failed"
    desk.checked(item)
    refused = desk.checker.post("/api/v1/filings/catalogued", json={"item_ids": [item]})
    assert refused.status_code == 409 and "id_number" in refused.json()["detail"]
    created(correct(clerk, item, field="id_number", replaces=number["id"], value="11010519491231002x"))
    ok(desk.checker.post("/api/v1/filings/catalogued", json={"item_ids": [item]}))
    assert present(clerk, item, "id_number")[0]["value"] == "11010519491231002X"
    desk.work()
    assert clerk.get("/api/v1/search", params={"q": "id_number:11010519491231002X"}).json()["total"] == 1


def test_a_value_is_struck_out_or_added(desk, clerk, item):
    (read,) = present(clerk, item, "party_buyer")
    created(correct(clerk, item, field="party_buyer", replaces=read["id"]))
    assert present(clerk, item, "party_buyer") == []
    assert "party_buyer" not in ok(clerk.get(f"/api/v1/items/{item}"))["fields"]
    created(correct(clerk, item, field="party_buyer", value="李娜"))
    assert [value["value"] for value in present(clerk, item, "party_buyer")] == ["李娜"]
    assert correct(clerk, item, field="party_buyer", replaces=read["id"], value="王芳").status_code == 404, "replaced already"


@pytest.mark.parametrize(
    "body",
    [
        {"field": "signed_on", "value": "二零二四"},
        {"field": "amount", "value": "很多"},
        {"field": "shoe_size", "value": "42"},
        {"field": "party_buyer"},
        {"what": "type", "value": "novel"},
        {"what": "business_type", "value": "novel"},
        {"what": "title", "value": " "},
        {"field": "party_buyer", "value": "x", "page": 9},
    ],
)
def test_nonsense_is_refused(clerk, item, body):
    assert correct(clerk, item, **body).status_code == 422


def test_a_corrected_type_moves_the_draft_to_its_series_and_explains_the_gap(desk, clerk, item):
    assert ok(clerk.get(f"/api/v1/items/{item}"))["reference_code"] == "M001-HT·2024-D30-0001"
    created(correct(clerk, item, what="type", value="lease_contract", note="是租赁合同"))
    shown = ok(clerk.get(f"/api/v1/items/{item}"))
    assert (shown["type"], shown["reference_code"]) == ("lease_contract", "M001-HT·2024-D10-0001")
    assert shown["title"].startswith("房屋租赁合同")
    (made,) = history(clerk, item)["corrections"]
    assert (made["what"], made["before"], made["after"]) == ("type", "sale_contract", "lease_contract")


def test_an_item_on_a_form_stays_as_it_was_submitted(desk, clerk):
    item = desk.item(clerk, "关于办公用品管理的通知")
    form = desk.submitted(clerk, item)
    assert correct(clerk, item, field="purpose", value="x").status_code == 409
    ok(desk.signer.post(f"/api/v1/filings/{form}/signature", json={"approves": True}))
    refused = correct(clerk, item, field="purpose", value="x")
    assert refused.status_code == 403 and refused.json()["type"].endswith("needs-grant"), "archived: by a grant only"


def test_whoever_corrects_does_not_sign(desk, clerk):
    item = desk.item(clerk, "关于办公用品管理的通知")
    created(correct(desk.signer, item, field="purpose", value="办公"))
    form = desk.submitted(clerk, item)
    refused = desk.signer.post(f"/api/v1/filings/{form}/signature", json={"approves": True})
    assert refused.status_code == 403 and refused.json()["type"].endswith("separation-of-duties")


def test_another_s_item_is_not_there(desk, item):
    other = desk.client(Role.CLERK)
    assert other.get(f"/api/v1/filings/items/{item}/history").status_code == 404
    assert correct(other, item, field="purpose", value="x").status_code == 404
    assert correct(desk.client(Role.STAFF), item, field="purpose", value="x").status_code == 403


def test_a_repeated_correction_is_made_once(clerk, item):
    body = {"what": "field", "field": "purpose", "value": "自住"}
    address, key = f"/api/v1/filings/items/{item}/corrections", {"Idempotency-Key": "a"}
    first, second = (created(clerk.post(address, json=body, headers=key)) for _ in range(2))
    assert first == second and len(history(clerk, item)["corrections"]) == 1
    assert json.dumps(first)
