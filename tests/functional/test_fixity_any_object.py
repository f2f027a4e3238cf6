"""Whatever object it is, whichever bit is flipped, in whichever copy: it is found, and mended from the other (rule 18)."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from sqlalchemy import select

from services.custody.fixity import repository, service
from services.custody.fixity.repository import StoredObject
from services.custody.fixity.tables import Result
from services.kernel.blobs.sealed import CHUNK
from services.kernel.config import Settings
from services.kernel.model import ItemState, Role
from services.kernel.tables import Blob, File, Item, Rescan
from tests.desk import Desk, created, ok, scan

pytestmark = pytest.mark.timeout(1800)
BITS = 5
"""So many of each object and copy, besides the first and the last."""
KINDS = {"master", "superseded master", "rejected", "handed in again", "page picture", "searchable PDF", "large master"}


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """Objects are stored twice."""
    return settings.model_copy(update={"backup_objects_url": (tmp_path / "second").as_uri()})


@pytest.fixture
def item(desk: Desk) -> str:
    """Objects of every kind are there; of the item returned the scan was superseded."""
    clerk = desk.client(Role.CLERK)
    item = desk.item(clerk, "第一页", "第二页")
    check = created(desk.checker.post("/api/v1/filings/checks", json={"item_ids": [item]}))
    seen = [{"item_id": item, "number": page["number"], "passed": True} for page in check["page_list"]]
    seen[0] |= {"passed": False, "reason": "illegible"}
    ok(desk.checker.post(f"/api/v1/filings/checks/{check['id']}/verdicts", json={"verdicts": seen}))
    ok(desk.checker.post(f"/api/v1/filings/checks/{check['id']}/close"))
    again = {"file": ("重扫.pdf", scan("第一页 又", "第二页"))}
    created(clerk.post(f"/api/v1/rescans/{item}", files=again, params={"reason": "illegible"}))
    desk.deliver(clerk, b"no scan at all")
    desk.deliver(clerk, scan("第一页 又", "第二页"), name="又一份.pdf")
    desk.deliver(clerk, scan(*("长" * CHUNK)[: CHUNK // 2].split("\0")))
    desk.work()
    return item


def kinds(desk: Desk, item: str) -> dict[str, set[str]]:
    """Names of all objects, by what they are; nothing of the store is left out."""
    with desk.kernel.database.read() as session:
        own = session.get_one(Item, item)
        superseded = set(session.scalars(select(Rescan.old_file_id).where(Rescan.item_id == item)))
        masters = {file.master_id: file for file in session.scalars(select(File).where(File.master_id.is_not(None)))}
        found: dict[str, set[str]] = {}
        for blob in session.scalars(select(Blob)):
            file = masters.get(blob.id)
            if file is None:
                kind = "page picture" if blob.media_type == "image/jpeg" else "searchable PDF"
            elif file.id in superseded:
                kind = "superseded master"
            elif file.id == own.file_id:
                kind = "master"
            else:
                kind = "rejected" if file.state == "rejected" else "large master"
            found.setdefault(kind, set()).add(blob.name)
    return found


def test_rule_18_every_kind_of_object_is_among_those_that_are_looked_at(desk, item):
    found = kinds(desk, item)
    assert set(found) == KINDS - {"handed in again"}, "what is handed in again has no master of its own"
    assert set().union(*found.values()) == set(desk.objects()) == {each.name for each in repository.every(desk.kernel.database)}
    assert all(len(list(desk.kernel.objects.store.open(name).read())) > CHUNK for name in found["large master"])


def test_rule_18_any_bit_of_any_object_in_any_copy(desk, item):
    rng = random.Random()
    with desk.kernel.database.read() as session:
        stored = [StoredObject(*row) for row in session.execute(select(Blob.id, Blob.name, Blob.stored_sha256))]
    copies = desk.archive.copies
    for each in stored:
        for copy in copies:
            file = copy.store._path(each.name)  # type: ignore[attr-defined]
            whole = file.read_bytes()
            for bit in {0, 8 * len(whole) - 1, *(rng.randrange(8 * len(whole)) for _ in range(BITS))}:
                changed = bytearray(whole)
                changed[bit // 8] ^= 1 << bit % 8
                file.write_bytes(changed)
                (finding,) = service.Watch(desk.kernel, copies).look_at([each])
                told = (finding.name, finding.result, finding.faults)
                assert told == (each.name, Result.REPAIRED, {copy.label: "changed"}), bit
                assert file.read_bytes() == whole, bit
    assert list(service.verify_all(desk.kernel, copies, service.Tally())) == []


def test_what_a_rescan_superseded_is_the_item_s_too(desk, item):
    """It is looked at with the item, and not brought back while the item is being destroyed."""
    with desk.kernel.database.write() as session:
        row = session.get_one(Item, item)
        name = next(iter(kinds(desk, item)["superseded master"]))
        assert name in {each.name for each in repository.objects_of(session, row)}
        row.state = ItemState.DESTROYING
    first = desk.archive.copies[0].store._path(name)  # type: ignore[attr-defined]
    first.unlink()
    list(service.verify_all(desk.kernel, desk.archive.copies, service.Tally()))
    assert not first.exists()
