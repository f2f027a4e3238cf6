"""Traces: off and unloaded unless asked for, carried by jobs and requests, and silent about people."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from sqlalchemy import select

from services.kernel import tracing
from services.kernel.model import Role
from services.kernel.queue.stages import WAY, Stage
from services.kernel.queue.tables import Job
from tests.archive import clean_environment
from tests.desk import Desk, scan

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TRACE, SPAN = (f"0x{part}" for part in CALLER.split("-")[1:3])

Spans = Callable[[], list[dict[str, Any]]]


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def spans(tmp_path: Path) -> Iterator[Spans]:
    path = tmp_path / "spans.jsonl"
    tracing.begin(str(path))
    yield lambda: read(path)
    tracing.end()


# ── off ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_nothing_is_carried_where_nothing_is_traced():
    with tracing.span("ocr.read") as rename:
        rename("ocr.other")
        assert tracing.carried() is None


OFF = """
import sys, services.app as composition, tests.desk as desk
from services.kernel.config import Settings
from services.kernel.model import Role
archive = desk.Desk(Settings(data=sys.argv[1], broker_url="memory://"))
with archive.client(Role.CLERK) as client:
    client.get("/api/v1/search", params={"q": "张伟"}).raise_for_status()
print("loaded:", *(name for name in sys.modules if name.startswith(("opentelemetry.sdk", "opentelemetry.exporter"))))
"""


def test_no_variable_of_opentelemetry_switches_anything_on(tmp_path):
    """FastAPI would send requests with their questions to this address; its library is installed."""
    said, listener = [], HTTPServer(("127.0.0.1", 0), Taker)
    listener.bodies = said
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    switches = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{listener.server_port}",
        "OTEL_TRACES_EXPORTER": "otlp",
        "OTEL_METRICS_EXPORTER": "otlp",
        "OTEL_LOGS_EXPORTER": "otlp",
        "FASTAPI_OTEL_AUTO_CONFIGURE": "true",
    }
    command = [sys.executable, "-c", OFF, str(tmp_path / "data")]
    done = subprocess.run(command, env=clean_environment() | switches, capture_output=True, text=True, check=True, timeout=120)
    listener.shutdown()
    assert done.stdout.splitlines()[-1].split() == ["loaded:"]
    assert said == []


# ── on ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_span_within_another_and_one_far_from_it(spans):
    with tracing.span("ingest.receive"):
        carried = tracing.carried()
        with tracing.span("ingest.store"):
            pass
    with tracing.span("ocr.read", parent=carried):
        pass
    inner, outer, later = spans()
    assert [each["name"] for each in (inner, outer, later)] == ["ingest.store", "ingest.receive", "ocr.read"]
    assert {each["context"]["trace_id"] for each in spans()} == {outer["context"]["trace_id"]}
    assert inner["parent_id"] == later["parent_id"] == outer["context"]["span_id"]
    assert outer["parent_id"] is None
    assert len(carried) == Job.__table__.c.trace.type.length


def test_what_carries_no_trace_begins_one(spans):
    for parent in ("", "00-zz-1-01", "00-" + "0" * 32 + "-" + "0" * 16 + "-01"):
        with tracing.span("ocr.read", parent=parent):
            pass
    assert [each["parent_id"] for each in spans()] == [None] * 3
    assert len({each["context"]["trace_id"] for each in spans()}) == 3


def test_of_an_error_only_the_kind_is_told(spans):
    with pytest.raises(ValueError), tracing.span("ocr.read"):
        raise ValueError("张伟 110101199003070011")
    (span,) = spans()
    assert span["status"] == {"status_code": "ERROR", "description": "ValueError"}
    assert "张伟" not in json.dumps(span, ensure_ascii=False)
    assert span["events"] == []


def test_libraries_that_trace_by_themselves_find_no_place_for_it(spans):
    with trace.get_tracer("a library").start_as_current_span("GET /api/v1/search?q=张伟"):
        pass
    assert spans() == []


class Taker(BaseHTTPRequestHandler):
    """What takes OTLP; keeps the bodies."""

    def do_POST(self) -> None:
        self.server.bodies.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


def test_spans_are_sent_where_they_are_wanted_before_the_process_ends():
    taken, server = [], HTTPServer(("127.0.0.1", 0), Taker)
    server.bodies = taken
    threading.Thread(target=server.serve_forever, daemon=True).start()
    tracing.begin(f"http://127.0.0.1:{server.server_port}/v1/traces")
    with tracing.span("ocr.read"):
        pass
    tracing.end()
    server.shutdown()
    ((path, body),) = taken
    assert path == "/v1/traces"
    assert b"ocr.read" in body and b"muniment" in body


# ── the archive ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def traced(settings, tmp_path) -> Iterator[tuple[Desk, Spans]]:
    path = tmp_path / "spans.jsonl"
    desk = Desk(settings.model_copy(update={"traces": str(path)}))
    yield desk, lambda: read(path)
    tracing.end()
    desk.close()


def named(spans: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in spans}


def test_reading_hours_later_is_in_the_trace_of_the_upload(traced):
    desk, spans = traced
    clerk = desk.client(Role.CLERK)
    batch = desk.batch(clerk)
    clerk.headers[tracing.HEADER] = CALLER
    desk.deliver(clerk, scan("出卖人：张伟", "二"), batch=batch, name="张伟.pdf")
    desk.work()
    mine = [each for each in spans() if each["context"]["trace_id"] == TRACE]
    way = [
        "ingest.add_file",
        "ingest.receive",
        *(f"{WAY[stage].room}.{stage}" for stage in (Stage.INSPECT, Stage.ASSEMBLE, Stage.CATALOGUE, Stage.INDEX)),
    ]
    found = named(mine)
    assert set(found) == {*way, "ocr.read", "ocr.read_page"}
    assert found["ingest.add_file"]["parent_id"] == SPAN
    assert found["ingest.receive"]["parent_id"] == found["ingest.add_file"]["context"]["span_id"]
    assert found["ingest.inspect"]["parent_id"] == found["ingest.receive"]["context"]["span_id"]
    assert found["search.index"]["parent_id"] == found["filing.catalogue"]["context"]["span_id"]
    with desk.kernel.database.read() as session:
        assert all(job.trace.split("-")[1] == TRACE[2:] for job in session.scalars(select(Job)))


def test_what_is_asked_and_of_whom_stays_out(traced):
    desk, spans = traced
    clerk = desk.client(Role.CLERK)
    item = desk.item(clerk, "出卖人：张伟")
    assert clerk.get("/api/v1/search", params={"q": "张伟"}).json()["total"] == 1
    clerk.get(f"/api/v1/items/{item}/text")
    clerk.get("/api/v1/nothing/张伟")
    clerk.get("/readyz")
    names = [each["name"] for each in spans()]
    assert {"search.search", "search.query", "access.text", "kernel.request"} <= set(names)
    assert "kernel.readyz" not in names
    text = json.dumps(spans(), ensure_ascii=False)
    assert "张伟" not in text and item not in text
    assert all(each["attributes"] == {} and each["events"] == [] and each["links"] == [] for each in spans())


def test_what_the_console_asks_is_part_of_the_visit(traced):
    desk, spans = traced
    clerk = desk.client(Role.CLERK)
    clerk.get("/", headers={tracing.HEADER: CALLER})
    mine = named([each for each in spans() if each["context"]["trace_id"] == TRACE])
    assert mine["console.start"]["parent_id"] == SPAN
    assert mine["kernel.me"]["parent_id"] == mine["console.start"]["context"]["span_id"]


def test_uploads_piece_by_piece_are_the_intake_s(traced):
    desk, spans = traced
    clerk = desk.client(Role.CLERK)
    clerk.options("/api/v1/uploads", headers={"Tus-Resumable": "1.0.0"})
    clerk.post("/api/v1/uploads/", headers={"Tus-Resumable": "1.0.0", "Upload-Length": "5"})
    assert {each["name"].partition(".")[0] for each in spans()} == {"ingest"}
