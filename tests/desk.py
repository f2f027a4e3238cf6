"""An archive inside the test's own process: the real kernel and rooms on a temporary folder, spoken to over ASGI. Workers are
replaced by draining the queues when a test says so, parsers and engine by a reader of typed "scans": it takes milliseconds.

desk = Desk(settings)
clerk = desk.client(Role.CLERK)
batch = desk.deliver(clerk, scan("甲方：张伟"))
desk.work()
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, BinaryIO
from uuid import uuid4

from fastapi import FastAPI
from PIL import Image
from sqlalchemy import select

from services import app as composition
from services import web, work
from services.ingest.facts import Inspection, PageFacts
from services.kernel.config import Settings
from services.kernel.errors import ParserRefused
from services.kernel.identity import accounts
from services.kernel.identity.rights import Principal
from services.kernel.ledger.tables import LedgerEntry
from services.kernel.model import Role
from services.kernel.paper import EngineInfo, Line, PageReading
from services.kernel.queue.runner import Runner
from services.kernel.queue.stages import Queue
from services.ocr.service import PageCopy

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it would rather have httpx's successor
    from starlette.testclient import TestClient

MAGIC = b"SCAN\n"
ENGINE = EngineInfo("typed", "1", "none")
BESIDE = {
    "sale_contract": ("居民身份证\n姓名 李娜", "收款收据\n交款单位 李娜"),
    "lease_contract": ("居民身份证\n姓名 李娜",),
}
"""Papers without which a customer's file is not complete, by the type of the paper that makes them necessary."""
PASSWORD = "a sentence for the tests"


def scan(*pages: str) -> bytes:
    """A file whose pages say these texts; a page ``!`` cannot be read."""
    return MAGIC + "\f".join(pages).encode()


def pages_of(source: BinaryIO) -> list[str]:
    source.seek(0)
    content = source.read()
    if not content.startswith(MAGIC):
        raise ParserRefused("This is no scan. Send a scan.", code="wrong_type")
    return content.removeprefix(MAGIC).decode().split("\f")


class TypedInspector:
    def examine(self, source: BinaryIO, *, between: Callable[[], None]) -> tuple[Inspection, list[PageFacts]]:
        texts = pages_of(source)
        between()
        facts = [PageFacts(number, 100, 140, dpi=200, blank=not text) for number, text in enumerate(texts, 1)]
        return Inspection("application/pdf", len(texts)), facts


class TypedReader:
    """``before`` is called ahead of each page, for a test that wants something to happen there."""

    def __init__(self, before: Callable[[int], None] = lambda number: None) -> None:
        self._before = before

    def read(self, source: BinaryIO, *, media_type: str, file_page: int, number: int) -> PageCopy:
        self._before(number)
        text = pages_of(source)[file_page - 1]
        if text == "!":
            raise ParserRefused("The page cannot be drawn. Scan it again.", code="page_unreadable")
        lines = tuple(
            Line(line, ((5.0, y), (95.0, y), (95.0, y + 9), (5.0, y + 9)), 0.99)
            for y, line in zip(range(5, 135, 10), text.splitlines(), strict=False)
        )
        return PageCopy(PageReading(number, 100, 140, 0, 0.0, not lines, lines, ENGINE), picture(number), 200.0)


def picture(number: int) -> bytes:
    target = io.BytesIO()
    Image.new("L", (100, 140), 200 + number % 50).save(target, "JPEG")
    return target.getvalue()


@dataclass(frozen=True)
class Desk:
    settings: Settings

    @cached_property
    def archive(self) -> composition.Archive:
        return composition.build(self.settings)

    @cached_property
    def app(self) -> FastAPI:
        return web.http(self.archive)

    @property
    def kernel(self) -> Any:
        return self.archive.kernel

    def kernel_of(self, account: str) -> Any:
        """The kernel as a process of that account has it: here, all are one."""
        return self.kernel

    def archive_of(self, account: str) -> composition.Archive:
        """The archive as a process of that account has it: here, all are one."""
        return self.archive

    def person(self, role: Role, name: str | None = None) -> tuple[Principal, str]:
        """A new person with that role, and a token."""
        with self.kernel.database.write() as session:
            person = accounts.add_person(session, name or f"{role}-{uuid4().hex[:8]}", role)
            token = accounts.issue_token(session, person)
            return Principal(person.id, person.name, frozenset({role}), None), token

    def client(self, role: Role | None = None) -> TestClient:
        """Speaks HTTP as a new person of that role; as nobody without one. Errors become answers, as in a server."""
        headers = {} if role is None else {"Authorization": f"Bearer {self.person(role)[1]}"}
        return TestClient(self.app, headers=headers, raise_server_exceptions=False)

    def batch(self, client: TestClient) -> str:
        return str(created(client.post("/api/v1/batches", json={"title": "测试批次"}))["id"])

    def deliver(self, client: TestClient, content: bytes, *, batch: str | None = None, name: str = "扫描.pdf") -> str:
        """Hands one file in and returns its batch."""
        batch = batch or self.batch(client)
        created(client.post(f"/api/v1/batches/{batch}/files", files={"file": (name, content)}))
        return batch

    def item(self, client: TestClient, *pages: str) -> str:
        """Delivers, reads and indexes one item, and returns its id."""
        batch = self.deliver(client, scan(*pages))
        self.work()
        state = client.get(f"/api/v1/batches/{batch}").json()
        assert state["state"] == "done", state
        return str(state["items"][0]["id"])

    @cached_property
    def checker(self) -> TestClient:
        """The archivist who checks what others scanned."""
        return self.client(Role.ARCHIVIST)

    @cached_property
    def signer(self) -> TestClient:
        """The archivist who signs what others scanned and checked."""
        return self.client(Role.ARCHIVIST)

    def case_file(self, client: TestClient, business_type: str, *items: str) -> str:
        """Opens a customer's file with these items in it."""
        file = created(client.post("/api/v1/case-files", json={"title": "客户档案", "business_type": business_type}))["id"]
        ok(client.post(f"/api/v1/case-files/{file}/items", json={"item_ids": list(items)}))
        return str(file)

    def checked(self, *items: str) -> None:
        """Takes scanned items through a quality check in which every page passes."""
        check = created(self.checker.post("/api/v1/filings/checks", json={"item_ids": list(items)}))
        seen = [
            {"item_id": page["item_id"], "number": page["number"], "passed": True}
            for page in check["page_list"]
            if page["drawn"] or page["passed"] is False
        ]
        if seen:
            ok(self.checker.post(f"/api/v1/filings/checks/{check['id']}/verdicts", json={"verdicts": seen}))
        ok(self.checker.post(f"/api/v1/filings/checks/{check['id']}/close"))

    def catalogued(self, *items: str) -> None:
        """Checks items and confirms their entries."""
        self.checked(*items)
        ok(self.checker.post("/api/v1/filings/catalogued", json={"item_ids": list(items)}))

    def submitted(self, client: TestClient, *items: str) -> str:
        """Checks, catalogues and submits items; returns the filing form."""
        self.catalogued(*items)
        return str(created(client.post("/api/v1/filings", json={"item_ids": list(items)}))["id"])

    def archived(self, client: TestClient, *pages: str) -> str:
        """Delivers one item and files it all the way: checked, catalogued, on a form, signed by a second person. What policy
        wants in a customer's file beside it (``BESIDE``) is delivered and filed with it."""
        item = self.item(client, *pages)
        kind = client.get(f"/api/v1/items/{item}").json()["type"]
        items = [item]
        if kind in BESIDE:
            items += [self.item(client, f"{text}\n编号 {uuid4().hex}") for text in BESIDE[kind]]
            self.case_file(client, "sale" if kind == "sale_contract" else "lease", *items)
        form = self.submitted(client, *items)
        ok(self.signer.post(f"/api/v1/filings/{form}/signature", json={"approves": True}))
        self.work()
        return item

    def runner(self, reader: Any = None) -> Runner:
        handlers = work.handlers(self.archive, (TypedInspector(), reader or TypedReader()))  # type: ignore[arg-type]
        limits = {"lease_seconds": self.settings.lease_seconds, "max_attempts": self.settings.max_attempts}
        return Runner(self.kernel.database, handlers, tell=self.kernel.metrics.job, **limits)

    def work(self, reader: Any = None) -> int:
        """Does all that is due; returns how many jobs that were."""
        runner, done = self.runner(reader), 0
        while count := sum(runner.drain(queue) for queue in Queue):
            done += count
        return done

    def ledger(self, act: str | None = None) -> list[LedgerEntry]:
        with self.kernel.database.read() as session:
            query = select(LedgerEntry).order_by(LedgerEntry.position)
            return list(session.scalars(query if act is None else query.where(LedgerEntry.act == act)))

    def objects(self) -> list[str]:
        return list(self.kernel.objects.store.names())

    def close(self) -> None:
        self.kernel.database.close()


def ok(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def created(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body
