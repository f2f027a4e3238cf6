"""Whether an archive is whole after whatever befell it: nothing that was acknowledged is missing, nothing is there twice, and
catalogue, stores, index and ledger tell the same."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta

from services import app as composition
from services.kernel.blobs import upkeep
from services.kernel.blobs.port import BlobStore
from services.kernel.core import Kernel
from services.search.index.port import Scope, Search
from services.search.query import Everything
from tests.apart import House
from tests.load import Delivered


def everything_is_whole(house: House, delivered: Sequence[Delivered]) -> None:
    """Called when no job is open any more."""
    assert house.rows("SELECT key, state, reason FROM jobs WHERE state <> 'done'") == []
    _files_once(house, delivered)
    _pages_once(house, delivered)
    archive = composition.build(house.settings)
    try:
        _objects_twice(house, archive.kernel)
        _index_equals_catalogue(house, archive)
        _found_once(house, delivered)
    finally:
        archive.kernel.database.close()
    _ledger_is_sound(house)


def _files_once(house: House, delivered: Sequence[Delivered]) -> None:
    """Each acknowledged file by its SHA-256, and no other: who delivers asks again until the answer comes."""
    there = house.rows("SELECT sha256, id FROM files")
    assert Counter(there) == Counter((each.sha256, each.file_id) for each in delivered)
    assert house.rows("SELECT state, count(*) FROM files GROUP BY state") == [("accepted", len(delivered))]
    assert house.one("SELECT count(*) FROM items") == len(delivered), "one slip, one item"
    assert house.rows("SELECT id FROM items WHERE revision <> 1 OR indexed_revision IS DISTINCT FROM 1") == []
    numbers = sorted(int(code.rpartition("-")[2]) for (code,) in house.rows("SELECT reference_code FROM items"))
    assert numbers == list(range(1, len(delivered) + 1)), "a number twice, or a gap"


def _pages_once(house: House, delivered: Sequence[Delivered]) -> None:
    pages = sum(len(each.serials) for each in delivered)
    assert house.rows("SELECT state, times_read, count(*) FROM pages GROUP BY 1, 2") == [("read", 1, pages)]
    kinds = dict(house.rows("SELECT kind, count(*) FROM renditions GROUP BY kind"))
    assert kinds == {"page_picture": pages, "pdf": len(delivered)}
    assert house.one("SELECT count(*) FROM blobs") == pages + 2 * len(delivered)


def _objects_twice(house: House, kernel: Kernel) -> None:
    """Every object that the catalogue names lies in both stores, byte for byte, and no other once the orphans are cleared."""
    orphans = upkeep.clear(kernel.database, kernel.objects, timedelta(0))
    print(f"{orphans} objects were left by the dead")
    named: dict[str, str] = dict(house.rows("SELECT name, stored_sha256 FROM blobs"))
    for store in (kernel.objects.store.primary, kernel.objects.store.copy):
        assert {name: _digest(store, name) for name in store.names()} == named


def _digest(store: BlobStore, name: str) -> str:
    with store.open(name) as source:
        return hashlib.sha256(source.read()).hexdigest()


def _index_equals_catalogue(house: House, archive: composition.Archive) -> None:
    """The same ids, both ways."""
    found, cursor = [], None
    while True:
        page = archive.index.search(Search(Everything(), Scope(everything=True), cursor=cursor, limit=200))
        found += [hit.item_id for hit in page.hits]
        cursor = page.next
        if cursor is None:
            break
    catalogued = [item for (item,) in house.rows("SELECT id FROM items")]
    assert Counter(found) == Counter(catalogued)
    assert archive.index.count() == page.total == len(catalogued)


def _found_once(house: House, delivered: Iterable[Delivered]) -> None:
    """Each page by its serial number, as a reader would."""
    item_of = dict(house.rows("SELECT file_id, id FROM items"))
    with house.client(60) as client:
        for each in delivered:
            for number, serial in enumerate(each.serials, 1):
                answer = client.get(house.url("/api/v1/search"), params={"q": f'"{serial}"'}).raise_for_status().json()
                hits = [(hit["item_id"], [snippet["page"] for snippet in hit["snippets"]]) for hit in answer["hits"]]
                assert (answer["total"], hits) == (1, [(item_of[each.file_id], [number])]), serial


def _ledger_is_sound(house: House) -> None:
    file = str(house.folder / "ledger.jsonl")
    exported = house.muniment("ledger", "export", file)
    assert exported.returncode == 0, exported.stderr
    verified = house.muniment("ledger", "verify", file)
    assert verified.returncode == 0, verified.stdout
