"""What tests of destructions share: an office in which each part has somebody to play it, and items that are due."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import update

from services.kernel.clock import now
from services.kernel.model import ItemState, Role
from services.kernel.readings import TITLE_CONTEXT
from services.kernel.tables import Item, Page
from services.retention.batches.tables import DestructionBatch
from services.retention.tables import RetentionEvent
from tests.desk import Desk, TestClient, created, ok
from tests.functional.test_access import ESTATES, SALES, Office, id_of

LONG_AGO = date(1990, 12, 31)
BATCHES = "/api/v1/destruction-batches"


class Hall(Office):
    """Three items of two departments are due."""

    TEXTS = ("收款收据\n交款单位 张伟\n第一页", "收款收据\n交款单位 李娜", "收款收据\n交款单位 王芳")

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.other_head = self.person(Role.DEPARTMENT_HEAD, ESTATES)
        self.executor = self.person(Role.ARCHIVIST)
        self.supervisor = self.person(Role.WITNESS)
        self.technician = self.person(Role.WITNESS)
        self.items = [
            self.due(text, f"第二页 {place}", department=(SALES, ESTATES, None)[place]) for place, text in enumerate(self.TEXTS)
        ]

    def due(self, *pages: str, **values: Any) -> str:
        """A receipt whose thirty years are over; beside the way of documents, which others test, as another of the first."""
        with self.desk.kernel.database.write() as session:
            vault, first = self.desk.kernel.vault, session.get_one(Item, self.item)
            item = Item(**{name: getattr(first, name) for name in ("batch_id", "file_id", "owner_id", "position")})
            item.key_id, item.type, item.retention_class = vault.new_key(session).id, "payment_voucher", "payment_voucher"
            item.title_sealed = vault.seal_text(session, item.key_id, TITLE_CONTEXT, pages[0])
            for name, value in ({"state": ItemState.DUE} | values).items():
                setattr(item, name, value)
            session.add(item)
            session.flush()
            session.add_all(Page(item_id=item.id, number=at, file_page=at, state="read") for at in range(1, len(pages) + 1))
            for trigger in ("fiscal_year_ended_on", "debts_settled_on"):
                session.add(RetentionEvent(name=trigger, day=LONG_AGO, item_id=item.id, by_id=first.owner_id))
            return item.id

    def reopen(self, item: str) -> None:
        """A debt turns out to be open: the clock stands still again (as with a sale that is cancelled, 退房)."""
        with self.desk.kernel.database.write() as session:
            trigger = (RetentionEvent.item_id == item, RetentionEvent.name == "debts_settled_on")
            session.execute(update(RetentionEvent).where(*trigger).values(withdrawn_at=now()))

    def state(self, item: str) -> str:
        with self.desk.kernel.database.read() as session:
            return session.get_one(Item, item).state

    def change(self, item: str, **values: Any) -> None:
        with self.desk.kernel.database.write() as session:
            row = session.get_one(Item, item)
            for name, value in values.items():
                setattr(row, name, value)

    def opened(self, *items: str) -> str:
        """A draft with these items, or all, of the archivist."""
        body = {"title": "二〇二六年第一批", "method": "cryptographic_erase", "paper_method": "shredding"}
        batch = str(created(self.archivist.post(BATCHES, json=body))["id"])
        ok(self.archivist.post(f"{BATCHES}/{batch}/lines", json={"item_ids": list(items or self.items)}))
        return batch

    def opine(self, batch: str, **opinion: Any) -> Any:
        body = {"opinions": [{"opinion": "destroy"} | opinion]}
        return self.archivist.post(f"{BATCHES}/{batch}/opinions", json=body)

    def submitted(self, *items: str) -> str:
        batch = self.opened(*items)
        ok(self.opine(batch))
        ok(self.act(self.archivist, batch, "appraisal"))
        ok(self.act(self.archivist, batch, "submission"))
        return batch

    def approved(self, *items: str) -> str:
        batch = self.submitted(*items)
        self.sign(batch)
        return batch

    def sign(self, batch: str) -> None:
        for signer in (self.head, self.leader):
            ok(self.decide(signer, batch))

    def notified(self, *items: str) -> str:
        batch = self.approved(*items)
        ok(self.act(self.archivist, batch, "notification"))
        return batch

    def receive(self, batch: str) -> None:
        """All receipts are given."""
        for client in (self.head, self.other_head, self.leader):
            for department in self.shown(batch, client)["receipts_of"]:
                ok(self.act(client, batch, "receipts", department=department))

    def ready(self, *items: str) -> str:
        """Announced long ago, with all receipts, and witnesses named."""
        batch = self.notified(*items)
        self.receive(batch)
        self.wait(batch)
        self.name(batch, self.supervisor, "supervisor")
        self.name(batch, self.technician, "electronic")
        return batch

    def counted(self, *items: str) -> str:
        """All is done that comes before the execution."""
        batch = self.ready(*items)
        for witness in (self.supervisor, self.technician):
            assert ok(self.count(witness, batch))["matches"]
        return batch

    def wait(self, batch: str, days: float = 8) -> None:
        """The waiting period goes by."""
        with self.desk.kernel.database.write() as session:
            session.get_one(DestructionBatch, batch).waiting_until = now() + timedelta(days=7 - days)

    def name(self, batch: str, witness: TestClient, capacity: str) -> Any:
        return ok(self.act(self.archivist, batch, "witnesses", person_id=id_of(witness), capacity=capacity))

    def count(self, witness: TestClient, batch: str, **said: int) -> Any:
        """As many as the manifest says, or as many as is said."""
        shown = self.shown(batch)
        right = {"items": shown["items"].get("listed", 0), "pages": shown["pages"]}
        return self.act(witness, batch, "counts", **(right | said))

    def shown(self, batch: str, client: TestClient | None = None) -> dict[str, Any]:
        return ok((client or self.archivist).get(f"{BATCHES}/{batch}"))

    def lines(self, batch: str, client: TestClient | None = None) -> list[dict[str, Any]]:
        lines: list[dict[str, Any]] = ok((client or self.archivist).get(f"{BATCHES}/{batch}/lines"))["lines"]
        return lines

    @staticmethod
    def decide(client: TestClient, batch: str, *, approves: bool = True, reason: str = "") -> Any:
        return client.post(f"{BATCHES}/{batch}/decision", json={"approves": approves, "reason": reason})

    @staticmethod
    def act(client: TestClient, batch: str, act: str, **body: Any) -> Any:
        return client.post(f"{BATCHES}/{batch}/{act}", json=body)
