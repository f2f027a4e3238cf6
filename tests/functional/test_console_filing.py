"""The pages of filing: what they show, and that their forms do what the API does in the same person's name."""

import pytest
from sqlalchemy import select

from services.kernel.identity import accounts
from services.kernel.model import Role
from services.kernel.paper import Problem
from services.kernel.tables import Item, Page
from tests.desk import PASSWORD, Desk, TestClient, created, ok

CONTRACT = "商品房买卖合同\n合同编号：HT-2024-0001\n买受人：张伟"
PLAIN = "关于办公用品管理的通知"


@pytest.fixture
def clerk(desk: Desk) -> TestClient:
    return desk.client(Role.CLERK)


def browser(desk: Desk, role: Role, name: str) -> TestClient:
    """Somebody who has signed in at the console."""
    with desk.kernel.database.write() as session:
        accounts.add_person(session, name, role, password=PASSWORD)
    client = desk.client()
    client.headers["Origin"] = "http://testserver"
    answer = client.post("/sign-in", data={"name": name, "password": PASSWORD}, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    return client


def state(desk: Desk, item: str) -> str:
    with desk.kernel.database.read() as session:
        return session.get_one(Item, item).state


def send(client: TestClient, address: str, **data) -> str:
    answer = client.post(address, data=data, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def test_from_the_desk_to_the_shelf_by_the_pages_alone(desk, clerk):
    item = desk.item(clerk, PLAIN)
    checker, signer = browser(desk, Role.ARCHIVIST, "周质检"), browser(desk, Role.ARCHIVIST, "吴归档")
    assert item in checker.get("/filing").text
    check = send(checker, "/filing/checks", item_ids=[item])
    page = checker.get(check).text
    assert f"/api/v1/items/{item}/pages/1/image" in page and "disabled" in page
    send(checker, f"{check}/verdicts", item_id=item, number=1)
    send(checker, f"{check}/close")
    assert "质检合格" in checker.get(check).text
    send(checker, "/filing/catalogued", item_ids=[item])
    send(checker, "/filing/forms", item_ids=[item])
    form = ok(clerk.get("/api/v1/filings"))["filings"][0]["id"]
    assert form in signer.get("/filing").text and form in signer.get("/filing/forms").text
    refused = checker.post(f"/filing/forms/{form}/signature", data={"do": "sign"})
    assert refused.status_code == 403 and "职责须分开" in refused.text
    send(signer, f"/filing/forms/{form}/signature", do="sign")
    assert state(desk, item) == "ARCHIVED"
    assert "已归档" in signer.get(f"/filing/forms/{form}").text


def test_a_field_is_corrected_beside_the_picture(desk, clerk):
    item, archivist = desk.item(clerk, CONTRACT), browser(desk, Role.ARCHIVIST, "周质检")
    history = f"/api/v1/filings/items/{item}/history"
    (read,) = [value for value in ok(clerk.get(history))["values"] if value["name"] == "party_buyer"]
    field = f"/filing/items/{item}/fields"
    send(archivist, field, do="correct", id=read["id"], name="party_buyer", value="张炜", note="见身份证", page=1)
    page = archivist.get(f"/filing/items/{item}").text
    assert 'value="张炜"' in page and "<del>张伟</del>" in page and "见身份证" in page
    send(archivist, f"/filing/items/{item}/entry", what="customer_type", value="individual")
    assert ok(clerk.get(history))["entry"]["customer_type"] == "individual"
    refused = archivist.post(field, data={"do": "add", "name": "signed_on", "value": "明天", "page": 1})
    assert refused.status_code == 422 and "2024-05-06" in refused.text, "it says how a date is written"


def test_a_customer_s_file_shows_what_is_missing_and_who_is_who(desk, clerk):
    item, archivist = desk.item(clerk, CONTRACT), browser(desk, Role.ARCHIVIST, "周质检")
    file = send(archivist, "/filing/files", title="张伟 3幢502", business_type="sale", customer_type="individual")
    send(archivist, f"{file}/items", item_ids=[item])
    page = archivist.get(file).text
    assert "不齐全" in page and "居民身份证 / 户口簿 / 营业执照" in page and "张伟" in page
    (party,) = ok(desk.checker.get(f"/api/v1/case-files/{file.rpartition('/')[2]}"))["parties"]
    send(archivist, f"{file}/parties/{party['id']}", share="50%")
    assert "50%" in archivist.get(file).text and file in archivist.get("/filing/files").text


def test_a_handover_is_opened_and_decided(desk, clerk):
    item = desk.item(clerk, PLAIN)
    taker = browser(desk, Role.ARCHIVIST, "周质检")
    person = next(each["id"] for each in ok(clerk.get("/api/v1/handovers/takers"))["people"] if each["name"] == "周质检")
    handover = created(clerk.post("/api/v1/handovers", json={"taker_id": person, "item_ids": [item]}))
    page = f"/filing/handovers/{handover['id']}"
    assert handover["number"] in taker.get("/filing/handovers").text
    send(taker, f"{page}/decisions", item_id=item, do="reject", reason="缺页")
    assert "拒收" in taker.get(page).text and "缺页" in taker.get(page).text


@pytest.mark.parametrize("role", [Role.STAFF, Role.DEPARTMENT_HEAD, Role.AUDITOR])
def test_who_does_not_file_is_not_offered_it(desk, role):
    client = browser(desk, role, "某某")
    shown = client.get("/access").text
    assert 'href="/filing"' not in shown
    assert ('href="/filing/reports"' in shown) == (role is Role.DEPARTMENT_HEAD), "the daily report is the head's to read"
    assert client.get("/filing").status_code == 403


def test_a_doubtful_field_is_settled_beside_its_picture(desk, clerk):
    item = desk.item(clerk, "商品房买卖合同\n买受人：张伟\n身份证号码：110105194912310028")
    archivist = browser(desk, Role.ARCHIVIST, "周质检")
    page = archivist.get("/filing/review").text
    assert 'value="110105194912310028"' in page and "身份证" in page
    assert f'href="/api/v1/items/{item}/pages/1/image"' in page and "viewBox" in page
    (doubted,) = [each for each in ok(clerk.get("/api/v1/filings/review"))["values"] if each["name"] == "id_number"]
    told = {
        "do": "correct",
        "id": doubted["id"],
        "name": "id_number",
        "value": "11010519491231002X",
        "page": 1,
        "back": "review",
    }
    assert send(archivist, f"/filing/items/{item}/fields", **told) == "/filing/review"
    assert "110105194912310028" not in archivist.get("/filing/review").text


def test_an_item_shows_shares_repairs_and_where_its_pages_are_bad(desk, clerk):
    item = desk.item(clerk, "商品房买卖合同\n买受人：张伟（60%）、李娜（40%）\n签订日期：2024年5月6日")
    card = desk.item(clerk, "居民身份证\n姓名 张伟\n性别 女\n出生 1949年12月31日\n公民身份号码 11010519491281002X")
    place = ((5.0, 5.0), (95.0, 5.0), (95.0, 14.0), (5.0, 14.0))
    with desk.kernel.database.write() as session:
        (page,) = session.scalars(select(Page).where(Page.item_id == item))
        told = (Problem("blurred", "The page is out of focus.", 1, place), Problem("low_confidence", "Look.", 1))
        page.problems = [each.to_json() for each in told]
    shown = browser(desk, Role.ARCHIVIST, "周质检")
    text = shown.get(f"/items/{item}").text
    assert "份额 60%" in text and "份额 40%" in text
    assert 'class="problem-box"' in text and "页面模糊" in text
    text = shown.get(f"/items/{card}").text
    assert "已更正" in text and "原读作 11010519491281002X" in text
