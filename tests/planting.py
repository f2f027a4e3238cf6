"""Whole items in any number, as reading leaves them: rows, sealed values, objects, finished jobs and the index's documents,
written by the archive's own vault, stores and index, some hundreds in a transaction. What reading costs is other tests' matter.

An item of one page has, as in the archive: a file with a key, a name and a master; an entry with a key, a title and a type; a
page with its reading, fingerprint and bands; a picture and a PDF; a verified amount; and the jobs that made them.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import insert
from sqlalchemy.orm import Session

from services.filing.similarity import bands
from services.kernel.clock import now
from services.kernel.ids import new_id
from services.kernel.ledger import journal
from services.kernel.model import ItemState, Role
from services.kernel.paper import Line, PageReading
from services.kernel.pieces import pieces
from services.kernel.queue.stages import WAY, Stage
from services.kernel.queue.tables import Job, JobState
from services.kernel.readings import RAW_CONTEXT, READING_CONTEXT, TITLE_CONTEXT, VALUE_CONTEXT
from services.kernel.tables import Batch, Blob, DataKey, FieldValue, File, Item, Page, PageBand, Rendition
from services.search.documents import index_document
from tests.desk import ENGINE, Desk, scan

AT_ONCE = 250
MADE_BY = (Stage.INSPECT, Stage.READ, Stage.ASSEMBLE, Stage.CATALOGUE, Stage.INDEX)
LEAF = ((5.0, 5.0), (95.0, 5.0), (95.0, 14.0), (5.0, 14.0))


@dataclass(frozen=True, slots=True)
class Plant:
    """What an item is to say. ``name``: of the delivered file; ``phash``: 16 hexadecimal signs; ``picture`` a JPEG."""

    name: str
    lines: tuple[str, ...]
    phash: str
    picture: bytes
    amount: str = "1280.00"


class Bed:
    """``owner`` delivered them all."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.owner = desk.person(Role.CLERK)[0].person_id

    def plant(self, plants: Iterable[Plant], *, state: ItemState = ItemState.ARCHIVED) -> list[str]:
        """Returns the items' ids, in the order of the plants."""
        found = []
        for some in pieces(plants, AT_ONCE):
            found += self._some(some, state)
        return found

    def _some(self, plants: list[Plant], state: ItemState) -> list[str]:
        kernel, rows = self.desk.kernel, Rows()
        with kernel.database.write() as session:
            batch = Batch(owner_id=self.owner, title="旧档扫描", source="test")
            session.add(batch)
            session.flush()
            made = [self._one(session, batch.id, position, plant, state, rows) for position, plant in enumerate(plants, 1)]
            rows.write(session)
            journal.append(session, "item.read", actor=None, items=made)
        with kernel.database.read() as session:
            items = (session.get_one(Item, each) for each in made)
            self.desk.archive.index.put([index_document(session, kernel.vault, kernel.lookups, item) for item in items])
        return made

    def _one(self, session: Session, batch: str, position: int, plant: Plant, state: ItemState, rows: Rows) -> str:
        vault, objects = self.desk.kernel.vault, self.desk.kernel.objects
        file_key, key = vault.new_key(session).id, vault.new_key(session).id
        item_id, file_id, page_id = new_id(), new_id(), new_id()

        def stored(content: bytes, media_type: str, under: str) -> str:
            put = objects.put(vault.key(session, under), content)
            told = {"sha256": put.sha256, "stored_sha256": put.stored_sha256, "size": put.size, "media_type": media_type}
            return rows.add(Blob, key_id=under, name=put.name, **told)

        def seal(context: str, text: str, under: str = key) -> bytes:
            return vault.seal_text(session, under, context, text)

        master = scan("\n".join(plant.lines))
        master_id = stored(master, "application/pdf", file_key)
        name = seal("files.name", plant.name, file_key)
        sha256 = rows.of(Blob)[-1]["sha256"]
        common = {"batch_id": batch, "media_type": "application/pdf", "state": "accepted", "problems": []}
        rows.add(
            File, id=file_id, key_id=file_key, master_id=master_id, name_sealed=name, sha256=sha256, size=len(master), **common
        )
        rows.add(
            Item,
            id=item_id,
            batch_id=batch,
            file_id=file_id,
            owner_id=self.owner,
            key_id=key,
            position=position,
            state=state,
            type="payment_voucher",
            title_sealed=seal(TITLE_CONTEXT, plant.lines[0]),
            read_at=now(),
            indexed_revision=1,
            problems=[],
        )
        reading = PageReading(1, 100, 140, 0, 0.0, False, tuple(Line(each, LEAF, 0.99) for each in plant.lines), ENGINE)
        packed = zlib.compress(json.dumps(reading.to_json(), ensure_ascii=False).encode())
        read = {"reading_sealed": vault.seal(session, key, READING_CONTEXT, packed), "state": "read", "problems": []}
        rows.add(Page, id=page_id, item_id=item_id, number=1, file_page=1, phash=plant.phash, times_read=1, **read)
        for band, value in bands(plant.phash):
            rows.add(PageBand, page_id=page_id, band=band, value=value)
        for kind, page, blob in (
            ("picture", 1, stored(plant.picture, "image/jpeg", key)),
            ("pdf", 0, stored(b"%PDF-1.7\n" + master + plant.picture, "application/pdf", key)),
        ):
            rows.add(Rendition, item_id=item_id, blob_id=blob, kind=kind, page=page, revision=1)
        values = {"value_sealed": seal(VALUE_CONTEXT, plant.amount), "raw_sealed": seal(RAW_CONTEXT, plant.amount)}
        told = {"confidence": 1.0, "check": "none", "source": "test", "verification": "confirmed", "page": 1, "box": LEAF}
        rows.add(FieldValue, item_id=item_id, revision=1, name="amount", **values, **told)
        for stage in MADE_BY:
            about = {"file": file_id} if stage is Stage.INSPECT else {"item": item_id, "revision": 1}
            rows.add(
                Job,
                key=f"{stage}:{':'.join(map(str, about.values()))}",
                kind=stage,
                queue=WAY[stage].queue,
                priority=WAY[stage].priority,
                payload=about,
                batch_id=batch,
                state=JobState.DONE,
                due_at=0.0,
                finished_at=now(),
            )
        return item_id


class Rows:
    """Rows for many items, written a table at a time."""

    ORDER = (DataKey, Blob, File, Item, Page, PageBand, Rendition, FieldValue, Job)

    def __init__(self) -> None:
        self._held: dict[type, list[dict[str, object]]] = {each: [] for each in self.ORDER}

    def of(self, model: type) -> list[dict[str, object]]:
        return self._held[model]

    def add(self, model: type, **values: object) -> str:
        if "id" in model.__table__.c and "id" not in values:  # type: ignore[attr-defined]
            values["id"] = new_id()
        self._held[model].append(values)
        return str(values.get("id", ""))

    def write(self, session: Session) -> None:
        for model, rows in self._held.items():
            if rows:
                session.execute(insert(model), rows)
