"""What monitoring is told: the truth, from every process, and nothing of anybody."""

from __future__ import annotations

import httpx
import structlog
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import update

from services.custody.fixity.service import Tally, verify_all
from services.kernel import logs, metrics
from services.kernel.figures import CatalogueFigures
from services.kernel.model import Role
from services.kernel.queue.leader import Leadership
from services.kernel.queue.stages import Queue, Stage
from services.kernel.queue.tables import Job, JobState
from tests.archive import free_port
from tests.desk import Desk, TypedReader, scan


def told(desk: Desk, name: str, **labels: str) -> float | None:
    """The value that the archive gives, counted at this moment."""
    figures = CatalogueFigures(desk.kernel.database, fresh_seconds=0)
    samples = [sample for family in figures.collect() for sample in family.samples]
    return next((each.value for each in samples if each.name == name and each.labels == labels), None)


def own(desk: Desk, name: str, **labels: str) -> float | None:
    return desk.kernel.metrics.registry.get_sample_value(name, labels)


def test_the_queue_as_it_is(desk):
    assert told(desk, "muniment_jobs_due", queue="reading") == 0, "a nought is told too: what scales by it needs one"
    assert told(desk, "muniment_oldest_job_seconds", queue="reading") == 0
    desk.deliver(desk.client(Role.CLERK), scan("合同"))
    with desk.kernel.database.write() as session:
        session.execute(update(Job).values(due_at=Job.due_at - 100))
    assert told(desk, "muniment_jobs_due", queue="reading") == 1
    assert 100 <= told(desk, "muniment_oldest_job_seconds", queue="reading") < 130
    desk.work()
    assert told(desk, "muniment_jobs_due", queue="reading") == 0
    assert told(desk, "muniment_jobs", queue="reading", state="done") == 3
    assert told(desk, "muniment_pages", state="read") == 1
    every = [(queue, state) for queue in Queue for state in JobState]
    assert [pair for pair in every if told(desk, "muniment_jobs", queue=pair[0], state=pair[1]) is None] == []


def test_jobs_by_how_they_went_and_pages_by_their_time(desk):
    desk.deliver(desk.client(Role.CLERK), scan("合同", "!"))
    desk.work()
    assert own(desk, "muniment_job_seconds_count", stage="read", outcome="done") == 1
    assert own(desk, "muniment_page_seconds_count") == 2, "also one that could not be read"


def test_a_job_that_fails_and_is_parked(desk):
    def broken(number: int) -> None:
        raise RuntimeError("张伟 11010519491231002X")

    desk.deliver(desk.client(Role.CLERK), scan("合同"))
    limit = desk.settings.max_attempts
    for _ in range(limit):
        desk.work(TypedReader(broken))
        with desk.kernel.database.write() as session:
            session.execute(update(Job).values(due_at=0))
    assert own(desk, "muniment_job_seconds_count", stage="read", outcome="failed") == limit - 1
    assert own(desk, "muniment_job_seconds_count", stage="read", outcome="parked") == 1
    assert told(desk, "muniment_jobs", queue="reading", state="parked") == 1
    text = desk.client(Role.MONITOR).get("/metrics").text
    assert "张伟" not in text and "11010519491231002X" not in text


def test_the_ledger_and_the_last_fixity_run(desk):
    assert told(desk, "muniment_fixity_age_seconds") is None
    desk.item(desk.client(Role.CLERK), "合同")
    entries = len(desk.ledger())
    assert told(desk, "muniment_ledger_entries") == entries > 0
    tally = Tally()
    assert list(verify_all(desk.kernel, desk.archive.copies, tally)) == []
    assert 0 <= told(desk, "muniment_fixity_age_seconds") < 30
    assert told(desk, "muniment_fixity_damaged_objects") == 0
    desk.kernel.objects.store.delete(desk.objects()[0])
    assert len(list(verify_all(desk.kernel, desk.archive.copies, Tally()))) == 1
    assert told(desk, "muniment_fixity_damaged_objects") == 1


def test_whether_a_scheduler_leads(desk):
    assert told(desk, "muniment_scheduler_lease_seconds") == 0
    leadership = Leadership(desk.kernel.database, "schedule", owner="a", seconds=40)
    assert leadership.held()
    assert 0 < told(desk, "muniment_scheduler_lease_seconds") <= 40
    leadership.resign()
    assert told(desk, "muniment_scheduler_lease_seconds") == 0


def test_rows_are_counted_once_for_all_who_ask_within_seconds(desk):
    figures = CatalogueFigures(desk.kernel.database, fresh_seconds=60)
    assert figures.collect() is figures.collect()


def test_warnings_are_counted_by_event_and_information_is_not(monkeypatch):
    config = structlog.get_config()
    logs.configure()
    try:
        before = metrics.events().labels("broker-unreachable")._value.get()
        structlog.get_logger("queue").warning("broker-unreachable", queue="reading")
        structlog.get_logger("queue").info("job-done", job="1")
        assert metrics.events().labels("broker-unreachable")._value.get() == before + 1
        assert "job-done" not in {labels[0] for labels in metrics.events()._metrics}
    finally:
        structlog.configure(**config)


def test_events_that_alerts_look_for_are_there_before_they_happen(desk):
    for event in metrics.WATCHED:
        assert own(desk, "muniment_events_total", event=event) is not None


def test_who_monitors_sees_counters_and_nothing_else(desk):
    monitor = desk.client(Role.MONITOR)
    answer = monitor.get("/metrics")
    assert answer.status_code == 200
    families = {family.name for family in text_string_to_metric_families(answer.text)}
    assert {"muniment_jobs", "muniment_http_requests", "muniment_job_seconds", "muniment_events"} <= families
    for path in ("/api/v1/search?q=a", "/api/v1/items", "/api/v1/jobs", "/api/v1/audit/entries"):
        assert monitor.get(path).status_code == 403
    assert monitor.post("/api/v1/batches", json={"title": "t"}).status_code == 403


def test_readiness_is_remembered_by_part(desk):
    desk.app.state.probes |= {"index": lambda: False}
    desk.client().get("/readyz")
    assert own(desk, "muniment_ready", check="index") == 0
    assert own(desk, "muniment_ready", check="catalogue") == 1


def test_a_method_that_somebody_made_up_makes_no_series(desk):
    desk.client().request("ZHANGWEI", "/healthz")
    text = desk.client(Role.MONITOR).get("/metrics").text
    assert "ZHANGWEI" not in text
    assert 'method="other"' in text


def test_a_port_of_its_own(desk):
    port = free_port()
    desk.kernel.metrics.job(Stage.READ, "done", 1.5)
    metrics.serve(desk.kernel.metrics.registry, "127.0.0.1", port)
    text = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
    assert 'muniment_job_seconds_sum{outcome="done",stage="read"} 1.5' in text
