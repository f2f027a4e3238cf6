"""Jobs carry the trace of their cause, on every catalogue."""

import pytest
from sqlalchemy import select

from services.kernel import migrations, tracing
from services.kernel.queue import jobs
from services.kernel.queue.stages import Queue, Stage
from services.kernel.queue.tables import Job


@pytest.fixture
def traced(tmp_path):
    tracing.begin(str(tmp_path / "spans.jsonl"))
    yield
    tracing.end()


def enqueue(database, key):
    with database.write() as session:
        jobs.enqueue(session, Stage.READ, key, {})


def claim(database):
    return jobs.claim(database, [Queue.READING], "host/1/1", seconds=60)


def test_a_lease_tells_the_trace_of_its_job_s_cause(queue, traced):
    with tracing.span("ingest.receive"):
        enqueue(queue, "a")
        cause = tracing.carried()
    assert claim(queue).trace == cause


def test_without_a_trace_there_is_none_to_tell(queue):
    enqueue(queue, "a")
    assert claim(queue).trace is None


def test_the_column_comes_and_goes_and_the_jobs_stay(queue, traced):
    with tracing.span("ingest.receive"):
        enqueue(queue, "a")
    migrations.downgrade(queue, "0010")
    migrations.upgrade(queue)
    with queue.read() as session:
        (job,) = session.scalars(select(Job))
        assert (job.key, job.trace) == ("read:a", None)
    enqueue(queue, "b")
    assert {claim(queue).job_id for _ in "ab"} != {None}
