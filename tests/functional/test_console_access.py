"""The pages of access: what they show, and that their forms do what the API does in the same person's name."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.kernel.clock import now
from services.kernel.identity import accounts
from services.kernel.identity.tables import Person
from services.kernel.model import Role
from tests.desk import PASSWORD, Desk, TestClient
from tests.functional.test_access import SALES, Office


class Visitors(Office):
    """The office, each at a browser."""

    def person(self, role: Role, department: str | None = None, *, like: TestClient | None = None) -> TestClient:
        with self.desk.kernel.database.write() as session:
            name = f"{role}-{session.query(Person).count()}"
            accounts.add_person(session, name, role, department=department, password=PASSWORD)
        client = self.desk.client()
        client.headers["Origin"] = "http://testserver"
        assert client.post("/sign-in", data={"name": name, "password": PASSWORD}, follow_redirects=False).status_code == 303
        return client


@pytest.fixture
def office(desk: Desk) -> Visitors:
    return Visitors(desk)


def send(client: TestClient, address: str, **data) -> str:
    answer = client.post(address, data=data, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def test_from_the_item_to_its_picture_and_back_by_the_pages_alone(office):
    page = office.sales.get(f"/items/{office.item}").text
    assert 'action="/access/requests"' in page and "张伟" not in page
    asked = send(office.sales, "/access/requests", item_id=office.item, kind="read", purpose="核对付款日期", days="")
    assert "审批中" in office.sales.get(asked).text
    assert "核对付款日期" in office.head.get("/access/waiting").text
    assert "有申请等您审批" in office.head.get("/access").text
    send(office.head, f"{asked}/decision", do="approve", reason="")
    assert "已授权" in office.sales.get(asked).text
    opened = office.sales.get(f"/items/{office.item}").text
    assert 'id="grant"' in opened and "grant.js" in opened and f"/api/v1/items/{office.item}/pages/1/image" in opened
    grant = office.sales.get("/api/v1/grants").json()["grants"][0]["id"]
    send(office.sales, f"/access/grants/{grant}/revocation")
    assert 'id="grant"' not in office.sales.get(f"/items/{office.item}").text


def test_a_refusal_by_the_page_wants_a_reason(office):
    asked = send(office.sales, "/access/requests", item_id=office.item, kind="read", purpose="核对")
    assert office.head.post(f"{asked}/decision", data={"do": "reject"}).status_code == 422
    send(office.head, f"{asked}/decision", do="reject", reason="目的不明")
    assert "目的不明" in office.sales.get(asked).text


def test_the_desk_hands_out_takes_back_and_copies(office):
    loan, copy = office.granted(kind="loan"), office.granted(kind="copy")
    desk = office.archivist.get("/access/desk").text
    assert loan in desk and copy in desk
    send(office.archivist, "/access/loans", grant_id=loan, item_id=office.item, condition="good")
    number = office.sales.get("/api/v1/loans").json()["loans"][0]
    assert (
        number["number"] in office.archivist.get("/access/desk").text and number["number"] in office.sales.get("/access").text
    )
    send(office.archivist, f"/access/loans/{number['id']}/end", condition="damaged", text="封面撕破")
    assert "封面撕破" in office.archivist.get("/access/desk").text
    send(office.archivist, "/access/copies", grant_id=copy, item_id=office.item, form="paper")
    made = office.sales.get("/api/v1/copies").json()["copies"][0]["id"]
    assert f"/api/v1/copies/{made}/pdf" in office.archivist.get("/access/desk").text
    send(office.archivist, f"/access/copies/{made}/end", state="returned")
    assert office.sales.get("/access/desk").status_code == 403


def test_a_deputy_is_named_and_dismissed_by_the_page(office):
    deputy = office.person(Role.STAFF, SALES)
    me = deputy.get("/api/v1/me").json()
    day = (now() + timedelta(days=3)).date().isoformat()
    send(office.head, "/access/deputies", taker_id=me["id"], role="department_head", until=day, reason="出差")
    assert me["name"] in office.head.get("/access/deputies").text
    given = deputy.get("/api/v1/delegations").json()["delegations"][0]["id"]
    send(office.head, f"/access/deputies/{given}/revocation")
    assert "已结束" in office.head.get("/access/deputies").text


def test_a_consultation_is_answered_on_its_page(office):
    asked = send(office.sales, "/access/requests", item_id=office.item, kind="consult", purpose="有无此件")
    page = office.sales.get(asked).text
    assert "目录答复" in page and "张伟" not in page
