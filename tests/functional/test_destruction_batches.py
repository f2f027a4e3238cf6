"""From what is due to what may be destroyed: listed, appraised, submitted, approved, announced, counted."""

from __future__ import annotations

import hashlib
import io
import json
from datetime import timedelta

import openpyxl
import pypdfium2
import pytest
from sqlalchemy import select, update

from services.kernel.approvals.tables import Approval
from services.kernel.clock import now
from services.kernel.holds import Hold
from services.kernel.identity.tables import Person
from services.kernel.model import ItemState, Role
from services.kernel.tables import Item
from services.retention import calendar
from services.retention.batches.tables import RetentionExtension
from services.retention.tables import RetentionRun, RunState
from tests.desk import Desk, created, ok
from tests.destruction import BATCHES, Hall
from tests.functional.test_access import ESTATES, SALES, id_of, keys_of

LATER = "2036-01-31"


@pytest.fixture
def hall(desk: Desk) -> Hall:
    return Hall(desk)


# ── listing and appraisal ─────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_due_comes_into_a_batch_and_nothing_else(hall):
    kept, held = hall.archived("通知", state=ItemState.ARCHIVED), hall.archived("通知二", state=ItemState.DUE, holds=1)
    batch = created(hall.archivist.post(BATCHES, json={"title": "第一批", "method": "overwrite"}))["id"]
    answer = ok(hall.act(hall.archivist, batch, "lines", item_ids=[*hall.items, kept, held]))
    assert answer["added"] == 3
    assert {(each["item_id"], each["why"]) for each in answer["refused"]} == {(kept, "not_due"), (held, "held")}
    assert [hall.state(each) for each in (*hall.items, kept, held)] == ["IN_BATCH"] * 3 + ["ARCHIVED", "DUE"]
    other = created(hall.archivist.post(BATCHES, json={"title": "第二批", "method": "overwrite"}))["id"]
    again = ok(hall.act(hall.archivist, other, "lines", item_ids=hall.items))
    assert again["added"] == 0, "an item lies in one batch at a time"


def test_a_method_that_policy_does_not_allow_is_refused(hall):
    refused = hall.archivist.post(BATCHES, json={"title": "第一批", "method": "burial"})
    assert refused.status_code == 422 and "cryptographic_erase" in refused.json()["detail"]


def test_the_oldest_of_what_is_due_comes_in_bulk(hall):
    batch = created(hall.archivist.post(BATCHES, json={"title": "第一批", "method": "overwrite"}))["id"]
    assert ok(hall.act(hall.archivist, batch, "lines", due={"department": SALES}))["added"] == 1
    assert ok(hall.act(hall.archivist, batch, "lines", due={"most": 1}))["added"] == 1
    assert [line["item_id"] for line in hall.lines(batch)] == hall.items[:2]
    assert ok(hall.act(hall.archivist, batch, "lines", due={}))["added"] == 1
    assert hall.act(hall.archivist, batch, "lines", due={}).status_code == 409


def test_each_line_has_an_opinion_and_what_is_not_to_be_destroyed_leaves(hall):
    batch, (first, second, _) = hall.opened(), hall.items
    assert hall.act(hall.archivist, batch, "appraisal").status_code == 409, "lines without an opinion"
    assert hall.opine(batch, opinion="extend", item_ids=[first]).status_code == 422, "without a reason"
    assert hall.opine(batch, opinion="extend", item_ids=[first], reason="诉讼未结", until="2020-01-01").status_code == 422
    ok(hall.opine(batch, opinion="extend", item_ids=[first], reason="涉张伟诉讼", until=LATER))
    ok(hall.opine(batch, opinion="transfer", item_ids=[second], reason="移交城建档案馆", until=LATER))
    assert ok(hall.opine(batch))["appraised"] == 1, "all that have none yet"
    shown = ok(hall.act(hall.archivist, batch, "appraisal"))
    assert (shown["state"], shown["items"]) == ("APPRAISED", {"listed": 1, "removed": 2})
    assert [hall.state(each) for each in hall.items] == ["ARCHIVED", "ARCHIVED", "IN_BATCH"]
    assert [(line["opinion"], line["obstacle"]) for line in hall.lines(batch)] == [
        ("extend", "extended"),
        ("transfer", "transferred"),
        ("destroy", None),
    ]
    assert hall.lines(batch)[0]["reason"] == "涉张伟诉讼"
    with hall.desk.kernel.database.read() as session:
        extended = {each.item_id: str(each.until) for each in session.scalars(select(RetentionExtension))}
    assert extended == {first: LATER, second: LATER}
    assert "涉张伟诉讼" not in b"".join(entry.data for entry in hall.desk.ledger()).decode()
    opinions = [entry["details"]["opinion"] for entry in hall.entries("destruction.appraise")]
    assert opinions == ["extend", "transfer", "destroy"]


def test_what_the_law_lets_nobody_keep_longer_can_only_be_destroyed(hall):
    with hall.desk.kernel.database.write() as session:
        session.execute(update(Item).where(Item.id == hall.items[0]).values(retention_class="care"))
    batch = hall.opened()
    kept = hall.opine(batch, opinion="extend", item_ids=[hall.items[0]], reason="客户关怀", until=LATER)
    assert kept.status_code == 409 and hall.items[0] in kept.json()["detail"]


def test_new_lines_reopen_the_appraisal_and_a_line_that_left_may_come_again(hall):
    first, second, third = hall.items
    batch = hall.opened(first, second)
    ok(hall.opine(batch))
    ok(hall.act(hall.archivist, batch, "appraisal"))
    ok(hall.act(hall.archivist, batch, "removals", item_ids=[first]))
    assert hall.state(first) == "ARCHIVED"
    assert hall.act(hall.archivist, batch, "removals", item_ids=[first]).status_code == 404
    hall.change(first, state=ItemState.DUE)
    ok(hall.act(hall.archivist, batch, "lines", item_ids=[first, third]))
    assert hall.shown(batch)["state"] == "DRAFT"
    assert [(line["item_id"], line["opinion"]) for line in hall.lines(batch)] == [
        (second, "destroy"),
        (first, None),
        (third, None),
    ]


# ── the frozen manifest and its approvals ─────────────────────────────────────────────────────────────────────────────


def test_rule_24_and_25_department_head_and_company_leader_sign_a_manifest_frozen_by_its_hash(hall):
    batch = hall.submitted()
    manifest = hall.archivist.get(f"{BATCHES}/{batch}/manifest").content
    digest = hashlib.sha256(manifest).hexdigest()
    assert digest == hall.shown(batch)["manifest_sha256"]
    head, *lines = [json.loads(line) for line in manifest.decode().splitlines()]
    assert (head["method"], [line["item"] for line in lines]) == ("cryptographic_erase", hall.items)
    assert "张伟" not in manifest.decode()
    assert hall.decide(hall.leader, batch).status_code == 403, "the department head signs first"
    assert [each["id"] for each in ok(hall.head.get(f"{BATCHES}/waiting"))["batches"]] == [batch]
    assert "destruction.asked" in keys_of(hall.head)
    ok(hall.decide(hall.head, batch))
    assert ok(hall.decide(hall.leader, batch))["state"] == "APPROVED"
    assert [hall.state(each) for each in hall.items] == ["APPROVED"] * 3
    assert {entry["details"]["manifest"] for entry in hall.entries("destruction.approve")} == {digest}


def test_one_refusal_ends_a_batch_and_its_items_live_on(hall):
    batch = hall.submitted()
    ok(hall.decide(hall.head, batch))
    assert hall.decide(hall.leader, batch, approves=False).status_code == 422, "without a reason"
    shown = ok(hall.decide(hall.leader, batch, approves=False, reason="张伟的欠款未清"))
    assert (shown["state"], shown["reason"]) == ("REJECTED", "张伟的欠款未清")
    assert [hall.state(each) for each in hall.items] == ["ARCHIVED"] * 3
    assert {line["obstacle"] for line in hall.lines(batch)} == {"ended"}
    assert "欠款" not in b"".join(entry.data for entry in hall.desk.ledger()).decode()


def test_case_11_an_item_that_changed_is_stale_and_needs_a_new_approval(hall):
    batch = hall.ready()
    hall.change(hall.items[0], revision=2)
    assert hall.lines(batch)[0]["obstacle"] == "stale"
    refused = hall.count(hall.supervisor, batch)
    assert refused.status_code == 409 and "stale: 1" in refused.json()["detail"]
    old = hall.shown(batch)["manifest_sha256"]
    shown = ok(hall.act(hall.archivist, batch, "submission"))
    assert shown["manifest_sha256"] != old and shown["state"] == "SUBMITTED"
    assert [hall.state(each) for each in hall.items] == ["IN_BATCH"] * 3
    assert hall.act(hall.archivist, batch, "notification").status_code == 409, "what was signed is void"
    hall.sign(batch)  # the same people, once more
    assert hall.decide(hall.head, batch).status_code == 409
    assert hall.shown(batch)["state"] == "APPROVED"


def test_case_11_a_clock_that_was_opened_again_makes_its_line_stale(hall):
    batch = hall.ready()
    hall.reopen(hall.items[2])
    assert ok(hall.archivist.get(f"{BATCHES}/{batch}/gate"))["counts"] == {"stale": 1}
    assert hall.count(hall.supervisor, batch).status_code == 409
    shown = ok(hall.act(hall.archivist, batch, "submission"))
    assert (hall.state(hall.items[2]), shown["items"]) == ("ARCHIVED", {"listed": 2, "removed": 1})


def test_case_8_a_clock_that_jumps_ends_no_waiting_period(hall):
    batch = hall.notified()
    hall.receive(batch)
    hall.wait(batch)
    hall.name(batch, hall.supervisor, "supervisor")
    with hall.desk.kernel.database.write() as session:
        run = RetentionRun(day=calendar.today() - timedelta(days=30), policy=0, state=RunState.DONE)
        session.add(run)
    assert "clock" in hall.count(hall.supervisor, batch).json()["detail"]


def test_case_11_a_stale_line_may_leave_instead_and_the_approval_holds_for_the_rest(hall):
    batch = hall.ready()
    hall.change(hall.items[0], revision=2)
    ok(hall.act(hall.archivist, batch, "removals", item_ids=[hall.items[0]]))
    for witness in (hall.supervisor, hall.technician):
        assert ok(hall.count(witness, batch))["matches"]
    assert hall.shown(batch)["state"] == "WITNESS_PRECHECKED"


def test_case_11_a_policy_that_changes_a_class_makes_its_lines_stale(hall):
    from services.kernel.policy import model, versions
    from services.kernel.policy.tables import PolicyState, PolicyVersion

    batch = hall.ready()
    with hall.desk.kernel.database.write() as session:
        policy = versions.current(session).policy
        longer = policy.retention["payment_voucher"].model_copy(update={"years": 40})
        changed = policy.model_copy(update={"retention": {**policy.retention, "payment_voucher": longer}})
        body = model.to_yaml(changed)
        common = {"sha256": "0" * 64, "reason": "税务要求", "proposed_by": id_of(hall.archivist)}
        session.add(PolicyVersion(number=1, body=body, state=PolicyState.IN_FORCE, **common))
    assert ok(hall.archivist.get(f"{BATCHES}/{batch}/gate"))["counts"] == {"stale": 3}
    assert hall.count(hall.supervisor, batch).status_code == 409


def test_case_10_a_signature_stays_valid_when_its_signer_leaves_and_what_is_open_goes_to_the_next(hall):
    batch = hall.submitted()
    ok(hall.decide(hall.head, batch))
    hall.left(hall.head)
    hall.left(hall.leader)
    successor = hall.person(Role.COMPANY_LEADER)
    assert ok(hall.decide(successor, batch))["state"] == "APPROVED"


def test_case_10_a_proposer_who_becomes_department_head_cannot_approve(hall):
    batch = hall.submitted()
    hall.role(hall.archivist, Role.DEPARTMENT_HEAD, SALES)
    refused = hall.decide(hall.archivist, batch)
    assert refused.status_code == 403 and refused.json()["type"].endswith("separation-of-duties")


def test_an_approval_expires_and_is_given_anew(hall):
    batch = hall.ready()
    with hall.desk.kernel.database.write() as session:
        session.execute(update(Approval).values(expires_at=now() - timedelta(seconds=1)))
    refused = hall.count(hall.supervisor, batch)
    assert refused.status_code == 409 and refused.json()["type"].endswith("approval-expired")
    ok(hall.act(hall.archivist, batch, "submission"))
    hall.sign(batch)
    assert hall.shown(batch)["state"] == "APPROVED"


# ── notices, receipts, objections ─────────────────────────────────────────────────────────────────────────────────────


def test_rule_24_departments_are_told_give_receipts_and_may_object_for_a_while(hall):
    batch = hall.notified()
    shown = hall.shown(batch)
    assert {(each["department"], each["items"]) for each in shown["notices"]} == {(SALES, 1), (ESTATES, 1), ("", 1)}
    assert "destruction.announced" in keys_of(hall.head) and "destruction.announced" in keys_of(hall.other_head)
    assert hall.act(hall.head, batch, "receipts", department=ESTATES).status_code == 403
    hall.name(batch, hall.supervisor, "supervisor")
    hall.name(batch, hall.technician, "electronic")
    assert "object until" in hall.count(hall.supervisor, batch).json()["detail"]
    hall.wait(batch)
    assert "No receipt yet" in hall.count(hall.supervisor, batch).json()["detail"]
    hall.receive(batch)
    assert hall.act(hall.head, batch, "receipts", department=SALES).status_code == 409
    assert ok(hall.count(hall.supervisor, batch))["matches"]


def test_an_objection_to_an_item_is_decided_by_another_and_takes_it_out(hall):
    batch = hall.ready()
    made = created(hall.act(hall.head, batch, "objections", item_id=hall.items[0], reason="张伟仍在投诉"))["id"]
    assert "objection" in hall.count(hall.supervisor, batch).json()["detail"]
    assert "destruction.objected" in keys_of(hall.leader)
    answer = f"objections/{made}/answer"
    assert hall.act(hall.head, batch, answer, upheld=True, text="同意").status_code == 403, "not by who made it"
    ok(hall.act(hall.leader, batch, answer, upheld=True, text="移出本批"))
    assert hall.act(hall.leader, batch, answer, upheld=False, text="再议").status_code == 409
    assert hall.state(hall.items[0]) == "ARCHIVED" and hall.shown(batch)["items"] == {"listed": 2, "removed": 1}
    assert hall.shown(batch)["objections"][0]["reason"] == "张伟仍在投诉"
    assert "张伟" not in b"".join(entry.data for entry in hall.desk.ledger()).decode()
    for witness in (hall.supervisor, hall.technician):
        ok(hall.count(witness, batch))
    assert hall.shown(batch)["state"] == "WITNESS_PRECHECKED"


def test_an_objection_to_the_whole_batch_cancels_it_when_it_is_upheld(hall):
    batch = hall.notified()
    made = created(hall.act(hall.head, batch, "objections", reason="审计在即"))["id"]
    ok(hall.act(hall.leader, batch, f"objections/{made}/answer", upheld=True, text="暂停"))
    assert hall.shown(batch)["state"] == "CANCELLED"
    assert [hall.state(each) for each in hall.items] == ["ARCHIVED"] * 3


def test_an_objection_that_is_overruled_changes_nothing(hall):
    batch = hall.ready()
    made = created(hall.act(hall.head, batch, "objections", item_id=hall.items[0], reason="再留一年"))["id"]
    ok(hall.act(hall.leader, batch, f"objections/{made}/answer", upheld=False, text="期限已满"))
    assert ok(hall.count(hall.supervisor, batch))["matches"]


# ── the gate: holds, loans, grants ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("values", "why"), [({"holds": 1}, "held"), ({"on_loan": True}, "on_loan"), ({"missing": True}, "missing")]
)
def test_case_3_what_is_held_lent_or_missing_blocks_the_count_and_leaves_so_that_the_rest_goes_on(hall, values, why):
    batch = hall.ready()
    hall.change(hall.items[0], **values)
    gate = ok(hall.archivist.get(f"{BATCHES}/{batch}/gate"))
    assert gate == {"counts": {why: 1}, "lines": [{"position": 1, "item_id": hall.items[0], "obstacle": why}]}
    assert why in hall.count(hall.supervisor, batch).json()["detail"]
    ok(hall.act(hall.archivist, batch, "check"))
    assert (hall.state(hall.items[0]), hall.lines(batch)[0]["obstacle"]) == ("ARCHIVED", why)
    for witness in (hall.supervisor, hall.technician):
        assert ok(hall.count(witness, batch))["matches"]
    assert hall.shown(batch)["state"] == "WITNESS_PRECHECKED"


def test_case_3_a_live_grant_blocks_until_it_has_ended(hall):
    batch = hall.ready()
    grant = hall.granted(hall.items[1])
    assert ok(hall.archivist.get(f"{BATCHES}/{batch}/gate"))["counts"] == {"granted": 1}
    assert hall.count(hall.supervisor, batch).status_code == 409
    ok(hall.sales.post(f"/api/v1/grants/{grant}/revocation"))
    assert ok(hall.count(hall.supervisor, batch))["matches"]


def test_a_hold_by_query_is_found_at_the_gate_however_late_the_item_came_into_its_scope(hall):
    batch = hall.ready()
    with hall.desk.kernel.database.write() as session:
        key = hall.desk.kernel.vault.new_key(session)
        hold = Hold(scope="query", target="q", key_id=key.id, reason_sealed=b"", details={"department": SALES})
        hold.placed_by = id_of(hall.head)
        session.add(hold)
    assert "held: 1" in hall.count(hall.supervisor, batch).json()["detail"]


# ── witnesses ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_rule_25_and_26_two_named_witnesses_count_before_one_of_them_for_the_electronic_records(hall):
    batch = hall.notified()
    hall.receive(batch)
    hall.wait(batch)
    second = hall.person(Role.WITNESS)
    assert hall.count(hall.supervisor, batch).status_code == 404, "nobody counts who is not named"
    hall.name(batch, hall.supervisor, "supervisor")
    hall.name(batch, second, "supervisor")
    wrong = ok(hall.count(hall.supervisor, batch, items=2))
    assert not wrong["matches"] and hall.entries("destruction.count")[-1]["result"] == "mismatch"
    for witness in (hall.supervisor, second):
        assert ok(hall.count(witness, batch))["matches"]
    assert (hall.shown(batch)["state"], hall.shown(batch)["witnesses_lacking"]) == ("NOTIFIED", 1)
    hall.name(batch, hall.technician, "electronic")
    assert ok(hall.count(hall.technician, batch))["state"] == "WITNESS_PRECHECKED"


def test_a_witness_sees_the_batches_that_they_are_named_for_and_no_titles(hall):
    batch, other = hall.ready(hall.items[0]), hall.submitted(hall.items[1])
    assert [each["id"] for each in ok(hall.supervisor.get(BATCHES))["batches"]] == [batch]
    assert hall.supervisor.get(f"{BATCHES}/{other}").status_code == 404
    (line,) = hall.lines(batch, hall.supervisor)
    assert (line["title"], line["pages"]) == (None, 2)
    assert "destruction.named" in keys_of(hall.supervisor)


def test_a_witness_who_has_left_is_replaced(hall):
    batch = hall.ready()
    assert ok(hall.count(hall.supervisor, batch))["matches"]
    there = f"{BATCHES}/{batch}/witnesses/{id_of(hall.supervisor)}"
    assert hall.archivist.delete(there).status_code == 409, "what was counted stands"
    with hall.desk.kernel.database.write() as session:
        session.get_one(Person, there.rpartition("/")[2]).active = False
    ok(hall.count(hall.technician, batch))
    assert hall.shown(batch)["state"] == "NOTIFIED", "who is disabled does not count"
    ok(hall.archivist.delete(there))
    successor = hall.person(Role.WITNESS)
    hall.name(batch, successor, "supervisor")
    assert ok(hall.count(successor, batch))["state"] == "WITNESS_PRECHECKED"


def test_nothing_that_was_counted_is_counted_differently_later(hall):
    batch = hall.ready()
    ok(hall.count(hall.supervisor, batch))
    ok(hall.act(hall.archivist, batch, "removals", item_ids=[hall.items[0]]))
    ok(hall.count(hall.technician, batch))
    assert hall.shown(batch)["state"] == "NOTIFIED", "the first counted what is no more"
    assert ok(hall.count(hall.supervisor, batch))["state"] == "WITNESS_PRECHECKED"


def test_a_batch_is_cancelled_up_to_its_execution_and_its_items_live_on(hall):
    batch = hall.counted()
    assert hall.act(hall.archivist, batch, "cancellation", reason="").status_code == 422
    assert ok(hall.act(hall.archivist, batch, "cancellation", reason="改期"))["state"] == "CANCELLED"
    assert [hall.state(each) for each in hall.items] == ["ARCHIVED"] * 3
    assert hall.act(hall.archivist, batch, "cancellation", reason="改期").status_code == 409


# ── the register ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_register_has_the_columns_of_order_79_and_no_names_of_customers(hall):
    batch = hall.counted()
    answer = hall.archivist.get(f"{BATCHES}/{batch}/register.xlsx")
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    rows = list(book["档案销毁清册"].values)
    (top,) = [place for place, row in enumerate(rows) if row[0] == "序号"]
    for head in ("名称", "卷号", "件数", "起止年度", "档案编号", "应保管期限", "已保管期限", "销毁时间"):
        assert head in rows[top]
    lines = [dict(zip(rows[top], row, strict=True)) for row in rows[top + 1 :]]
    assert [(line["序号"], line["名称"], line["页数"], line["应保管期限"]) for line in lines] == [
        (place, "收款收据", 2, "30年") for place in (1, 2, 3)
    ]
    people = [row[1] for row in book["签署"].values]
    with hall.desk.kernel.database.read() as session:
        named = {
            session.get_one(Person, id_of(each)).name for each in (hall.archivist, hall.head, hall.leader, hall.supervisor)
        }
    assert named <= set(people)
    printed = pypdfium2.PdfDocument(hall.archivist.get(f"{BATCHES}/{batch}/register.pdf").content)
    text = "".join(page.get_textpage().get_text_range() for page in printed)
    assert "档案销毁清册" in text and "电子档案监销人" in text
    assert not any(name in text for name in ("张伟", "李娜", "王芳"))
    assert [entry["details"]["form"] for entry in hall.entries("destruction.print")] == ["xlsx", "pdf"]


def test_only_who_has_to_do_with_destructions_knows_of_them(hall):
    batch = hall.opened()
    for client in (hall.sales, hall.person(Role.CLERK), hall.person(Role.WITNESS), hall.person(Role.ADMIN)):
        assert client.get(f"{BATCHES}/{batch}").status_code == 404
        assert ok(client.get(BATCHES))["batches"] == []
    assert hall.shown(batch, hall.person(Role.AUDITOR))["state"] == "DRAFT"
    for act, body in {"lines": {"due": {}}, "submission": {}, "check": {}, "notification": {}}.items():
        assert hall.act(hall.leader, batch, act, **body).status_code == 403


def test_the_same_key_opens_one_batch(hall):
    body, key = {"title": "第一批", "method": "overwrite"}, {"Idempotency-Key": "k"}
    first, second = (created(hall.archivist.post(BATCHES, json=body, headers=key)) for _ in range(2))
    assert first == second and len(ok(hall.archivist.get(BATCHES))["batches"]) == 1
