"""Rooms apart: each process answers its own room only, says what it depends on, and ends in order."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
from fastapi.testclient import TestClient

from services import web
from services.kernel.config import Settings
from services.kernel.model import Role
from tests.archive import free_port
from tests.desk import Desk, scan
from tests.processes import run, served, user

PATHS = {
    "ingest": ("POST", "/api/v1/batches/b/files"),
    "access": ("GET", "/api/v1/batches"),
    "filing": ("GET", "/api/v1/filings"),
    "search": ("GET", "/api/v1/search"),
    "custody": ("GET", "/api/v1/custody/plans"),
    "audit": ("GET", "/api/v1/audit/entries"),
    "retention": ("GET", "/api/v1/retention/due"),
}
NEEDS = {
    "ingest": {"catalogue", "objects", "keys"},
    "access": {"catalogue", "objects", "keys"},
    "filing": {"catalogue", "keys"},
    "search": {"catalogue", "index"},
    "custody": {"catalogue", "objects", "keys"},
    "audit": {"catalogue"},
    "retention": {"catalogue", "keys"},
}


def face(desk: Desk, *rooms: str) -> TestClient:
    return TestClient(web.http(desk.archive, rooms), raise_server_exceptions=False)


@pytest.mark.parametrize("room", web.ROOMS)
def test_a_room_answers_for_itself_and_for_nothing_else(desk, room):
    client = face(desk, room)
    for name, (method, path) in PATHS.items():
        sent = {"files": {"file": ("a.pdf", b"")}} if method == "POST" else {}
        assert client.request(method, path, **sent).status_code == (401 if name == room else 404)
    assert client.get("/healthz").status_code == 200
    assert client.get("/sign-in").status_code == 404, "no pages"
    assert set(client.get("/readyz").json()["checks"]) == NEEDS[room]


def test_all_rooms_together_are_the_archive(desk):
    together, whole = face(desk, *web.ROOMS, web.CONSOLE), TestClient(desk.app)
    assert set(together.app.openapi()["paths"]) == set(whole.app.openapi()["paths"])
    assert set(together.get("/readyz").json()["checks"]) == {"catalogue", "objects", "keys", "index", "broker"}
    assert together.get("/sign-in").status_code == 200


def test_a_broker_that_is_away_keeps_no_file_out(settings):
    desk = Desk(settings.model_copy(update={"broker_url": "redis://127.0.0.1:1/0"}))
    client = face(desk, "ingest", "access")
    client.headers["Authorization"] = f"Bearer {desk.person(Role.CLERK)[1]}"
    assert not desk.kernel.wakeup.reachable()
    assert client.get("/readyz").status_code == 200
    desk.deliver(client, scan("合同"))
    desk.close()


def test_a_console_apart_holds_nothing_of_the_archive(tmp_path):
    app = web.console_alone(Settings(data=tmp_path / "data", api_url="http://127.0.0.1:1/"))
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


def test_on_sigterm_requests_in_hand_end_and_streams_of_events_too(tmp_path):
    """And not only when the time that draining may take is over, here an hour."""
    environment = {"MUNIMENT_BROKER_URL": "memory://", "MUNIMENT_DRAIN_SECONDS": "3600"}
    with served(tmp_path, environment, "ingest", "access") as ingest:
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
