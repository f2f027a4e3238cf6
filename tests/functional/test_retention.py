"""The schedule at work: events, the daily run, the due list and why, and what would change with policy."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from services.kernel import clock
from services.kernel.model import ItemState, Role
from services.kernel.policy import model
from services.kernel.tables import Item
from services.retention import calendar
from services.retention.batches.tables import RetentionExtension
from services.retention.runs import service as runs
from services.retention.tables import RetentionEvent, RetentionRun
from tests.desk import Desk, TestClient, created, ok
from tests.papers import Papers

TODAY = date(2026, 11, 28)
LONG_AGO = "2000-01-31"


class Office:
    """An archivist, a leader, and a clock whose day a test sets."""

    def __init__(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        self.desk, self._patch = desk, monkeypatch
        self.papers = Papers(desk)
        self.archivist, self.leader = desk.client(Role.ARCHIVIST), desk.client(Role.COMPANY_LEADER)
        self.day = TODAY

    @property
    def day(self) -> date:
        return calendar.today()

    @day.setter
    def day(self, day: date) -> None:
        self._patch.setattr(calendar, "today", lambda: day)

    def run(self) -> dict:
        """The scheduler's run of the day, and what became of it."""
        runs.order(self.desk.kernel_of("schedule").database)
        return self.worked()

    def run_now(self) -> dict:
        assert self.archivist.post("/api/v1/retention/runs").status_code == 202
        return self.worked()

    def worked(self) -> dict:
        self.desk.work()
        return self.last()

    def last(self) -> dict:
        return ok(self.archivist.get("/api/v1/retention/runs"))["runs"][0]

    def confirm(self) -> dict:
        ok(self.archivist.post(f"/api/v1/retention/runs/{self.last()['id']}/confirmation"))
        return self.worked()

    def begin(self) -> None:
        """The first run there is: nothing is due yet, and so nobody is asked."""
        assert self.run()["state"] == "done"

    def record(self, name: str, day: str = LONG_AGO, *, client: TestClient | None = None, **target) -> list[str]:
        body = {"name": name, "day": day} | target
        return created((client or self.archivist).post("/api/v1/retention/events", json=body))["ids"]

    def why(self, item: str) -> dict:
        return ok(self.archivist.get(f"/api/v1/retention/items/{item}"))

    def codes(self, item: str) -> list[str]:
        return [reason["code"] for reason in self.why(item)["reasons"]]

    def due(self) -> list[str]:
        return [each["item_id"] for each in ok(self.archivist.get("/api/v1/retention/due"))["items"]]

    def put_in_force(self, body: str) -> None:
        number = created(self.archivist.post("/api/v1/policy/versions", json={"body": body, "reason": "修订"}))["number"]
        ok(self.leader.post(f"/api/v1/policy/versions/{number}/decision", json={"approves": True}))


@pytest.fixture
def office(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Office:
    return Office(desk, monkeypatch)


def changed(**classes) -> str:
    """The default policy with these classes told otherwise."""
    policy = model.default()
    rules = {name: policy.retention[name].model_copy(update=values) for name, values in classes.items()}
    return model.to_yaml(policy.model_copy(update={"retention": dict(policy.retention) | rules}))


def entries(office: Office, act: str) -> list[dict]:
    return [json.loads(entry.data)["details"] for entry in office.desk.ledger(act)]


def test_what_is_due_comes_on_the_list_with_its_reasons_and_nothing_else_does(office):
    old, young, unknown = (office.papers.item("complaint_record") for _ in range(3))
    office.begin()
    office.record("case_closed_on", item_ids=[old])
    office.record("case_closed_on", "2026-01-01", item_ids=[young])
    run = office.run_now()
    assert (run["state"], run["counts"]["due"]) == ("done", 1)
    assert office.due() == [old] and office.papers.states(old, young, unknown) == ["DUE", "ARCHIVED", "ARCHIVED"]
    why = office.why(old)
    assert (why["retention"], why["started_on"], why["due_on"], why["due"]) == ("complaint", LONG_AGO, "2010-01-31", True)
    assert office.codes(old) == ["happened", "started", "years", "due"]
    assert office.codes(unknown) == ["missing", "years"] and not office.why(unknown)["due"]
    assert office.why(young)["due_on"] == "2036-01-01"
    assert [entry["items"] for entry in entries(office, "retention.due")] == [[old]]
    again = office.run_now()
    assert "due" not in again["counts"] or not again["counts"]["due"], "what is as it should be is not written"
    assert office.leader.get("/api/v1/retention/due").status_code == 200
    assert office.desk.client(Role.STAFF).get("/api/v1/retention/due").status_code == 403
    line = ok(office.archivist.get("/api/v1/retention/due", params={"retention": "complaint"}))["items"][0]
    assert (line["due_on"], line["retention"]) == ("2010-01-31", "complaint")
    assert ok(office.archivist.get("/api/v1/retention/due", params={"retention": "lease"}))["items"] == []
    classes = {each["name"]: each for each in ok(office.archivist.get("/api/v1/retention/classes"))["classes"]}
    assert (classes["complaint"]["items"], classes["complaint"]["due"]) == (3, 1)


def test_a_day_is_one_run_however_many_schedulers_fire(office):
    database = office.desk.kernel_of("schedule").database
    assert [runs.order(database) for _ in range(3)] == [True, False, False]
    office.desk.work()
    assert not runs.order(database), "and when it is done"
    office.day = TODAY + timedelta(days=1)
    assert runs.order(database)
    with office.desk.kernel.database.read() as session:
        assert session.query(RetentionRun).count() == 2


def test_the_first_list_there_is_waits_for_a_person(office):
    item = office.papers.item("complaint_record")
    office.papers.event("case_closed_on", date(2000, 1, 1), item=item)
    run = office.run()
    assert (run["state"], run["doubts"], office.due()) == ("waiting", ["first"], [])
    assert "retention.doubt" in {each["key"] for each in ok(office.archivist.get("/api/v1/notices"))["notices"]}
    assert office.leader.post(f"/api/v1/retention/runs/{run['id']}/confirmation").status_code == 403
    assert office.confirm()["state"] == "done" and office.due() == [item]
    assert office.archivist.post(f"/api/v1/retention/runs/{run['id']}/confirmation").status_code == 409


def test_case_8_a_clock_that_jumps_makes_nothing_due(office):
    item = office.papers.item("complaint_record")
    office.papers.event("case_closed_on", date(2020, 1, 1), item=item)
    office.begin()
    office.day = date(2036, 11, 28)
    run = office.run()
    assert (run["state"], run["doubts"], office.due()) == ("waiting", ["clock_ahead"], [])
    office.day = TODAY + timedelta(days=1)
    assert office.archivist.post(f"/api/v1/retention/runs/{run['id']}/confirmation").status_code == 409, "another day's"
    assert office.run()["state"] == "done" and office.due() == []
    assert ok(office.archivist.get(f"/api/v1/retention/runs/{run['id']}"))["state"] == "dropped"
    office.day = TODAY - timedelta(days=5)
    assert office.run()["doubts"] == ["clock_behind"]
    office.day = date(2036, 11, 28)
    office.run()
    assert office.confirm()["state"] == "done" and office.due() == [item], "a person says that it is the day"


def test_case_8_the_day_is_shanghai_s(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 27, 15, 59, 59, tzinfo=UTC))
    assert calendar.today() == date(2026, 11, 27)
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 27, 16, 0, tzinfo=UTC))
    assert calendar.today() == date(2026, 11, 28), "midnight in Shanghai is 16:00 UTC"


def test_case_11_a_cancelled_sale_reopens_the_clock_at_once(office):
    contract = office.papers.item("sale_contract")
    office.begin()
    recorded = {name: office.record(name, "1990-01-01", item_ids=[contract])[0] for name in SALE}
    office.run_now()
    assert office.due() == [contract]
    body = {"reason": "退房，合同解除"}
    told = ok(office.archivist.post(f"/api/v1/retention/events/{recorded['delivered_on']}/withdrawal", json=body))
    assert told["due_no_more"] == [contract] and office.papers.states(contract) == ["ARCHIVED"]
    assert (
        office.archivist.post(f"/api/v1/retention/events/{recorded['delivered_on']}/withdrawal", json=body).status_code == 409
    )
    assert "missing" in office.codes(contract)
    events = ok(office.archivist.get("/api/v1/retention/events", params={"item": contract}))["events"]
    assert [each["withdrawal"] for each in events if each["name"] == "delivered_on"] == ["退房，合同解除"]
    assert "退房" not in b"".join(entry.data for entry in office.desk.ledger()).decode()


SALE = ("delivered_on", "title_issued_on", "price_settled_on")


def test_case_11_a_shorter_policy_makes_nothing_due_silently(office):
    item = office.papers.item("complaint_record")
    office.papers.event("case_closed_on", date(2020, 1, 1), item=item)
    office.begin()
    office.put_in_force(changed(complaint={"years": 5}))
    run = office.run_now()
    assert (run["state"], run["doubts"], office.due()) == ("waiting", ["policy"], [])
    assert office.confirm()["state"] == "done" and office.due() == [item]
    office.put_in_force(changed(complaint={"years": 20}))
    run = office.run_now()
    assert (run["state"], run["counts"]["return"], office.due()) == ("done", 1, []), "a longer one takes it off again"


def test_case_11_another_type_makes_nothing_due_until_somebody_confirms_it(office):
    item = office.papers.item("acceptance_report")
    office.papers.event("case_closed_on", date(2000, 1, 1), item=item)
    office.begin()
    with office.desk.kernel.database.write() as session:
        session.get_one(Item, item).type = "complaint_record"
    assert office.run_now()["state"] == "done" and office.due() == []
    assert "reclassified" in office.codes(item)
    waiting = ok(office.archivist.get("/api/v1/retention/reclassified"))["items"]
    assert [(each["retention"], each["retention_by_type"]) for each in waiting] == [("engineering", "complaint")]
    assert office.leader.post("/api/v1/retention/reclassified/confirmation", json={"item_ids": [item]}).status_code == 403
    ok(office.archivist.post("/api/v1/retention/reclassified/confirmation", json={"item_ids": [item]}))
    assert office.archivist.post("/api/v1/retention/reclassified/confirmation", json={"item_ids": [item]}).status_code == 409
    office.run_now()
    assert office.due() == [item]


def test_case_7_a_rescan_keeps_the_clock(office):
    lease = office.papers.item("lease_contract")
    office.begin()
    office.papers.value(lease, "valid_until", "2001-05-31")
    office.record("deposit_settled_on", "2001-06-30", item_ids=[lease])
    office.run_now()
    assert office.due() == [lease] and office.why(lease)["started_on"] == "2001-06-30"
    with office.desk.kernel.database.write() as session:
        session.get_one(Item, lease).revision = 2
    office.papers.value(lease, "valid_until", "2031-05-31", verification="read")
    office.run_now()
    assert office.due() == [lease], "what nobody vouched for changes no clock"
    office.papers.value(lease, "valid_until", "2031-05-31")
    office.run_now()
    assert office.due() == [] and office.why(lease)["started_on"] == "2031-05-31"


def test_verified_fields_tell_triggers_and_read_ones_do_not(office):
    voucher, slip = office.papers.item("payment_voucher"), office.papers.item("bank_slip")
    office.begin()
    paid = office.papers.value(voucher, "paid_on", "1990-03-05")
    office.papers.value(slip, "paid_on", "1990-03-05", verification="read")
    office.record("debts_settled_on", "1990-04-01", item_ids=[voucher, slip])
    office.run_now()
    assert office.due() == [voucher] and office.why(voucher)["started_on"] == "1990-12-31", "the fiscal year's end"
    office.papers.value(voucher, "paid_on", "2020-03-05", replaces=paid)
    office.run_now()
    assert office.due() == [], "a corrected value is another day"
    events = ok(office.archivist.get("/api/v1/retention/events", params={"item": voucher}))["events"]
    derived = [(each["day"], bool(each["withdrawn_at"])) for each in events if each["source"] == "field"]
    assert derived == [("1990-12-31", True), ("2020-12-31", False)]
    before = len(events)
    office.run_now()
    assert len(ok(office.archivist.get("/api/v1/retention/events", params={"item": voucher}))["events"]) == before


def test_case_2_a_shared_card_waits_for_every_file_that_it_lies_in(office):
    card = office.papers.item("id_card")
    old, new = office.papers.file(card), office.papers.file(card)
    office.begin()
    office.record("last_contract_ended_on", file_id=old)
    office.run_now()
    assert office.due() == [] and "open-file" in office.codes(card)
    office.record("last_contract_ended_on", "2005-01-01", file_id=new)
    office.run_now()
    assert office.due() == [card] and office.why(card)["started_on"] == "2005-01-01", "the last of them counts"
    third = office.papers.file(card)
    office.run_now()
    assert office.due() == [], "it serves a third"
    office.record("last_contract_ended_on", "2026-01-01", file_id=third)
    assert office.why(card)["due_on"] == "2036-01-01"


def test_an_extension_of_appraisal_is_honoured(office):
    item = office.papers.item("complaint_record")
    office.begin()
    office.record("case_closed_on", item_ids=[item])
    office.run_now()
    with office.desk.kernel.database.write() as session:
        until = TODAY + timedelta(days=400)
        session.add(RetentionExtension(item_id=item, until=until, by_id=office.papers.owner, reason_sealed=b""))
    run = office.run_now()
    assert run["counts"]["return"] == 1 and office.due() == []
    assert office.why(item)["due_on"] == until.isoformat()


def test_a_ceiling_that_collides_restricts_until_the_period_is_over(office):
    """PIPL 47: stored and protected, and opened by nobody."""
    contract, complaint = office.papers.item("sale_contract"), office.papers.item("complaint_record")
    for item in (contract, complaint):
        office.papers.value(item, "birthday_wishes", "生日蛋糕")
    office.begin()
    consent = office.record("consent_withdrawn_on", "2026-01-01", item_ids=[contract, complaint])
    office.record("case_closed_on", "2000-01-01", item_ids=[complaint])
    assert office.run_now()["counts"]["restrict"] == 1
    assert [office.papers.one(item).restricted for item in (contract, complaint)] == [True, False], "what is due is due"
    assert "restricted" in office.codes(contract) and office.why(contract)["restricted_on"] == "2026-01-31"
    for event in consent:
        ok(office.archivist.post(f"/api/v1/retention/events/{event}/withdrawal", json={"reason": "误记"}))
    assert office.run_now()["counts"]["lift"] == 1 and not office.papers.one(contract).restricted


def test_rule_27_who_was_never_a_customer_is_due_two_years_after_the_last_contact(office):
    """G五: 不需要再进行交易的客户信息要及时删除."""
    policy = model.default()
    kind = policy.taxonomy.types["other"].model_copy(update={"retention": "prospect"})
    taxonomy = policy.taxonomy.model_copy(update={"types": dict(policy.taxonomy.types) | {"other": kind}})
    office.put_in_force(model.to_yaml(policy.model_copy(update={"taxonomy": taxonomy})))
    stale, fresh = office.papers.item("other"), office.papers.item("other")
    office.begin()
    office.record("last_contact_on", "2024-11-28", item_ids=[stale])
    office.record("last_contact_on", "2024-11-29", item_ids=[fresh])
    office.run_now()
    assert office.due() == [stale]


def test_events_are_recorded_by_those_who_file_of_what_they_know(office):
    item = office.papers.item("complaint_record")
    for body, status in (
        ({"name": "no_such_trigger", "day": LONG_AGO, "item_ids": [item]}, 422),
        ({"name": "case_closed_on", "day": "2026-11-29", "item_ids": [item]}, 422),
        ({"name": "case_closed_on", "day": LONG_AGO}, 422),
        ({"name": "case_closed_on", "day": LONG_AGO, "item_ids": [item], "file_id": "x"}, 422),
        ({"name": "case_closed_on", "day": LONG_AGO, "file_id": "x"}, 404),
        ({"name": "case_closed_on", "day": LONG_AGO, "subject_id": "x"}, 404),
    ):
        assert office.archivist.post("/api/v1/retention/events", json=body).status_code == status, body
    body = {"name": "case_closed_on", "day": LONG_AGO, "item_ids": [item]}
    assert office.desk.client(Role.CLERK).post("/api/v1/retention/events", json=body).status_code == 404, "another's item"
    assert office.leader.post("/api/v1/retention/events", json=body).status_code == 403
    gone = office.papers.item("complaint_record", state=ItemState.DESTROYED)
    assert office.archivist.post("/api/v1/retention/events", json=body | {"item_ids": [gone]}).status_code in (404, 409)
    with office.desk.kernel.database.read() as session:
        assert session.query(RetentionEvent).count() == 0


def test_a_simulation_tells_what_a_change_would_make_due_and_changes_nothing(office):
    items = [office.papers.item("complaint_record") for _ in range(3)]
    for item, year in zip(items, (2000, 2018, 2025), strict=True):
        office.papers.event("case_closed_on", date(year, 1, 1), item=item)
    lease = office.papers.item("lease_contract")
    told = ok(office.leader.post("/api/v1/retention/simulation", json={"body": changed(complaint={"years": 5})}))
    assert told["total"] == {
        "items": 4, "due_before": 1, "due_after": 2, "newly_due": 1, "no_longer_due": 0, "restricted": 0,
    }  # fmt: skip
    assert told["sample"] == [items[1]]
    number = created(
        office.archivist.post("/api/v1/policy/versions", json={"body": changed(complaint={"years": 40}), "reason": "修订"})
    )["number"]
    told = ok(office.leader.post("/api/v1/retention/simulation", json={"version": number}))
    assert (told["total"]["no_longer_due"], told["total"]["newly_due"]) == (1, 0)
    told = ok(office.leader.post("/api/v1/retention/simulation", json={"day": "2036-01-01"}))
    assert told["total"]["due_after"] == 3, "the same policy on a day to come"
    assert office.papers.states(*items, lease) == ["ARCHIVED"] * 4
    assert office.leader.post("/api/v1/retention/simulation", json={"version": 1, "body": "x"}).status_code == 422
    assert office.desk.client(Role.STAFF).post("/api/v1/retention/simulation", json={}).status_code == 403


def test_an_interrupted_run_goes_on_where_it_was(office, monkeypatch):
    from services.retention.runs import sweep

    monkeypatch.setattr(sweep, "AT_ONCE", 2)
    items = [office.papers.item("complaint_record") for _ in range(5)]
    office.begin()
    office.record("case_closed_on", item_ids=items)
    assert office.archivist.post("/api/v1/retention/runs").status_code == 202
    whole, steps = sweep.Sweep.step, []

    def failing(self, session, run, deriving):
        steps.append(run.reached)
        if len(steps) == 2:
            raise RuntimeError("pulled the plug")
        return whole(self, session, run, deriving)

    monkeypatch.setattr(sweep.Sweep, "step", failing)
    office.desk.work()
    assert office.last()["state"] == "ordered" and len(office.due()) == 2
    with office.desk.kernel.database.write() as session:
        from sqlalchemy import update

        from services.kernel.queue.tables import Job

        session.execute(update(Job).where(Job.state == "queued").values(due_at=0))
    assert office.worked()["state"] == "done"
    assert office.due() == items and office.last()["counts"]["due"] == 5
    assert [entry["items"] for entry in entries(office, "retention.due")] == [items[:2], items[2:4], items[4:]]
