"""Archived items straight in the catalogue, for tests of rooms that look at the entry alone: quick, and in any number."""

from __future__ import annotations

from datetime import date
from typing import Any

from services.kernel.casefiles import CaseFile, CaseFileItem
from services.kernel.ids import new_id
from services.kernel.model import ItemState, Role
from services.kernel.readings import RAW_CONTEXT, TITLE_CONTEXT, VALUE_CONTEXT
from services.kernel.tables import Batch, FieldValue, File, Item
from services.retention.tables import RetentionEvent
from tests.desk import Desk


class Papers:
    """``owner`` delivered them all, in one batch."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.owner = desk.person(Role.CLERK)[0].person_id
        with desk.kernel.database.write() as session:
            key = desk.kernel.vault.new_key(session)
            batch = Batch(owner_id=self.owner, title="旧档", source="test")
            session.add(batch)
            session.flush()
            sealed = desk.kernel.vault.seal_text(session, key.id, "files.name", "旧档.pdf")
            file = File(batch_id=batch.id, key_id=key.id, name_sealed=sealed, sha256="0" * 64, size=1, state="accepted")
            session.add(file)
            session.flush()
            self.batch_id, self.file_id = batch.id, file.id

    def item(self, type_: str = "other", *, state: ItemState = ItemState.ARCHIVED, **more: Any) -> str:
        with self.desk.kernel.database.write() as session:
            key = self.desk.kernel.vault.new_key(session)
            item = Item(
                id=new_id(),
                batch_id=self.batch_id,
                file_id=self.file_id,
                owner_id=self.owner,
                key_id=key.id,
                position=1,
                state=state,
                type=type_,
                reference_code_draft=False,
                title_sealed=self.desk.kernel.vault.seal_text(session, key.id, TITLE_CONTEXT, "旧档"),
                **more,
            )
            session.add(item)
            session.flush()
            return item.id

    def file(self, *items: str) -> str:
        """A customer's file with these items in it."""
        with self.desk.kernel.database.write() as session:
            key = self.desk.kernel.vault.new_key(session)
            file = CaseFile(
                id=new_id(),
                number=f"AJ-{new_id()}",
                key_id=key.id,
                title_sealed=self.desk.kernel.vault.seal_text(session, key.id, "case_files.title", "客户档案"),
                business_type="sale",
                opened_by=self.owner,
            )
            session.add(file)
            session.flush()
            session.add_all(CaseFileItem(file_id=file.id, item_id=item, by_id=self.owner) for item in items)
            return file.id

    def event(self, name: str, day: date, *, item: str | None = None, file: str | None = None, **more: Any) -> str:
        with self.desk.kernel.database.write() as session:
            event = RetentionEvent(name=name, day=day, item_id=item, file_id=file, by_id=self.owner, **more)
            session.add(event)
            session.flush()
            return event.id

    def value(self, item_id: str, name: str, value: str, *, verification: str = "confirmed", **more: Any) -> str:
        with self.desk.kernel.database.write() as session:
            item, seal = session.get_one(Item, item_id), self.desk.kernel.vault.seal_text
            row = FieldValue(
                item_id=item.id,
                revision=more.pop("revision", item.revision),
                name=name,
                value_sealed=seal(session, item.key_id, VALUE_CONTEXT, value),
                raw_sealed=seal(session, item.key_id, RAW_CONTEXT, value),
                page=1,
                box=[[0.0, 0.0]] * 4,
                confidence=1.0,
                check="none",
                source="test",
                verification=verification,
                **more,
            )
            session.add(row)
            session.flush()
            return row.id

    def one(self, item_id: str) -> Item:
        with self.desk.kernel.database.read() as session:
            return session.get_one(Item, item_id)

    def states(self, *items: str) -> list[str]:
        return [self.one(item).state for item in items]
