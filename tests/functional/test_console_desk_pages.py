"""Pages that came last: policy, catalogue, numbers, daily report, registers, conduct, whose page this is, joined accounts."""

from __future__ import annotations

import io
from random import Random

import cv2
import pytest

from services.access.marking import register
from services.kernel.identity import people
from services.kernel.model import Role
from services.kernel.tables import Item
from tests.desk import PASSWORD, Desk
from tests.functional.test_console_access import Visitors, send
from tests.functional.test_console_audit import visitor
from tests.unit.test_access_marks import printed_and_scanned, sheet, shown


def test_policy_is_proposed_beside_what_holds_and_decided_beside_what_it_changes(desk):
    editor, leader = visitor(desk, Role.ARCHIVIST), visitor(desk, Role.COMPANY_LEADER)
    held = editor.get("/api/v1/policy").text
    assert "现行：第 0 版" in editor.get("/policy").text and "loan_days: 14" in leader.get("/policy").text
    wrong = held.replace("loan_days: 14", "loan_weeks: 2").replace("\n", "\r\n")  # as browsers send it
    answer = editor.post("/policy/versions", data={"body": wrong, "reason": "借阅放宽"})
    assert answer.status_code == 422 and "access.loan_weeks" in answer.text and "借阅放宽" in answer.text
    same = editor.post("/policy/versions", data={"body": held, "reason": "借阅放宽"})
    assert same.status_code == 409 and "nothing to decide" in same.text
    right = held.replace("loan_days: 14", "loan_days: 21").replace("\n", "\r\n")
    there = send(editor, "/policy/versions", body=right, reason="借阅放宽")
    page = editor.get(there).text
    assert "+  loan_days: 21" in page and "批准生效" not in page
    assert "批准生效" in leader.get(there).text
    send(leader, f"{there}/decision", do="enforce")
    page = leader.get("/policy").text
    assert "现行：第 1 版" in page and "archivist-张" in page and "loan_days: 21" in page
    assert visitor(desk, Role.AUDITOR).get("/policy").status_code == 200
    assert 'href="/policy"' not in visitor(desk, Role.STAFF).get("/search").text


def test_the_catalogue_is_a_page_and_prints_labels(desk):
    item = desk.archived(desk.client(Role.CLERK), "关于办公用品管理的通知")
    archivist = visitor(desk, Role.ARCHIVIST)
    page = archivist.get("/filing/catalogue").text
    assert f'value="{item}"' in page and "10 年" in page
    assert "没有符合条件的" in archivist.get("/filing/catalogue", params={"type": "invoice"}).text
    labels = archivist.post("/filing/labels", data={"item_ids": [item]})
    assert labels.content.startswith(b"%PDF") and "labels.pdf" in labels.headers["content-disposition"]
    with desk.kernel.database.write() as session:
        session.get_one(Item, item).type = "sale_contract"
    assert "打印新盒签" in archivist.get("/filing/catalogue").text
    assert visitor(desk, Role.STAFF).get("/filing/catalogue").status_code == 403


def test_numbers_are_set_aside_and_voided_with_a_reason(desk):
    archivist = visitor(desk, Role.ARCHIVIST)
    assert "还没有发放过档号" in archivist.get("/filing/numbers").text
    there = send(archivist, "/filing/numbers/reservations", type="sale_contract", year=2026, count=2, reason="旧档待扫")
    page = archivist.get(there).text
    assert page.count("旧档待扫") == 2 and "预留 2" in page
    code = "M001-HT·2026-D30-0001"
    assert code in page
    send(archivist, "/filing/numbers/voids", code=code, reason="旧档缺失")
    assert "旧档缺失" in archivist.get(there).text and "作废 1" in archivist.get(there).text


def test_the_daily_report_is_for_the_head_too_and_the_overdue_for_who_files(desk):
    desk.item(desk.client(Role.CLERK), "关于办公用品管理的通知")
    head, archivist = visitor(desk, Role.DEPARTMENT_HEAD), visitor(desk, Role.ARCHIVIST)
    page = head.get("/filing/reports").text
    assert "已归档 0 / 1 件" in page and 'id="overdue"' not in page
    assert "已归档 0 / 0 件" in head.get("/filing/reports", params={"day": "2020-01-02"}).text
    assert head.get("/filing/reports", params={"day": "gestern"}).status_code == 422
    assert 'id="overdue"' in archivist.get("/filing/reports").text
    assert send(archivist, "/filing/reports/reminders").startswith("/filing/reports?sent=")


@pytest.fixture
def office(desk: Desk) -> Visitors:
    return Visitors(desk)


def test_registers_are_kept_by_the_archivist_and_read_by_the_auditor(office):
    office.granted(kind="read")
    loan = office.granted(kind="loan")
    send(office.archivist, "/access/loans", grant_id=loan, item_id=office.item, condition="good")
    auditor = visitor(office.desk, Role.AUDITOR)
    for book, words in {
        "requests": "核对张伟的付款日期",
        "grants": "有效",
        "loans": "在外",
        "copies": "还是空的",
        "reveals": "还是空的",
        "incidents": "还是空的",
    }.items():
        page = auditor.get("/access/registers", params={"book": book})
        assert page.status_code == 200 and words in page.text, book
    assert "/access/registers" in auditor.get("/audit").text
    assert "/access/registers" not in office.sales.get("/access").text


def test_an_original_is_flagged_and_its_damage_reported_on_its_page(office):
    here = f"/items/{office.item}"
    assert 'id="original"' not in office.sales.get(here).text
    send(office.archivist, f"{here}/care", fragile="yes")
    assert "易损" in office.sales.get(here).text and "取消易损标记" in office.archivist.get(here).text
    send(office.archivist, f"{here}/incidents", kind="damage", text="封面撕破")
    assert "封面撕破" in office.archivist.get("/access/registers", params={"book": "incidents"}).text
    assert office.sales.post(f"{here}/care", data={"fragile": "no"}).status_code == 403


def test_conduct_is_entered_by_the_head_and_seen_by_whom_it_is_about(office):
    me = office.sales.get("/api/v1/me").json()
    page = office.head.get("/access/conduct").text
    assert me["name"] in page and "私自保存客户档案" in page
    told = {"person_id": me["id"], "cause": "private-copy", "text": "将档案存于个人电脑"}
    send(office.head, "/access/conduct", **told)
    assert (
        "违规" in office.sales.get("/access/conduct").text and "将档案存于个人电脑" in office.sales.get("/access/conduct").text
    )
    assert 'name="cause"' not in office.sales.get("/access/conduct").text
    assert office.sales.get("/api/v1/conduct-records/people").status_code == 403
    send(office.head, "/access/conduct", **told | {"cause": "good-keeping", "text": "整理得力"})
    assert "表彰" in office.sales.get("/access/conduct").text


def test_a_leaked_page_tells_its_reader_and_another_tells_nothing(office):
    grant = office.granted()
    with office.desk.kernel.database.write() as session:
        number = register.mark_of(session, grant)
    rng = Random(3)
    page = sheet(rng)
    leaked = cv2.imencode(".jpg", printed_and_scanned(shown(page, number), rng))[1].tobytes()
    clean = cv2.imencode(".jpg", page)[1].tobytes()

    def asked(picture: bytes):
        return office.archivist.post("/access/marks", files={"picture": ("page.jpg", io.BytesIO(picture), "image/jpeg")})

    told = asked(leaked)
    assert told.status_code == 200 and office.sales.get("/api/v1/me").json()["name"] in told.text and grant in told.text
    assert asked(clean).status_code == 404 and "没有可辨认的标记" in asked(clean).text
    assert asked(b"no picture").status_code in (404, 422)
    assert office.sales.get("/access/marks").status_code == 403


def test_accounts_are_joined_on_the_person_s_page(desk):
    admin = visitor(desk, Role.ADMIN)
    with desk.kernel.database.write() as session:
        one = people.add_person(session, "李娜", Role.STAFF, password=PASSWORD).id
        people.add_person(session, "李娜（旧）", Role.CLERK)
    joined = admin.post(f"/people/{one}/accounts", data={"name": "李娜（旧）"})
    assert joined.status_code == 200 and "已认定为同一自然人" in joined.text and "没有经手过" in joined.text
    assert admin.post(f"/people/{one}/accounts", data={"name": "李娜（旧）"}).status_code == 409
    assert admin.post(f"/people/{one}/accounts", data={"name": "没有此人"}).status_code == 409
