"""The door: ``deploy/proxy/Caddyfile`` in a real Caddy, before rooms that only say who they are, and before a real archive."""

from __future__ import annotations

import base64
import http.server
import json
import os
import re
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

import samples
from deploy.dev.servers import certificates
from services import web
from services.kernel.config import Settings
from tests.archive import PASSWORD, RunningArchive, free_port
from tests.deployment import DEPLOY
from tests.desk import Desk

ROOMS = (*web.ROOMS, web.CONSOLE)
ID = "00000000-0000-7000-8000-000000000000"


class Door:
    """A Caddy on ports of its own. What it logs goes to ``log``."""

    def __init__(self, folder: Path, rooms: dict[str, int]) -> None:
        self.log = folder / "caddy.log"
        self.ports = {name: free_port() for name in ("TLS", "INNER", "REDIRECT")}
        issued = certificates.issue()
        self.authority = folder / "authority.pem"
        for path, text in (
            (self.authority, issued.authority),
            (folder / "c.pem", issued.certificate),
            (folder / "k.pem", issued.key),
        ):
            path.write_text(text)
        environment = {
            **{f"MUNIMENT_{name}_PORT": str(port) for name, port in self.ports.items()},
            **{f"MUNIMENT_{room.upper()}": f"127.0.0.1:{port}" for room, port in rooms.items()},
            "MUNIMENT_TLS_CERTIFICATE": str(folder / "c.pem"),
            "MUNIMENT_TLS_KEY": str(folder / "k.pem"),
            "XDG_DATA_HOME": str(folder),
            "XDG_CONFIG_HOME": str(folder),
        }
        command = [Path(sys.executable).with_name("caddy"), "run", "--config", DEPLOY / "proxy/Caddyfile"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, env=os.environ | environment, stdout=log, stderr=log)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.ports['TLS']}"

    @property
    def inner(self) -> str:
        return f"http://127.0.0.1:{self.ports['INNER']}"

    def client(self, **more: Any) -> httpx.Client:
        trusted = ssl.create_default_context(cafile=str(self.authority))
        return httpx.Client(base_url=self.url, verify=trusted, trust_env=False, timeout=60, **more)

    def wait(self) -> None:
        end = time.monotonic() + 30
        while True:
            try:
                if httpx.get(f"{self.inner}/alive", trust_env=False).status_code == 200:
                    return
            except httpx.TransportError:
                assert time.monotonic() < end and self.process.poll() is None, self.log.read_text()[-2000:]
            time.sleep(0.1)


@contextmanager
def door(folder: Path, rooms: dict[str, int]) -> Iterator[Door]:
    opened = Door(folder, rooms)
    try:
        opened.wait()
        yield opened
    finally:
        opened.process.terminate()
        opened.process.wait(30)


class Room(http.server.ThreadingHTTPServer):
    """Answers every request with its name and the size of what was sent."""

    def __init__(self, name: str, port: int = 0) -> None:
        self.name, self.next_event = name, threading.Event()
        self.next_event.set()
        super().__init__(("127.0.0.1", port), RoomHandler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class RoomHandler(http.server.BaseHTTPRequestHandler):
    server: Room

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        received = 0
        while received < length and (piece := self.rfile.read(min(length - received, 1 << 20))):
            received += len(piece)
        if received < length:
            return
        body = json.dumps({"received": received}).encode()
        self.send_response(200)
        self.send_header("X-Room", self.server.name)
        self.send_header("Location", "/somewhere?name=张伟".encode().decode("latin-1"))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self) -> None:
        if not self.path.endswith("/events"):
            return self.answer()
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("X-Room", self.server.name)
        self.end_headers()
        for number in range(2):
            self.wfile.write(f"event: {number}\n\n".encode())
            self.wfile.flush()
            self.server.next_event.wait(20)

    do_POST = do_PATCH = do_PUT = do_DELETE = do_HEAD = do_OPTIONS = answer

    def log_message(self, *_: object) -> None: ...


@pytest.fixture(scope="module")
def rooms() -> Iterator[dict[str, Room]]:
    with ExitStack() as stack:
        made = {name: stack.enter_context(Room(name)) for name in ROOMS}
        yield made
        for room in made.values():
            room.shutdown()


@pytest.fixture(scope="module")
def caddy(tmp_path_factory: pytest.TempPathFactory, rooms: dict[str, Room]) -> Iterator[Door]:
    with door(tmp_path_factory.mktemp("caddy"), {name: room.server_port for name, room in rooms.items()}) as opened:
        yield opened


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str, str]]:
    """Every route of every room: room, method, path."""
    desk = Desk(Settings(data=tmp_path_factory.mktemp("archive") / "data", broker_url="memory://"))
    found = []
    for name in web.ROOMS:
        for path, methods in web.http(desk.archive, [name]).openapi()["paths"].items():
            if path.startswith("/api/"):
                found += [(name, method.upper(), re.sub(r"{\w+}", ID, path)) for method in methods]
    desk.close()
    return found


def test_every_path_finds_the_room_that_answers_it(caddy, routes):
    assert {room for room, _, _ in routes} == set(web.ROOMS)
    with caddy.client() as outside, httpx.Client(base_url=caddy.inner, trust_env=False) as inside:
        for client in (outside, inside):
            answers = {(room, method, path): client.request(method, path) for room, method, path in routes if method != "HEAD"}
            lost = {way: answer.text for way, answer in answers.items() if answer.headers.get("x-room") != way[0]}
            assert lost == {}
            for path in ("/", "/sign-in", "/search", "/items/1", "/assets/abc/console.css"):
                assert client.get(path).headers["x-room"] == "console"
            assert client.get("/openapi.json").headers["x-room"] == "access"


@pytest.mark.parametrize("path", ["/metrics", "/readyz", "/healthz"])
def test_what_is_for_monitoring_does_not_leave_the_house(caddy, path):
    with caddy.client() as client:
        assert client.get(path).status_code == 404


def test_neither_queries_nor_headers_are_logged(caddy):
    with caddy.client(headers={"Authorization": "Bearer mnt_secret", "Referer": "https://a/?q=geheim"}) as client:
        client.get("/api/v1/search", params={"q": "张伟 11010519491231002X"}).raise_for_status()
        client.get(
            "/items/1", params={"find": "zhangwei"}, headers={"Cookie": "muniment_session=mns_secret"}
        ).raise_for_status()
    end = time.monotonic() + 10
    while b'"/items/1"' not in (log := caddy.log.read_bytes()) and time.monotonic() < end:
        time.sleep(0.1)
    assert b'"uri":"/api/v1/search"' in log and b'"status":200' in log
    for secret in ("张伟", "%E5%BC%A0", "11010519491231002X", "zhangwei", "secret", "geheim", "somewhere"):
        assert secret.encode() not in log, secret


def test_security_headers(caddy):
    with caddy.client() as client:
        headers = client.get("/").headers
    assert headers["strict-transport-security"] == "max-age=31536000"
    assert not {"server", "via"} & set(headers), "nobody need know what stands here"
    answer = httpx.get(f"http://127.0.0.1:{caddy.ports['REDIRECT']}/a?b=c", trust_env=False)
    assert (answer.status_code, answer.headers["location"]) == (301, "https://127.0.0.1/a?b=c")


def test_files_may_be_large_and_nothing_else(caddy):
    large = b"x" * (3 << 20)
    with caddy.client() as client:
        for path in (f"/api/v1/batches/{ID}/files", f"/api/v1/uploads/{ID}"):
            assert client.patch(path, content=large).json() == {"received": len(large)}
        for path in ("/api/v1/watermarks/reading", "/access/marks"):  # a page that got out, scanned
            assert client.post(path, content=large).json() == {"received": len(large)}
        for path in ("/api/v1/batches", "/api/v1/sessions", "/sign-in") * 10:
            refused = client.post(path, content=large)
            assert refused.status_code == 413, "what was left of the body before was taken for a request"
            assert refused.headers["connection"] == "close"
            problem = refused.json()
            assert problem["type"] == "urn:muniment:problem:too-large" and problem["request_id"]


def hand_in(client: httpx.Client, place: str, piece: bytes, headers: dict[str, str], tries: int = 50) -> int:
    """As tus clients do: where the piece before is still being put away (423 Locked), it is sent again."""
    for _ in range(tries):
        if (status := client.patch(place, content=piece, headers=headers).status_code) != 423:
            return status
        time.sleep(0.1)
    return 423


def test_events_come_as_they_happen(caddy, rooms):
    rooms["ingest"].next_event.clear()
    with caddy.client() as client, client.stream("GET", f"/api/v1/batches/{ID}/events") as events:
        lines = (line for line in events.iter_lines() if line)
        assert next(lines) == "event: 0", "before there is a second"
        rooms["ingest"].next_event.set()
        assert next(lines) == "event: 1"


def test_a_room_that_starts_anew_is_waited_for(tmp_path):
    port = free_port()
    with ExitStack() as stack:
        opened = stack.enter_context(door(tmp_path, dict.fromkeys(ROOMS, port)))
        client = stack.enter_context(opened.client())
        started: list[Room] = []
        late = threading.Timer(1.5, lambda: started.append(Room("access", port)))
        late.start()
        assert client.get("/api/v1/me").headers["x-room"] == "access"
        started[0].shutdown()


def test_a_paper_goes_in_by_the_door_and_is_found(tmp_path):
    """Signed in with a cookie, delivered in pieces, followed by its events, found and opened: all over TLS."""
    paper = tmp_path / "收据.jpg"
    samples.write(samples.make("payment_voucher", 3, name="张伟"), paper, "jpeg", 200)
    content = paper.read_bytes()
    environment = {"MUNIMENT_HTTPS": "true", "MUNIMENT_ENGINE": "tesseract"}
    with RunningArchive(tmp_path / "data", environment=environment) as archive:
        clerk = archive.user("clerk")
        with door(tmp_path, dict.fromkeys(ROOMS, archive.port)) as opened, opened.client() as client:
            answer = client.post("/api/v1/sessions", json={"name": clerk.name, "password": PASSWORD})
            assert answer.status_code == 201 and "secure" in answer.headers["set-cookie"].lower()
            same_origin = {"Origin": opened.url, "Sec-Fetch-Site": "same-origin"}
            client.headers.update(same_origin)
            batch = client.post("/api/v1/batches", json={"title": "t"}).raise_for_status().json()["id"]
            metadata = {"batch_id": batch, "filename": paper.name, "filetype": "image/jpeg"}
            coded = ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in metadata.items())
            tus = {"Tus-Resumable": "1.0.0"}
            created = client.post(
                "/api/v1/uploads", headers=tus | {"Upload-Length": str(len(content)), "Upload-Metadata": coded}
            )
            assert created.status_code == 201, created.text
            place = created.headers["location"]
            assert not place.startswith("http:"), "pieces go the way they came"
            for start in range(0, len(content), 100_000):
                piece = content[start : start + 100_000]
                offset = {"Upload-Offset": str(start), "Content-Type": "application/offset+octet-stream"}
                assert hand_in(client, place, piece, tus | offset) == 204
            with client.stream("GET", f"/api/v1/batches/{batch}/events") as events:
                told = [line for line in events.iter_lines() if line.startswith("data:") and '"done"' in line]
                assert told
            (hit,) = client.get("/api/v1/search", params={"q": "收据"}).raise_for_status().json()["hits"]
            assert client.get(f"/items/{hit['item_id']}").status_code == 200, "the console's page"
            assert "张伟" not in opened.log.read_text()
