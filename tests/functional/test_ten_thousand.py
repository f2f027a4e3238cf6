"""Ten thousand invented people are taken in, read, filed and indexed (behaviour 17). Afterwards none of their numbers lies
anywhere, and each is found. The typed pages of the tests stand for the scans; the code that stores, seals, masks and indexes is
the archive's own, and its broker a real one."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest
import redis

from services.kernel.model import ItemState, Role
from services.kernel.tables import Item
from services.search.index.port import Scope, Search
from services.search.query import And, Lookup
from tests.catalogue import until
from tests.desk import Desk, TestClient, created, ok, scan
from tests.numbers import Someone, Thief, batched, people
from tests.sizes import size

pytestmark = pytest.mark.timeout(900)
COUNT = int(size("PEOPLE", "10000", "10000"))
ON_A_LINE, LINES, PAGES = 6, 13, 22
"""A typed page has room for thirteen lines."""
AT_ONCE = 60


def papers(everyone: list[Someone]) -> Iterator[bytes]:
    lines = [
        "；".join(f"{one.name} 身份证号：{one.id_number} 电话：{one.phone}" for one in some)
        for some in batched(everyone, ON_A_LINE)
    ]
    pages = ["\n".join(some) for some in batched(lines, LINES)]
    yield from (scan(*some) for some in batched(pages, PAGES))


@pytest.fixture
def broker(settings) -> Iterator[None]:
    """The embedded broker, whose messages can be looked at."""
    command = [sys.executable, "-m", "services.kernel.queue.broker", str(settings.broker_socket), str(os.getpid())]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    yield
    process.kill()
    process.wait()


@pytest.fixture
def desk(settings, tmp_path, empty_catalogue) -> Iterator[Desk]:
    settings = settings.model_copy(update={"broker_url": None, "pages_per_job": PAGES})
    desk = Desk(settings)
    yield desk
    desk.close()


def shown(desk: Desk, clerk: TestClient, items: list[str]) -> Iterator[tuple[str, bytes]]:
    """What goes out to people who hold no ground, and to monitors and auditors."""
    staff, auditor = desk.client(Role.STAFF), desk.client(Role.AUDITOR)
    for item in items:
        yield "entry", staff.get(f"/api/v1/items/{item}").content
        yield "page", staff.get(f"/items/{item}").content
        yield "refusal", staff.get(f"/api/v1/items/{item}/text").content
    yield "list", staff.get("/api/v1/items").content
    yield "hits", staff.get("/api/v1/search", params={"q": "身份证号", "limit": 200}).content
    yield "batches", clerk.get("/api/v1/batches").content
    catalogue = ok(clerk.get("/api/v1/filings/catalogue", params={"limit": 200}))
    assert {row["item_id"] for row in catalogue["items"]} == set(items), "what is filed is in the catalogue"
    for who, name, address in (
        (clerk, "xlsx", "/api/v1/filings/catalogue.xlsx"),
        (clerk, "pdf", "/api/v1/filings/catalogue.pdf"),
        (auditor, "metrics", "/metrics"),
        (auditor, "ledger", "/api/v1/audit/ledger"),
        (auditor, "extract", "/api/v1/audit/extract?format=jsonl"),
        (auditor, "extract.csv", "/api/v1/audit/extract?format=csv"),
        (auditor, "extract.xlsx", "/api/v1/audit/extract?format=xlsx"),
        (auditor, "entries", "/api/v1/audit/entries?limit=200"),
    ):
        answer = who.get(address)
        assert answer.status_code == 200 and answer.content, (address, answer.text)
        yield name, answer.content


def tokens_of(index: Path) -> Iterator[bytes]:
    """What the full-text tables say, put together again from their tokens and places; and every cell of the others."""
    with closing(apsw.Connection(str(index), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
        for table in ("words", "named"):
            connection.execute(f"CREATE VIRTUAL TABLE temp.of_{table} USING fts5vocab('main', '{table}', 'instance')")
            rows = connection.execute(f"SELECT doc, col, offset, term FROM of_{table} ORDER BY doc, col, offset")
            yield "".join(term[0] for _, _, _, term in rows).encode()
        for table in ("content", "page", "facet", "item", "moment"):
            for row in connection.execute(f"SELECT * FROM {table}"):
                yield from (cell if isinstance(cell, bytes) else str(cell).encode() for cell in row)


def test_rule_17_no_number_of_ten_thousand_people_lies_anywhere_and_each_is_found(broker, desk, tmp_path, capfd):
    everyone = people(COUNT, seed=17)
    numbers = [one.id_number for one in everyone] + [one.phone for one in everyone]
    thief = Thief(numbers)
    until(desk.kernel.wakeup.reachable, "the broker answers")
    clerk = desk.client(Role.CLERK)
    title = f"批次 {everyone[0].phone}"  # people write such titles, and name files so
    batch = str(created(clerk.post("/api/v1/batches", json={"title": title}))["id"])
    for place, paper in enumerate(papers(everyone)):
        desk.deliver(clerk, paper, batch=batch, name=f"{everyone[place].name}{everyone[place].id_number}.pdf")
    desk.work()
    state = clerk.get(f"/api/v1/batches/{batch}").json()
    items = [item["id"] for item in state["items"]]
    assert state["pages_done"] == state["pages_total"] >= COUNT / (ON_A_LINE * LINES)
    for one in everyone[:40]:  # so that logs and ledger have something to betray
        for question in (f"id_number:{one.id_number}", one.phone):
            assert clerk.get("/api/v1/search", params={"q": question}).status_code == 200
    with desk.kernel.database.write() as session:
        for each in items:
            session.get_one(Item, each).state = ItemState.ARCHIVED
    found = {name: number for name, content in shown(desk, clerk, items) if (number := thief.finds(content))}
    assert found == {}
    assert every_one_is_found(desk, everyone) == []

    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"catalogue.db", "current"} <= {path.name for path in files} and any("objects" in path.parts for path in files)
    lying = {path.name: number for path in files if (number := thief.finds(path.read_bytes()))}
    assert lying == {}
    assert {path.name for path in files if thief.finds(str(path).encode())} == set()
    (index,) = (path for path in files if path.name.startswith("index-") and path.suffix == ".db")
    said = list(tokens_of(index))
    assert sum(map(len, said)) > 50 * COUNT and not {number for each in said for number in thief.finds(each)}
    valkey = redis.Redis(unix_socket_path=str(desk.settings.broker_socket))
    dump = [key + (valkey.dump(key) or b"") for key in valkey.scan_iter()]
    assert dump and not {number for each in dump for number in thief.finds(each)}
    out, err = capfd.readouterr()
    assert "job-done" in out + err and thief.finds((out + err).encode()) == set()


def every_one_is_found(desk: Desk, everyone: list[Someone]) -> list[Someone]:
    """Asks for many at once that stand on one paper: all of them are found there, or the answer is empty."""
    with desk.kernel.database.read() as session:
        (keys,) = desk.kernel.lookups.live(session)

    def missing(some: tuple[Someone, ...]) -> bool:
        asked = [Lookup(name, keys.digest(name, getattr(one, name)), "") for one in some for name in ("id_number", "phone")]
        return desk.archive.index.search(Search(And(tuple(asked)), Scope(everything=True), limit=1)).total != 1

    on_a_paper = batched(everyone, ON_A_LINE * LINES * PAGES)
    return [some[0] for paper in on_a_paper for some in batched(paper, AT_ONCE) if missing(some)]


@pytest.mark.parametrize("coded", ["plain", "spaced", "utf-16-le", "utf-16-be", "base64", "urlsafe", "deflated"])
def test_the_thief_would_find_them(coded):
    (one,) = people(1, seed=3)
    text = f"{one.name}：{one.id_number}，{one.phone}"
    spaced = text.replace(one.phone, f"{one.phone[:3]} {one.phone[3:7]}-{one.phone[7:]}")
    content = {
        "plain": text.encode(),
        "spaced": spaced.encode(),
        "base64": base64.b64encode(b"?" + text.encode()),
        "urlsafe": base64.urlsafe_b64encode(text.encode()),
        "deflated": zlib.compress(text.encode()),
    }.get(coded) or text.encode(coded)
    assert Thief([one.id_number, one.phone]).finds(b"\x00\x01ab" + content + b"\xff") == {one.id_number, one.phone}
