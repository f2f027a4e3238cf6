"""Entries say from where an act came, and attempts that were refused are entered like acts."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import httpx
import pytest
from fastapi import FastAPI

from services import web
from services.cli.face import Face
from services.kernel.model import Role
from tests.desk import Desk, scan


def last(desk: Desk, act: str) -> dict:
    return json.loads(desk.ledger(act)[-1].data)


def served(desk: Desk, proxies: str) -> AbstractContextManager[str]:
    """The archive behind a real socket; ``proxies`` is what uvicorn is told of those before it."""
    return listening_at(web.http(desk.archive), proxies)


@contextmanager
def listening_at(app: FastAPI, proxies: str, port: int = 0) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("FORWARDED_ALLOW_IPS", proxies)
        face = Face(app, drain_seconds=1)
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        listening.listen()  # who comes before the thread runs waits
        thread = threading.Thread(target=face.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            face.leave()
            thread.join(30)


@pytest.mark.parametrize(
    ("proxies", "told"),
    [("127.0.0.1", "203.0.113.9"), ("127.0.0.0/8", "203.0.113.9"), ("10.0.0.1", "127.0.0.1"), ("", "127.0.0.1")],
)
def test_a_proxy_is_believed_where_the_settings_say_so_and_nowhere_else(desk, proxies, told):
    token = desk.person(Role.CLERK)[1]
    headers = {"Authorization": f"Bearer {token}", "X-Forwarded-For": "203.0.113.9"}
    with served(desk, proxies) as url, httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=60) as client:
        client.get("/api/v1/items").raise_for_status()
    assert last(desk, "items.list")["from"] == told


def test_what_is_done_in_the_console_came_from_the_browser_and_not_from_the_console(desk):
    from services.kernel.identity import people

    with desk.kernel.database.write() as session:
        people.add_person(session, "审计", Role.AUDITOR, password="a sentence for the tests")
    with served(desk, "127.0.0.1") as url, httpx.Client(base_url=url, trust_env=False, timeout=60) as browser:
        browser.headers["X-Forwarded-For"] = "203.0.113.77, 198.51.100.4"
        signed = browser.post("/sign-in", data={"name": "审计", "password": "a sentence for the tests"})
        assert signed.status_code == 303, signed.text
        assert browser.get("/audit").status_code == 200
    assert last(desk, "session.open")["from"] == "198.51.100.4", "the nearest that no trusted proxy stands for"
    assert last(desk, "ledger.read")["from"] == "198.51.100.4"


def test_what_the_archive_does_by_itself_came_from_nowhere(desk):
    clerk = desk.client(Role.CLERK)
    desk.deliver(clerk, scan("收据"))
    desk.work()
    assert "from" not in last(desk, "item.create")


# ── refused ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_right_that_is_lacking_is_entered_with_route_and_method(desk):
    refused = desk.client(Role.STAFF).get("/api/v1/audit/entries")
    assert refused.status_code == 403
    entry = last(desk, "access.refuse")
    assert entry["result"] == "refused" and entry["request"] == refused.headers["x-request-id"]
    assert entry["details"] == {"right": "ledger", "route": "/api/v1/audit/entries", "method": "GET", "why": "forbidden"}


def test_what_separation_of_duties_refuses_is_entered_though_its_transaction_is_not(desk):
    """Any 403, wherever it rises: here, somebody who would praise themselves."""
    archivist = desk.client(Role.ARCHIVIST)
    before = len(desk.ledger())
    body = {"person_id": me(archivist), "kind": "reward", "cause": "good-work", "text": "gut"}
    refused = archivist.post("/api/v1/conduct-records", json=body)
    assert refused.status_code == 403, refused.text
    assert [entry.act for entry in desk.ledger()[before:]] == ["access.refuse"]
    told = last(desk, "access.refuse")["details"]
    assert told == {"why": "separation-of-duties", "route": "/api/v1/conduct-records", "method": "POST"}


def me(client) -> str:
    return str(client.get("/api/v1/me").json()["id"])


def test_content_without_a_grant_is_one_entry_and_not_two(desk):
    clerk = desk.client(Role.CLERK)
    item = desk.item(clerk, "借条")
    staff = desk.client(Role.STAFF)
    before = len(desk.ledger())
    assert staff.get(f"/api/v1/items/{item}/text").status_code == 403
    (entry,) = [json.loads(each.data) for each in desk.ledger()[before:]]
    assert (entry["act"], entry["item"], entry["result"], entry["details"]["why"]) == (
        "text.read",
        item,
        "refused",
        "needs-grant",
    )


def test_an_item_that_one_may_not_know_of_and_one_that_is_not_there_leave_the_same_trace(desk):
    item = desk.item(desk.client(Role.CLERK), "借条")
    stranger = desk.client(Role.CLERK)
    missing = "01a20f3c-0000-7000-8000-000000000000"
    traces = []
    for each in (item, missing):
        before = len(desk.ledger())
        for address in ("", "/text", "/pdf", "/pages/1/image"):
            assert stranger.get(f"/api/v1/items/{each}{address}").status_code == 404
        added = [json.loads(entry.data) for entry in desk.ledger()[before:]]
        assert {entry["item"] for entry in added} == {each}
        traces.append([(entry["act"], entry["result"], entry["details"]) for entry in added])
    assert traces[0] == traces[1] and len(traces[0]) == 4
    assert stranger.get("/api/v1/items/张伟/text").status_code == 404
    assert "张伟".encode() not in b"".join(entry.data for entry in desk.ledger()), "what somebody typed is not entered"
