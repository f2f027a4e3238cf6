"""The auditors' room: what is asked of the ledger, extracts that prove themselves, standing reports; asking is on the ledger
too."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from services import work
from services.kernel.approvals.tables import Approval
from services.kernel.clock import OFFICE
from services.kernel.grants.tables import Grant, GrantItem
from services.kernel.ledger import journal, verification
from services.kernel.model import Role
from services.kernel.tables import Item, Party
from tests.desk import Desk, TestClient, ok

CONTRACT = "商品房买卖合同\n合同编号：HT-2024-0001\n出卖人：北京某某置业有限公司\n买受人：张伟\n身份证号码：11010519491231002X"


@pytest.fixture
def auditor(desk: Desk) -> TestClient:
    return desk.client(Role.AUDITOR)


def me(client: TestClient) -> str:
    return str(ok(client.get("/api/v1/me"))["id"])


def ask(auditor: TestClient, **filters: Any) -> list[dict[str, Any]]:
    found = ok(auditor.get("/api/v1/audit/entries", params={"limit": 200, **filters}))
    return list(found["entries"])


def report(auditor: TestClient, name: str, **filters: Any) -> list[dict[str, Any]]:
    return list(ok(auditor.get(f"/api/v1/audit/reports/{name}", params=filters))["rows"])


def append(desk: Desk, at: datetime, act: str, actor: str, monkeypatch: pytest.MonkeyPatch, **more: Any) -> None:
    """An entry of another time."""
    with monkeypatch.context() as then:
        then.setattr(journal, "now", lambda: at)
        with desk.kernel.database.write() as session:
            journal.append(session, act, actor=actor, **more)


def office(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=OFFICE)


def test_rule_17_who_saw_this_customer_and_what_did_this_person_see(desk, auditor):
    clerk, archivist = desk.client(Role.CLERK), desk.client(Role.ARCHIVIST)
    item = desk.item(clerk, CONTRACT)
    other = desk.item(clerk, "借条\n王芳")
    clerk.get(f"/api/v1/items/{item}/text").raise_for_status()
    for _ in range(2):
        archivist.get(f"/api/v1/items/{item}/pages/1/image").raise_for_status()
    archivist.get(f"/api/v1/items/{other}/text").raise_for_status()
    archivist.get("/api/v1/search", params={"q": "张伟"}).raise_for_status()
    with desk.kernel.database.read() as session:
        party = session.scalars(select(Party).where(Party.item_id == item, Party.role == "party_buyer")).first()
    assert party is not None

    told = {(row["person"], row["act"]): row["times"] for row in report(auditor, "customer", party=party.id)}
    assert told[me(clerk), "text.read"] == 1
    assert told[me(archivist), "page.read"] == 2
    assert told[me(archivist), "search"] == 1, "a hit is seen too"
    assert (me(archivist), "text.read") not in told, "the other customer's"
    seen = report(auditor, "person", person=me(archivist))
    assert {(row["item"], row["act"], row["times"]) for row in seen} >= {(item, "page.read", 2), (other, "text.read", 1)}

    entries = ask(auditor, party=party.id, act="page.read")
    assert [entry["item"] for entry in entries] == [item, item]
    assert {entry["act"] for entry in ask(auditor, item=item, actor=me(archivist))} == {"page.read", "search"}
    answer = ok(auditor.get("/api/v1/audit/entries", params={"item": item, "act": "page.read"}))
    assert answer["people"][me(archivist)].startswith("archivist-")
    assert auditor.get("/api/v1/audit/reports/customer").status_code == 422
    assert auditor.get("/api/v1/audit/reports/person").status_code == 422

    whole = b"".join(entry.data for entry in desk.ledger()).decode()
    for personal in ("张伟", "王芳", "11010519491231002X", "HT-2024-0001"):
        assert personal not in whole, "the ledger names nobody but by reference"


def test_entries_by_everything_that_may_be_asked(desk, auditor, monkeypatch):
    one, two = me(desk.client(Role.STAFF)), me(desk.client(Role.DEPARTMENT_HEAD))
    item = "01a20f3c-0000-7000-8000-000000000001"
    access, grant = "01a20f3c-0000-7000-8000-0000000000a1", "01a20f3c-0000-7000-8000-0000000000b1"
    day = office("2026-03-02T23:30:00")
    append(desk, day, "access.ask", one, monkeypatch, access=access, items=[item])
    append(desk, day + timedelta(hours=1), "access.approve", two, monkeypatch, access=access, **{"for": one})
    append(desk, day + timedelta(hours=2), "page.read", one, monkeypatch, item=item, grant=grant, access=access, page=2)

    def acts(**filters: Any) -> list[str]:
        return [entry["act"] for entry in ask(auditor, **{"from": "2026-03-01", "to": "2026-03-05"} | filters)]

    assert acts() == ["access.ask", "access.approve", "page.read"]
    assert acts(actor=one) == ["access.ask", "page.read"]
    assert acts(person=one) == ["access.ask", "access.approve", "page.read"], "acted, or was acted for"
    assert acts(item=item) == ["access.ask", "page.read"]
    assert acts(access=access) == ["access.ask", "access.approve", "page.read"]
    assert acts(grant=grant) == ["page.read"]
    assert acts(act=["access.ask", "page.read"]) == ["access.ask", "page.read"]
    assert acts(actor=one, act="page.read", grant=grant) == ["page.read"]
    assert acts(**{"from": "2026-03-03"}) == ["access.approve", "page.read"], "a day is the office's"
    assert acts(**{"to": "2026-03-02"}) == ["access.ask"]
    assert acts(**{"to": "2026-03-03T01:00"}) == ["access.ask", "access.approve"]
    assert acts(order="newest", limit=1) == ["page.read"]
    first = ok(auditor.get("/api/v1/audit/entries", params={"person": one, "limit": 2}))
    then = ok(auditor.get("/api/v1/audit/entries", params={"person": one, "limit": 2, "cursor": first["next"]}))
    paged = [entry["position"] for entry in first["entries"] + then["entries"]]
    assert paged == [entry["position"] for entry in ask(auditor, person=one)][:4] == sorted(paged)
    named = ok(desk.client(Role.STAFF).get("/api/v1/me"))
    assert [entry["act"] for entry in ask(auditor, person=named["name"])] == ["person.add", "token.issue"], "a name will do"
    assert auditor.get("/api/v1/audit/entries", params={"from": "gestern"}).status_code == 422


def test_what_the_auditor_asks_is_entered_by_reference_alone(desk, auditor):
    person = me(auditor)
    auditor.get("/api/v1/audit/entries", params={"person": person, "item": "张伟", "act": "page.read"}).raise_for_status()
    auditor.get("/api/v1/audit/reports/person", params={"person": person}).raise_for_status()
    auditor.get("/api/v1/audit/extract", params={"person": person, "format": "jsonl"}).raise_for_status()
    told = {entry.act: json.loads(entry.data) for entry in desk.ledger() if entry.actor == person}
    assert told["ledger.read"]["details"]["asked"] == {"person": person, "item": "?", "acts": ["page.read"]}
    assert told["ledger.report"]["details"]["report"] == "person"
    assert told["ledger.report"]["details"]["policy"] == 0
    assert told["ledger.extract"]["details"]["asked"] == {"person": person}


def test_extracts_prove_themselves_in_every_form(desk, auditor, tmp_path: Path):
    clerk = desk.client(Role.CLERK)
    for _ in range(3):
        clerk.get("/api/v1/items").raise_for_status()
    for duty in work.seconds(desk.archive_of("schedule")):
        duty()
    key = ok(auditor.get("/api/v1/audit/checkpoints"))["public_key"]
    files = {}
    for form in ("csv", "jsonl", "xlsx"):
        answer = auditor.get("/api/v1/audit/extract", params={"actor": me(clerk), "act": "items.list", "format": form})
        assert answer.status_code == 200 and f"extract.{form}" in answer.headers["content-disposition"]
        files[form] = tmp_path / f"extract.{form}"
        files[form].write_bytes(answer.content)
    for form in ("csv", "jsonl"):
        verdict = verification.verify_path(files[form], public_key=key)
        assert verdict.ok and verdict.entries == 3, verdict.problems
    rows = list(csv.DictReader(io.StringIO(files["csv"].read_text("utf-8-sig"))))
    assert [row["act"] for row in rows] == ["items.list"] * 3
    assert {row["actor_name"] for row in rows} == {ok(clerk.get("/api/v1/me"))["name"]}
    assert json.loads(rows[0]["details"]) == {"count": 0}
    text = files["csv"].read_text("utf-8-sig")
    for changed in (text.replace("items.list", "items.show"), text.replace(",items.list,", ",items.show,", 1)):
        files["csv"].write_text(changed, "utf-8")
        assert not verification.verify_path(files["csv"], public_key=key).ok
    with zipfile.ZipFile(files["xlsx"]) as book:
        strings = book.read("xl/sharedStrings.xml").decode()
    assert strings.count("items.list") >= 1 and "c2sp.org/tlog-proof@v1" in strings


def test_reading_out_of_hours_and_in_masses_is_reported(desk, auditor, monkeypatch):
    early, late, busy = (me(desk.client(Role.STAFF)) for _ in range(3))
    item = "01a20f3c-0000-7000-8000-000000000001"
    for at, who in (
        ("2026-03-02T07:59", early),
        ("2026-03-02T08:00", late),
        ("2026-03-02T17:59", late),
        ("2026-03-02T18:00", late),
    ):
        append(desk, office(at), "page.read", who, monkeypatch, item=item)
    append(desk, office("2026-03-07T10:00"), "page.read", late, monkeypatch, item=item)  # a Saturday
    for minute in range(101):
        append(desk, office("2026-03-03T10:00") + timedelta(seconds=minute), "text.read", busy, monkeypatch, item=item)
    span = {"from": "2026-03-01", "to": "2026-03-31"}
    told = {(row["person"], row["day"]): row["times"] for row in report(auditor, "out-of-hours", **span)}
    assert told == {(early, "2026-03-02"): 1, (late, "2026-03-02"): 1, (late, "2026-03-07"): 1}
    (row,) = report(auditor, "mass-reading", **span)
    assert (row["person"], row["day"], row["times"], row["limit"]) == (busy, "2026-03-03", 101, 100)
    assert report(auditor, "mass-reading", **{"from": "2026-03-04"}) == []
    book = auditor.get("/api/v1/audit/reports/mass-reading", params=span | {"format": "csv"})
    (line,) = csv.DictReader(io.StringIO(book.text.removeprefix("\ufeff")))
    assert line["times"] == "101" and line["person_name"].startswith("staff-")
    assert auditor.get("/api/v1/audit/reports/mass-reading", params=span | {"format": "xlsx"}).content[:2] == b"PK"


def test_grants_never_used_and_approvals_by_delegates_are_reported(desk, auditor):
    holder, head, deputy = (me(desk.client(role)) for role in (Role.STAFF, Role.DEPARTMENT_HEAD, Role.DEPARTMENT_HEAD))
    item = desk.item(desk.client(Role.CLERK), "借条")
    moment = datetime.now(UTC)
    given = {"person_id": holder, "kind": "read", "policy": 0}
    with desk.kernel.database.write() as session:
        assert session.get(Item, item) is not None
        for name, age, used in (("old", 30, False), ("used", 30, True), ("fresh", 0, False)):
            grant = Grant(id=f"grant-{name}", request_id=name, since=moment - timedelta(days=age), **given)
            grant.until = grant.since + timedelta(days=7)
            grant.first_used_at = grant.since if used else None
            session.add(grant)
            session.flush()
            session.add(GrantItem(grant_id=grant.id, item_id=item))
        signed = {"kind": "access", "digest": "0" * 64, "round": 0, "approver": 0, "role": "department_head"}
        signed |= {"natural_id": deputy, "person_id": deputy, "approves": True, "policy": 3}
        session.add(Approval(subject_id="for-another", for_id=head, **signed))
        session.add(Approval(subject_id="for-oneself", **signed))
    (row,) = report(auditor, "unused-grants")
    assert (row["grant"], row["person"], row["access"]) == ("grant-old", holder, "old")
    (row,) = report(auditor, "delegated-approvals")
    assert (row["person"], row["for"], row["subject"], row["policy"]) == (deputy, head, "for-another", 3)


def test_rule_28_a_leader_inspects_the_archivist_answers_and_the_auditor_reads(desk, auditor):
    leader, archivist = desk.client(Role.COMPANY_LEADER), desk.client(Role.ARCHIVIST)
    before = ok(auditor.get("/api/v1/audit/inspections"))
    assert before["standing"] == {"last": None, "days_since": None, "every_days": 180, "overdue": True}
    today = datetime.now(OFFICE).date()
    body = {"inspected_on": today.isoformat(), "scope": "库房与借阅登记", "findings": "三件逾期未还", "due": today.isoformat()}
    made = leader.post("/api/v1/audit/inspections", json=body)
    assert made.status_code == 201, made.text
    address = f"/api/v1/audit/inspections/{made.json()['id']}"
    notice = ok(archivist.get("/api/v1/notices"))["notices"][0]
    assert notice["key"] == "inspection.found"

    assert leader.post(f"{address}/settlement", json={"accepted": True}).status_code == 409, "nothing is answered yet"
    ok(archivist.post(f"{address}/answer", json={"text": "已催还"}))
    assert ok(leader.post(f"{address}/settlement", json={"accepted": False, "text": "还差一件"}))["state"] == "to_mend"
    ok(archivist.post(f"{address}/answer", json={"text": "全部归还"}))
    ok(leader.post(f"{address}/settlement", json={"accepted": True}))
    told = ok(auditor.get("/api/v1/audit/inspections"))
    (row,) = told["inspections"]
    assert row["state"] == "settled" and row["number"].startswith("JC-")
    assert [step["act"] for step in row["steps"]] == ["answer", "return", "answer", "settle"]
    assert told["standing"]["overdue"] is False
    acts = [entry.act for entry in desk.ledger() if entry.act.startswith("inspection.")]
    assert acts == ["inspection.enter", "inspection.answer", "inspection.return", "inspection.answer", "inspection.settle"]

    for client in (auditor, archivist, desk.client(Role.STAFF)):
        assert client.post("/api/v1/audit/inspections", json=body).status_code == 403
    assert auditor.post(f"{address}/answer", json={"text": "no"}).status_code == 403, "an auditor changes nothing"
    assert desk.client(Role.STAFF).get("/api/v1/audit/inspections").status_code == 403
    for wrong in ({"inspected_on": (today + timedelta(days=1)).isoformat()}, {"due": (today - timedelta(days=1)).isoformat()}):
        assert leader.post("/api/v1/audit/inspections", json=body | wrong).status_code == 422
