"""Customers' files: everything of one customer together, and nobody merged on what only the program has read."""

import pytest

from services.kernel.casefiles import PartySubject
from services.kernel.holds import Hold, HoldItem
from services.kernel.model import Role
from services.kernel.tables import File, Item
from tests.desk import Desk, TestClient, created, ok

CONTRACT = "商品房买卖合同\n合同编号：HT-2024-0001\n买受人：张伟\n身份证号码：11010519491231002X"
CARD = "居民身份证\n姓名 张伟\n公民身份号码 11010519491231002X"
COMPLAINT = "客户投诉记录\n投诉人：张伟\n联系电话：13812345678"


@pytest.fixture
def clerk(desk: Desk) -> TestClient:
    return desk.client(Role.CLERK)


def parties(client: TestClient, file: str) -> dict[str, dict]:
    """The parties called 张伟, by the item that names them."""
    shown = ok(client.get(f"/api/v1/case-files/{file}"))["parties"]
    return {party["item_id"]: party for party in shown if party["name"] == "张伟"}


def confirm(client: TestClient, party: dict, share: str | None = None):
    return client.post(f"/api/v1/parties/{party['id']}/confirmation", json={"share": share})


def join(client: TestClient, one: dict, other: dict):
    return client.post(f"/api/v1/parties/{one['id']}/subject", json={"party_id": other["id"]})


def test_parties_are_suggested_by_the_program_and_joined_by_a_person(desk, clerk):
    contract, card = desk.item(clerk, CONTRACT), desk.item(clerk, CARD)
    file = desk.case_file(clerk, "sale", contract, card)
    found = parties(clerk, file)
    suggested = ok(clerk.get(f"/api/v1/parties/{found[contract]['id']}/suggestions"))["suggestions"]
    assert [(each["id"], each["why"]) for each in suggested] == [(found[card]["id"], "identifier")]
    assert found[contract]["subject_id"] is None, "suggested is not joined"
    assert join(clerk, found[contract], found[card]).status_code == 409, "both are only read"
    ok(confirm(clerk, found[contract], "50%"))
    assert join(clerk, found[contract], found[card]).status_code == 409, "one is only read"
    ok(confirm(clerk, found[card]))
    ok(join(clerk, found[contract], found[card]))
    joined = parties(clerk, file)
    assert joined[contract]["subject_id"] == joined[card]["subject_id"] is not None
    assert (joined[contract]["share"], joined[contract]["role"]) == ("50%", "party_buyer")
    assert join(clerk, found[contract], found[card]).status_code == 409, "they are one already"
    assert clerk.delete(f"/api/v1/parties/{found[card]['id']}/subject").status_code == 204
    assert parties(clerk, file)[card]["subject_id"] is None
    with desk.kernel.database.read() as session:
        assert session.query(PartySubject).count() == 1


def test_co_buyers_have_the_shares_that_the_contract_gives_them(desk, clerk):
    item = desk.item(clerk, "商品房买卖合同\n买受人：张伟（60%）、李娜（40%）\n签订日期：2024年5月6日")
    file = desk.case_file(clerk, "sale", item)
    fields = ok(clerk.get(f"/api/v1/items/{item}"))["fields"]["party_buyer"]
    assert {each["value"]: each["share"] for each in fields} == {"张伟": "60", "李娜": "40"}
    party = parties(clerk, file)[item]
    assert (party["share"], party["confirmed"]) == ("60%", False)
    ok(confirm(clerk, party))
    assert parties(clerk, file)[item]["share"] == "60%", "to vouch for the party is to vouch for what stands beside it"


def test_the_same_name_in_another_file_without_a_number_is_nobody(desk, clerk):
    one = desk.item(clerk, "商品房买卖合同\n合同编号：HT-2024-0001\n买受人：张伟")
    other = desk.item(clerk, "商品房买卖合同\n合同编号：HT-2024-0009\n买受人：张伟")
    files = [desk.case_file(clerk, "sale", item) for item in (one, other)]
    party = parties(clerk, files[0])[one]
    assert ok(clerk.get(f"/api/v1/parties/{party['id']}/suggestions"))["suggestions"] == []


def test_rule_23_further_series_lie_with_the_same_customer(desk, clerk):
    contract, complaint = desk.item(clerk, CONTRACT), desk.item(clerk, COMPLAINT)
    assert ok(clerk.get(f"/api/v1/items/{complaint}"))["reference_code"].startswith("M001-KF·"), "a series of its own"
    files = [desk.case_file(clerk, "sale", contract), desk.case_file(clerk, "service", contract, complaint)]
    listed = ok(clerk.get("/api/v1/case-files", params={"item": contract}))["files"]
    assert {each["id"] for each in listed} == set(files), "one paper lies in both"
    assert ok(clerk.get(f"/api/v1/case-files/{files[1]}"))["complete"], "a complaint's file needs no contract"


def test_an_item_inherits_the_holds_of_the_file_it_comes_into(desk, clerk):
    first, later = desk.item(clerk, CONTRACT), desk.item(clerk, CARD)
    file = desk.case_file(clerk, "sale", first)
    with desk.kernel.database.write() as session:
        key = desk.kernel.vault.new_key(session)
        person = session.get_one(Item, first).owner_id
        session.add(Hold(scope="file", target=file, key_id=key.id, reason_sealed=b"", placed_by=person))
    for _ in range(2):
        ok(clerk.post(f"/api/v1/case-files/{file}/items", json={"item_ids": [later]}))
    with desk.kernel.database.read() as session:
        assert session.get_one(Item, later).holds == 1
        assert [row.item_id for row in session.query(HoldItem)] == [later]


def test_what_is_archived_is_masked_in_its_file_too(desk, clerk):
    contract = desk.archived(clerk, CONTRACT)
    (file,) = ok(desk.signer.get("/api/v1/case-files", params={"item": contract}))["files"]
    shown = desk.signer.get(f"/api/v1/case-files/{file['id']}")
    assert "张伟" not in shown.text and "张**" in shown.text
    party = next(each for each in shown.json()["parties"] if each["item_id"] == contract)
    assert confirm(desk.signer, party).status_code == 403, "nobody vouches for what they cannot see"


def test_another_clerk_s_file_is_not_there(desk, clerk):
    file = desk.case_file(clerk, "sale", desk.item(clerk, CONTRACT))
    other = desk.client(Role.CLERK)
    assert other.get(f"/api/v1/case-files/{file}").status_code == 404
    assert other.get("/api/v1/case-files").json()["files"] == []
    assert desk.client(Role.STAFF).get("/api/v1/case-files").status_code == 403


def test_an_item_is_taken_out_until_it_is_on_a_form(desk, clerk):
    contract, card = desk.item(clerk, CONTRACT), desk.item(clerk, CARD)
    file = desk.case_file(clerk, "sale", contract, card)
    address = f"/api/v1/case-files/{file}/items/"
    assert clerk.delete(address + card).status_code == 204
    assert clerk.delete(address + card).status_code == 404
    archived = desk.archived(clerk, f"{CONTRACT}\n第二份")
    (kept,) = ok(clerk.get("/api/v1/case-files", params={"item": archived}))["files"]
    assert clerk.delete(f"/api/v1/case-files/{kept['id']}/items/{archived}").status_code == 409


def test_rule_01_the_taxonomy_has_facets_and_no_tree(desk, clerk):
    item = desk.item(clerk, CONTRACT)
    desk.item(clerk, COMPLAINT)
    for what, value in (("customer_type", "individual"), ("business_type", "investment")):
        body = {"what": what, "value": value}
        created(clerk.post(f"/api/v1/filings/items/{item}/corrections", json=body))
    desk.work()
    for asked in ({"customer_type": "individual"}, {"business_type": "investment"}, {"type": "sale_contract"}):
        assert [hit["item_id"] for hit in clerk.get("/api/v1/search", params=asked).json()["hits"]] == [item], asked
    both = {"customer_type": "individual", "business_type": "sale"}
    assert clerk.get("/api/v1/search", params=both).json()["total"] == 0, "each facet by itself"


def test_rule_02_fields_are_tagged_with_their_purpose(desk, clerk):
    item = desk.item(clerk, CONTRACT)
    for field, value in (("budget", "三百万"), ("special_needs", "无障碍通道")):
        body = {"what": "field", "field": field, "value": value}
        created(clerk.post(f"/api/v1/filings/items/{item}/corrections", json=body))
    desk.work()
    values = ok(clerk.get(f"/api/v1/filings/items/{item}/history"))["values"]
    purposes = {value["name"]: value["purpose"] for value in values}
    wanted = {"party_buyer": "deal", "id_number": "identity", "budget": "intent", "special_needs": "care"}
    assert purposes | wanted == purposes
    shown = desk.client(Role.STAFF).get(f"/api/v1/items/{item}").text
    assert "三百万" not in shown and "无障碍" not in shown, "hidden whole from whom the content is not open to"
    assert clerk.get("/api/v1/search", params={"q": "无障碍通道"}).json()["total"] == 0, "nobody searches for wishes"


def test_rule_16_the_original_is_never_changed(desk, clerk):
    item = desk.item(clerk, CONTRACT)

    def master() -> tuple[str, str, bytes]:
        with desk.kernel.database.read() as session:
            file = session.get_one(File, session.get_one(Item, item).file_id)
            blob = file.master
            key = desk.kernel.vault.key(session, blob.key_id)
            return file.sha256, blob.stored_sha256, desk.kernel.objects.fetch(blob.name, key, sha256=blob.sha256)

    before = master()
    body = {"what": "field", "field": "party_buyer", "value": "李娜", "note": "补登"}
    created(clerk.post(f"/api/v1/filings/items/{item}/corrections", json=body))
    created(clerk.post(f"/api/v1/filings/items/{item}/corrections", json={"what": "title", "value": "另一题名"}))
    desk.work()
    assert master() == before
