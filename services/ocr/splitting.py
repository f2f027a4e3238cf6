"""Pages of an item that turn out to be another document become an item of their own, under a key of their own."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.kernel.blobs.orphans import discard_unless_kept
from services.kernel.core import Kernel
from services.kernel.ledger import journal
from services.kernel.model import ItemState, RenditionKind
from services.kernel.paper import PageReading
from services.kernel.queue import jobs
from services.kernel.queue.jobs import Lease
from services.kernel.readings import READING_CONTEXT
from services.kernel.tables import Blob, Item, Page, Rendition
from services.ocr import repository


def may_be_split(session: Session, item: Item) -> bool:
    """Only what nobody has said is one document: no cover sheet, no separator in its file, its first reading. What a crash
    left half split still may be."""
    query = select(func.count(), func.max(Page.file_page)).join(Item).where(Item.file_id == item.file_id)
    pages, last = session.execute(query).one()
    return item.position == item.revision == 1 and pages == last and item.cover_type is None and item.title_sealed is None


def split_off(kernel: Kernel, lease: Lease, item_id: str, parts: Sequence[Sequence[PageReading]]) -> None:
    """Moves every part but the first to an item of its own, the last first: what a crash leaves is still a stack."""
    for position in range(len(parts), 1, -1):
        first = parts[position - 1][0].number
        with _discarding(kernel) as (new, old), lease.progress() as session:
            item = session.get_one(Item, item_id)
            pages = [page for page in item.pages if page.number >= first]
            other = _sibling(session, kernel, item, position)
            for number, page in enumerate(pages, 1):
                _move(session, kernel, item, other, page, number, new, old)
            payload = {"item": other.id, "revision": other.revision}
            jobs.enqueue(session, lease.stage, f"{other.id}:{other.revision}", payload, batch=item.batch_id)
            journal.append(session, "item.create", actor=None, item=other.id, file=item.file_id, pages=len(pages))


def _sibling(session: Session, kernel: Kernel, item: Item, position: int) -> Item:
    other = Item(
        batch_id=item.batch_id,
        file_id=item.file_id,
        owner_id=item.owner_id,
        key_id=kernel.vault.new_key(session).id,
        position=position,
        state=ItemState.RECEIVED,
    )
    session.add(other)
    session.flush()
    return other


def _move(
    session: Session, kernel: Kernel, item: Item, other: Item, page: Page, number: int, new: list[str], old: list[str]
) -> None:
    """One page with its reading and its picture, sealed anew. ``new`` and ``old`` take the names of the objects."""
    picture = repository.picture(session, item, page.number)
    if picture is not None:
        jpeg = kernel.objects.fetch(picture.name, kernel.vault.key(session, item.key_id), sha256=picture.sha256)
        stored = kernel.objects.put(kernel.vault.key(session, other.key_id), jpeg)
        new.append(stored.name)
        old.append(picture.name)
        _forget(session, picture)
        repository.add_rendition(session, other, RenditionKind.PAGE_PICTURE, stored, "image/jpeg", page=number)
    if page.reading_sealed is not None:
        data = json.loads(zlib.decompress(kernel.vault.open(session, item.key_id, READING_CONTEXT, page.reading_sealed)))
        moved = PageReading.from_json(data).renumbered(number).to_json()
        sealed = zlib.compress(json.dumps(moved, ensure_ascii=False).encode())
        page.reading_sealed = kernel.vault.seal(session, other.key_id, READING_CONTEXT, sealed)
    page.item_id, page.number = other.id, number
    page.problems = [{**problem, "page": number} for problem in page.problems]


def _forget(session: Session, picture: Blob) -> None:
    for rendition in session.scalars(select(Rendition).where(Rendition.blob_id == picture.id)):
        session.delete(rendition)
    session.flush()
    session.delete(picture)
    session.flush()


@contextmanager
def _discarding(kernel: Kernel) -> Iterator[tuple[list[str], list[str]]]:
    """The names of objects written, removed where the transaction fails; and of those left behind, removed once it is done."""
    new, old = list[str](), list[str]()
    try:
        yield new, old
    except BaseException:
        for name in new:
            discard_unless_kept(kernel.database, kernel.objects, name)
        raise
    for name in old:
        discard_unless_kept(kernel.database, kernel.objects, name)
