"""Rooms apart: each process answers its own room only, says what it depends on, and ends in order."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

import samples
from services import app as composition
from services.kernel.config import Settings
from services.kernel.model import Role
from tests import databases
from tests.archive import MUNIMENT, clean_environment, free_port, once
from tests.desk import Desk, scan

PATHS = {
    "ingest": "/api/v1/batches",
    "access": "/api/v1/items",
    "filing": "/api/v1/filings",
    "search": "/api/v1/search",
    "audit": "/api/v1/audit/entries",
}
NEEDS = {
    "ingest": {"catalogue", "objects", "keys"},
    "access": {"catalogue", "objects", "keys"},
    "filing": {"catalogue", "keys"},
    "search": {"catalogue", "index", "keys"},
    "audit": {"catalogue"},
}


def face(desk: Desk, *rooms: str) -> TestClient:
    return TestClient(composition.http(desk.archive, rooms), raise_server_exceptions=False)


@pytest.mark.parametrize("room", composition.ROOMS)
def test_a_room_answers_for_itself_and_for_nothing_else(desk, room):
    client = face(desk, room)
    for name, path in PATHS.items():
        assert client.get(path).status_code == (401 if name == room else 404)
    assert client.get("/healthz").status_code == 200
    assert client.get("/sign-in").status_code == 404, "no pages"
    assert set(client.get("/readyz").json()["checks"]) == NEEDS[room]


def test_all_rooms_together_are_the_archive(desk):
    together, whole = face(desk, *composition.ROOMS, composition.CONSOLE), TestClient(desk.app)
    assert set(together.app.openapi()["paths"]) == set(whole.app.openapi()["paths"])
    assert set(together.get("/readyz").json()["checks"]) == {"catalogue", "objects", "keys", "index", "broker"}
    assert together.get("/sign-in").status_code == 200


def test_a_broker_that_is_away_keeps_no_file_out(settings):
    desk = Desk(settings.model_copy(update={"broker_url": "redis://127.0.0.1:1/0"}))
    client = face(desk, "ingest")
    client.headers["Authorization"] = f"Bearer {desk.person(Role.CLERK)[1]}"
    assert not desk.kernel.wakeup.reachable()
    assert client.get("/readyz").status_code == 200
    desk.deliver(client, scan("合同"))
    desk.close()


def test_a_console_apart_holds_nothing_of_the_archive(tmp_path):
    app = composition.console_alone(Settings(data=tmp_path / "data", api_url="http://127.0.0.1:1/"))
    client = TestClient(app, raise_server_exceptions=False)
    assert client.get("/healthz").status_code == 200
    assert client.get("/sign-in").status_code == 200
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]) == (503, {"api": "unavailable"})
    assert client.get("/metrics").status_code == client.get("/api/v1/me").status_code == 404
    assert not (tmp_path / "data").exists()
    assert not (tmp_path / "data.keys").exists()


def test_a_console_apart_must_know_where_the_api_is(tmp_path):
    done = run(tmp_path, "serve", "console", "--port", str(free_port()))
    assert done.returncode == 1
    assert "MUNIMENT_API_URL" in done.stderr


def test_an_unknown_service_is_wrong_usage(tmp_path):
    done = run(tmp_path, "serve", "ingest", "printing")
    assert done.returncode == 2
    assert "printing" in done.stderr
    assert "search" in done.stderr


def run(folder: Path, *arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    env = clean_environment() | (environment or {})
    return subprocess.run([*MUNIMENT, *arguments], capture_output=True, text=True, check=False, cwd=folder, env=env, timeout=60)


# ── processes ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


class Process:
    """One ``muniment …``."""

    def __init__(self, folder: Path, environment: dict[str, str], *arguments: str) -> None:
        self.log = folder / f"{'-'.join(arguments[:2])}.log"
        with self.log.open("ab") as log:
            command = [*MUNIMENT, *arguments]
            self.process = subprocess.Popen(command, cwd=folder, env=clean_environment() | environment, stdout=log, stderr=log)

    def stop(self) -> int:
        self.process.terminate()
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"it did not end: {self.log.read_text()[-2000:]}") from None


class Served(Process):
    """``muniment serve …``, once it is ready."""

    def __init__(self, folder: Path, environment: dict[str, str], *rooms: str, port: int | None = None) -> None:
        self.port = port or free_port()
        super().__init__(folder, environment, "serve", *rooms, "--port", str(self.port))
        self.url = f"http://127.0.0.1:{self.port}"

    def wait(self) -> None:
        end = time.monotonic() + 60
        while True:
            try:
                answer = httpx.get(f"{self.url}/readyz", trust_env=False)
                if answer.is_success:
                    return
            except httpx.TransportError:
                answer = None
            assert time.monotonic() < end and self.process.poll() is None, f"{answer}: {self.log.read_text()[-2000:]}"
            time.sleep(0.1)


@contextmanager
def served(folder: Path, environment: dict[str, str], *rooms: str) -> Iterator[Served]:
    process = Served(folder, environment, *rooms)
    try:
        process.wait()
        yield process
    finally:
        if process.process.poll() is None:
            process.process.kill()
            process.process.wait()


def user(folder: Path, environment: dict[str, str], role: str) -> dict[str, str]:
    done = run(folder, "user", "add", f"测试{role}", "--role", role, environment=environment)
    assert done.returncode == 0, done.stderr
    return {"Authorization": f"Bearer {json.loads(done.stdout)['token']}"}


def test_on_sigterm_requests_in_hand_end_and_streams_of_events_too(tmp_path):
    """And not only when the time that draining may take is over, here an hour."""
    environment = {"MUNIMENT_BROKER_URL": "memory://", "MUNIMENT_DRAIN_SECONDS": "3600"}
    with served(tmp_path, environment, "ingest") as ingest:
        clerk = user(tmp_path, environment, "clerk")
        with httpx.Client(base_url=ingest.url, headers=clerk, trust_env=False, timeout=30) as client:
            batch = client.post("/api/v1/batches", json={"title": "t"}).raise_for_status().json()["id"]
            going, answers = threading.Event(), []

            def body() -> Iterator[bytes]:
                yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n'
                going.set()
                for _ in range(20):
                    time.sleep(0.1)
                    yield bytes(1000)
                yield b"\r\n--x--\r\n"

            def deliver() -> None:
                content = {"content": body(), "headers": {"Content-Type": "multipart/form-data; boundary=x"} | clerk}
                files = f"{ingest.url}/api/v1/batches/{batch}/files"
                answers.append(httpx.post(files, trust_env=False, timeout=None, **content))

            thread = threading.Thread(target=deliver)
            thread.start()
            going.wait()
            with client.stream("GET", f"/api/v1/batches/{batch}/events") as events:
                lines = events.iter_lines()
                assert next(lines) == "event: batch"
                ingest.process.send_signal(signal.SIGTERM)
                for _ in lines:
                    pass
            thread.join()
            assert ingest.process.wait() == 0
    (answer,) = answers
    assert answer.status_code == 201, "what was on its way is taken in"
    assert answer.json()["size"] == 20_000


TRACE, CALLER_SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CALLER = f"00-{TRACE}-{CALLER_SPAN}-01"
ROUTES = {"batches": "ingest", "uploads": "ingest", "search": "search", "audit": "audit"}
"""The second part of an API path and the room that answers it; the rest is ``access``'s."""


class Way:
    """All services as processes of their own, and a client's view of them: paths go to the room that answers them."""

    def __init__(self, folder: Path, environment: dict[str, str], stack: ExitStack) -> None:
        self.rooms = {name: Served(folder, environment, name) for name in composition.ROOMS}
        console = environment | {"MUNIMENT_API_URL": self.rooms["access"].url}
        self.rooms["console"] = Served(folder, console, "console")
        self.others = [
            Process(folder, environment, "worker", "--queues", "reading", "--workers", "1"),
            Process(folder, environment, "worker", "--queues", "indexing", "--workers", "1"),
            Process(folder, environment, "schedule"),
            Process(folder, environment, "schedule", "--data", "data"),
        ]
        for process in (*self.rooms.values(), *self.others):
            stack.callback(process.process.wait)
            stack.callback(process.process.kill)
        for room in self.rooms.values():
            room.wait()

    def url(self, path: str) -> str:
        return self.rooms[ROUTES.get(path.split("/")[3], "access")].url + path


@pytest.mark.cluster
@pytest.mark.timeout(300)
def test_a_paper_goes_its_way_through_separate_processes(tmp_path, postgresql_template):
    redis = os.environ.get("MUNIMENT_TEST_REDIS_URL") or pytest.fail("MUNIMENT_TEST_REDIS_URL names no server.")
    paper = tmp_path / "收据.jpg"
    samples.write(samples.make("payment_voucher", 3, name="张伟"), paper, "jpeg", 200)
    with databases.postgresql(postgresql_template) as url, ExitStack() as stack:
        environment = {
            "MUNIMENT_CATALOGUE_URL": url,
            "MUNIMENT_BROKER_URL": redis,
            "MUNIMENT_ENGINE": "tesseract",
            "MUNIMENT_DATA": str(tmp_path / "data"),
            "MUNIMENT_TRACES": str(tmp_path / "spans.jsonl"),
        }
        people = {role: user(tmp_path, environment, role) for role in ("clerk", "auditor")}
        way = Way(tmp_path, environment, stack)
        with httpx.Client(trust_env=False, timeout=30, headers={"traceparent": CALLER}) as client:
            walk(client, way, people, paper)
        assert [process.stop() for process in (*way.rooms.values(), *way.others)] == [0] * 9
    spans = [json.loads(line) for line in (tmp_path / "spans.jsonl").read_text().splitlines()]
    one_trace([span for span in spans if span["context"]["trace_id"] == f"0x{TRACE}"])
    assert not [span["name"] for span in spans if "张" in json.dumps(span, ensure_ascii=False)]


def walk(client: httpx.Client, way: Way, people: dict[str, dict[str, str]], paper: Path) -> None:
    """Delivered, read, found, opened, audited, and signed in for: each at its own process."""

    def ask(who: str, path: str, **more: Any) -> dict[str, Any]:
        answer: dict[str, Any] = client.get(way.url(path), headers=people[who], **more).raise_for_status().json()
        return answer

    opened = client.post(way.url("/api/v1/batches"), json={"title": "t"}, headers=people["clerk"] | once())
    batch = opened.raise_for_status().json()["id"]
    with paper.open("rb") as source:
        files = f"/api/v1/batches/{batch}/files"
        client.post(way.url(files), files={"file": (paper.name, source)}, headers=people["clerk"]).raise_for_status()
    end = time.monotonic() + 120
    while (state := ask("clerk", f"/api/v1/batches/{batch}"))["state"] == "processing":
        assert time.monotonic() < end, state
        time.sleep(0.3)
    assert state["state"] == "done", state
    (item,) = [each["id"] for each in state["items"]]
    assert [hit["item_id"] for hit in ask("clerk", "/api/v1/search", params={"q": "收据"})["hits"]] == [item]
    assert "张伟" in ask("clerk", f"/api/v1/items/{item}/text")["text"]
    acts = {entry["act"] for entry in ask("auditor", "/api/v1/audit/entries", params={"limit": 200})["entries"]}
    assert acts >= {"file.receive", "file.accept", "item.read", "item.catalogue", "search", "text.read", "ledger.read"}
    console = client.get(f"{way.rooms['console'].url}/")
    assert console.headers["location"] == "/sign-in?next=%2F", "whoever it is, said the API"


def one_trace(spans: list[dict[str, Any]]) -> None:
    """Every room the paper met is in it, and each span has its cause in it, up to the client's own."""
    causes = {span["context"]["span_id"]: span["parent_id"] for span in spans}
    names = {span["context"]["span_id"]: span["name"] for span in spans}
    assert {name.partition(".")[0] for name in names.values()} >= {*PATHS, "console", "ocr", "filing"}
    assert {cause for cause in causes.values() if cause not in causes} == {f"0x{CALLER_SPAN}"}
    assert len(causes) == len(spans), "no span twice"

    def way(span: str) -> list[str]:
        return [names[span], *way(causes[span])] if span in names else []

    (asked,) = [span for span, name in names.items() if name == "kernel.me"]
    assert way(asked) == ["kernel.me", "console.start"]
    (indexed,) = [span for span, name in names.items() if name == "search.index"]
    came = ["filing.catalogue", "ocr.assemble", "ocr.read", "ingest.inspect", "ingest.receive", "ingest.add_file"]
    assert way(indexed) == ["search.index", *came]
    starts = {span["name"]: span["start_time"] for span in spans}
    assert sorted(came, key=starts.__getitem__, reverse=True) == came
