"""From where an act came, through the real door: the browser asks the console, the console asks the rooms by the inner door,
and the ledger has the browser's address."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from services import web
from services.kernel.config import Settings
from services.kernel.identity import people
from services.kernel.model import Role
from tests.archive import free_port
from tests.desk import PASSWORD, Desk
from tests.functional.test_ledger_whence import listening_at, served
from tests.functional.test_proxy import Door, door

BROWSER = "127.0.0.9"
"""Not the address that console and proxy have."""


@pytest.fixture
def opened(desk: Desk, tmp_path: Path) -> Iterator[Door]:
    """A Caddy with its file of the deployment, all rooms in one process, and a console apart."""
    with ExitStack() as stack:
        rooms, console = served(desk, "*"), free_port()
        port = int(stack.enter_context(rooms).rpartition(":")[2])
        there = dict.fromkeys(web.ROOMS, port) | {web.CONSOLE: console}
        (tmp_path / "caddy").mkdir()
        opened = stack.enter_context(door(tmp_path / "caddy", there))
        settings = Settings(data=tmp_path / "console", api_url=opened.inner)
        stack.enter_context(listening_at(web.console_alone(settings), "*", console))
        yield opened


def browser(opened: Door, **headers: str) -> httpx.Client:
    """A client at another address than everybody else's."""
    trusted = ssl.create_default_context(cafile=str(opened.authority))
    transport = httpx.HTTPTransport(verify=trusted, local_address=BROWSER, trust_env=False)
    return httpx.Client(base_url=f"https://127.0.0.1:{opened.ports['TLS']}", transport=transport, headers=headers, timeout=60)


@pytest.mark.parametrize("forged", [None, "203.0.113.9"])
def test_the_ledger_has_the_browser_s_address_whoever_asked_for_it(desk, opened, forged):
    with desk.kernel.database.write() as session:
        people.add_person(session, "郑审计", Role.AUDITOR, password=PASSWORD)
    said = {"X-Forwarded-For": forged} if forged else {}
    with browser(opened, **said) as client:
        client.headers["Origin"] = str(client.base_url).rstrip("/")
        answer = client.post("/sign-in", data={"name": "郑审计", "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        assert client.get("/audit").status_code == 200
    for act in ("session.open", "ledger.read"):
        assert json.loads(desk.ledger(act)[-1].data)["from"] == BROWSER, "neither the console's address, nor a forged one"


def test_a_program_that_comes_by_the_door_is_entered_with_its_own(desk, opened):
    token = desk.person(Role.CLERK)[1]
    with browser(opened, Authorization=f"Bearer {token}") as client:
        client.get("/api/v1/items").raise_for_status()
    assert json.loads(desk.ledger("items.list")[-1].data)["from"] == BROWSER
