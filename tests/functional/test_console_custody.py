"""Custody's pages: what they show, and that their forms do what the API does."""

from __future__ import annotations

import json
import re

import pytest

from services.custody.packages.receiving import check, unpacked
from services.kernel.identity import people
from services.kernel.model import Role
from services.kernel.queue.stages import Queue
from tests.desk import PASSWORD, Desk, TestClient, ok
from tests.functional.test_console_audit import visitor


@pytest.fixture
def archivist(desk: Desk) -> TestClient:
    return visitor(desk, Role.ARCHIVIST)


def sent(client: TestClient, path: str, **form) -> str:
    """Where the page leads after the form was taken."""
    answer = client.post(path, follow_redirects=False, **form)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def test_fixity_shows_what_was_mended_and_what_could_not_be(desk, archivist):
    item = desk.item(desk.client(Role.CLERK), "第一页")
    assert "没有损坏的对象" in archivist.get("/custody").text
    desk.kernel.objects.delete(desk.objects()[0])
    assert archivist.post(f"/api/v1/custody/items/{item}/fixity").status_code == 202
    assert desk.runner().drain(Queue.FIXITY) == 1
    page = archivist.get("/custody").text
    assert "主存储 丢失" in page and f"/items/{item}" in page
    assert "存储对象损坏" in archivist.get("/access/desk").text
    assert visitor(desk, Role.STAFF).get("/custody").status_code == 403


def test_a_room_is_read_through_the_pages(desk, archivist):
    assert "还没有登记库房" in archivist.get("/custody/rooms").text
    sent(archivist, "/custody/rooms", data={"name": "一号库"})
    room = ok(archivist.get("/api/v1/custody/rooms"))["rooms"][0]["id"]
    wrong = archivist.post(f"/custody/rooms/{room}/readings", data={"temperature": "热", "humidity": "50"})
    assert wrong.status_code == 422 and "请填写名称" in wrong.text
    sent(archivist, f"/custody/rooms/{room}/readings", data={"temperature": "30", "humidity": "50", "note": "已开空调"})
    page = archivist.get("/custody/rooms", params={"room": room}).text
    assert "超出范围" in page and "已开空调" in page and "14.0–24.0 °C" in page
    auditor = visitor(desk, Role.AUDITOR).get("/custody/rooms", params={"room": room})
    assert auditor.status_code == 200 and "登记读数" not in auditor.text
    sent(archivist, f"/custody/rooms/{room}/closure")
    assert "已停用" in archivist.get("/custody/rooms").text


def test_rule_18_an_inspection_goes_its_way_through_the_pages(desk, archivist):
    assert "防火" in archivist.get("/custody/inspections").text, "the eight guards are proposed"
    sent(archivist, "/custody/plans", data={"title": "八防巡检", "points": "防火\n防潮\n", "every_days": "30"})
    plan = ok(archivist.get("/api/v1/custody/plans"))["plans"][0]["id"]
    form = {"point": ["防火", "防潮"], "note": ["", "东墙有水渍"]}
    sent(archivist, f"/custody/plans/{plan}/inspections", data=form)
    page = archivist.get("/custody/inspections").text
    assert "东墙有水渍" in page and "八防巡检" in page
    found = ok(archivist.get("/api/v1/custody/inspections"))["inspections"][0]["id"]
    assert archivist.post(f"/custody/inspections/{found}/settlement", data={"text": ""}).status_code == 422
    sent(archivist, f"/custody/inspections/{found}/settlement", data={"text": "已修补"})
    assert "已修补" in archivist.get("/custody/inspections").text
    leader = visitor(desk, Role.COMPANY_LEADER).get("/custody/inspections").text
    assert "防火、防潮" in leader and "结束计划" not in leader
    sent(archivist, f"/custody/plans/{plan}/end")
    assert "还没有巡检计划" in archivist.get("/custody/inspections").text


def test_a_package_goes_its_way_through_the_pages(desk, archivist, tmp_path):
    item = desk.archived(desk.client(Role.CLERK), "%PDF-1.7\n关于办公用品管理的通知")
    wrong = archivist.post("/custody/packages", data={"title": "移交", "receiver": "城建档案馆"})
    assert wrong.status_code == 422 and "选至少一件" in wrong.text
    here = sent(archivist, "/custody/packages", data={"title": "移交", "receiver": "城建档案馆", "item_ids": [item]})
    assert "检测中" in archivist.get(here).text
    assert desk.runner().drain(Queue.EXAMINING) == 1
    page = archivist.get(here).text
    assert "可移交" in page and "下载移交包" in page
    assert "1 次检测，1 次全部合格" in archivist.get("/custody/checks").text
    (bag,) = re.findall(r'href="(/api/v1/custody/packages/[^"]+/bag)"', page)
    (tmp_path / "p.zip").write_bytes(archivist.get(bag).content)
    with unpacked(tmp_path / "p.zip") as folder:
        receipt = json.loads(check(folder).receipt({item: "缺一页"}).model_dump_json())
    with desk.kernel.database.write() as session:
        people.add_person(session, "第二档案员", Role.ARCHIVIST, password=PASSWORD)
    other = desk.client()
    other.headers["Origin"] = "http://testserver"
    sent(other, "/sign-in", data={"name": "第二档案员", "password": PASSWORD})
    broken = other.post(f"{here}/receipt", files={"receipt": ("r.json", b"{", "application/json")})
    assert broken.status_code == 422 and "这不是回执文件" in broken.text
    sent(other, f"{here}/receipt", files={"receipt": ("r.json", json.dumps(receipt).encode(), "application/json")})
    assert "缺一页" in other.get(here).text and "已办结" in other.get("/custody/packages").text
