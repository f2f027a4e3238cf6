"""The stages ``read`` (some pages of an item) and ``assemble`` (type, fields, PDF). Every page is durable by itself: a crash
on page 300 does not repeat pages 1–299.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from sqlalchemy.orm import Session

from services.kernel import tracing
from services.kernel.blobs.orphans import discard_unless_kept
from services.kernel.blobs.scratch import fetch_master, unnamed_file
from services.kernel.blobs.sealed import Stored
from services.kernel.clock import now
from services.kernel.core import Kernel
from services.kernel.dialects import TO_CHANGE
from services.kernel.errors import ParserRefused
from services.kernel.ledger import journal
from services.kernel.model import ItemState, PageState, RenditionKind, advance
from services.kernel.paper import PageReading, Problem
from services.kernel.queue import jobs
from services.kernel.queue.jobs import Lease
from services.kernel.queue.stages import following
from services.kernel.readings import page_readings
from services.kernel.tables import File, Item
from services.kernel.timing import step
from services.ocr import boundaries, repository
from services.ocr.documents import read_document
from services.ocr.pdfa import PdfPage, write_pdfa
from services.ocr.service import PageCopy, Reader
from services.ocr.splitting import may_be_split, split_off
from services.ocr.types import repository as types


class ReadHandler:
    """Does ``Stage.READ``; the payload is ``{"item": id, "revision": n, "pages": [numbers]}``."""

    def __init__(self, kernel: Kernel, reader: Reader) -> None:
        self._kernel, self._reader = kernel, reader
        self._master: tuple[str, BinaryIO] | None = None

    def __call__(self, lease: Lease) -> None:
        item_id = lease.payload["item"]
        with step("fetch"):
            source, media_type = self._source(item_id)
        for number in lease.payload["pages"]:
            lease.go_on()
            self._read_page(lease, item_id, number, source, media_type)
        with lease.finish() as session:
            # The lock makes the last of several readers see that it is the last.
            item = session.get_one(Item, item_id, with_for_update=TO_CHANGE)
            if repository.pending_pages(session, item_id) == 0:
                payload = {"item": item_id, "revision": item.revision}
                key = f"{item_id}:{item.revision}"
                jobs.enqueue(session, following(lease.stage), key, payload, batch=item.batch_id)

    def _read_page(self, lease: Lease, item_id: str, number: int, source: BinaryIO, media_type: str) -> None:
        with self._kernel.database.read() as session:
            page = repository.page(session, item_id, number)
            if page.state != PageState.PENDING:
                return
            file_page = page.file_page
        try:
            with tracing.span("ocr.read_page"), self._kernel.metrics.pages.time():
                copy = self._reader.read(source, media_type=media_type, file_page=file_page, number=number)
        except ParserRefused as refusal:
            with lease.progress() as session:
                problem = Problem(refusal.code, refusal.detail, number)
                repository.keep_failure(repository.page(session, item_id, number), problem)
            return
        with step("store"):
            self._keep(lease, item_id, number, copy)

    def _keep(self, lease: Lease, item_id: str, number: int, copy: PageCopy) -> None:
        vault = self._kernel.vault
        stored = _put(self._kernel, item_id, copy.jpeg)
        try:
            with lease.progress() as session:
                item = session.get_one(Item, item_id)
                page = repository.page(session, item_id, number)
                repository.keep_reading(session, vault, item, page, copy.reading, copy.dpi)
                kind = RenditionKind.PAGE_PICTURE
                repository.add_rendition(session, item, kind, stored, "image/jpeg", page=number)
        except BaseException:
            discard_unless_kept(self._kernel.database, self._kernel.objects, stored.name)
            raise

    def _source(self, item_id: str) -> tuple[BinaryIO, str]:
        """The master of the item's file; the last one is kept at hand, for its next pages come soon."""
        with self._kernel.database.read() as session:
            file = session.get_one(File, session.get_one(Item, item_id).file_id)
            assert file.master is not None and file.media_type is not None, "only accepted files have items"
            if self._master is None or self._master[0] != file.id:
                if self._master is not None:
                    self._master[1].close()
                self._master = None
                source = fetch_master(session, self._kernel.vault, self._kernel.objects, file.master)
                self._master = (file.id, source)
            return self._master[1], file.media_type


class AssembleHandler:
    """Does ``Stage.ASSEMBLE``; the payload is ``{"item": id, "revision": n}``. A stack fed without cover sheets is cut into its
    documents first."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def __call__(self, lease: Lease) -> None:
        item_id = lease.payload["item"]
        with self._kernel.database.read() as session:
            item = session.get_one(Item, item_id)
            readings = list(page_readings(session, self._kernel.vault, item))
            whole = not may_be_split(session, item)
            model = types.current(session)
        if not whole and len(parts := boundaries.documents(readings)) > 1:
            with step("split"):
                split_off(self._kernel, lease, item_id, parts)
            readings = list(parts[0])
        with step("fields"):
            document = read_document(readings, model)
        with step("pdf"):
            stored = self._write_pdf(item_id, readings)
        try:
            with lease.finish() as session:
                item = session.get_one(Item, item_id)
                repository.keep_type(session, self._kernel.vault, item, document)
                item.problems = [problem.to_json() for problem in document.problems]
                item.read_at = now()
                if item.state in (ItemState.RECEIVED, ItemState.QC_FAILED):  # what is further on keeps its place
                    item.state = advance(ItemState(item.state), ItemState.SCANNED)
                source = _engine_of(readings)
                repository.keep_fields(session, self._kernel.vault, self._kernel.lookups, item, document.fields, source)
                if stored is not None:
                    repository.add_rendition(session, item, RenditionKind.PDF, stored, "application/pdf")
                key = f"{item_id}:{item.revision}"
                jobs.enqueue(session, following(lease.stage), key, lease.payload, batch=item.batch_id)
                journal.append(
                    session, "item.read", actor=None, item=item_id, pages=len(readings), type=item.type, engine=source
                )
        except BaseException:
            if stored is not None:
                discard_unless_kept(self._kernel.database, self._kernel.objects, stored.name)
            raise

    def _write_pdf(self, item_id: str, readings: list[PageReading]) -> Stored | None:
        """The searchable PDF/A, or None when no page could be read. Pictures pass through memory one by one."""
        if not readings:
            return None
        with unnamed_file() as target, self._kernel.database.read() as session:
            item = session.get_one(Item, item_id)
            # The title stands outside the pages, where viewers show it to anyone: it says nothing personal.
            write_pdfa(self._pdf_pages(session, item, readings), target, title=item.reference_code or item.id)
            target.seek(0)
            return self._kernel.objects.put(self._kernel.vault.key(session, item.key_id), target)

    def _pdf_pages(self, session: Session, item: Item, readings: list[PageReading]) -> Iterator[PdfPage]:
        key = self._kernel.vault.key(session, item.key_id)
        for reading in readings:
            blob = repository.picture(session, item, reading.number)
            assert blob is not None, "a page that was read has its picture"
            jpeg = self._kernel.objects.fetch(blob.name, key, sha256=blob.sha256)
            page = repository.page(session, item.id, reading.number)
            yield PdfPage(jpeg, reading.width, reading.height, page.dpi or 200.0, reading)
            session.expunge_all()


def _put(kernel: Kernel, item_id: str, content: bytes) -> Stored:
    with kernel.database.read() as session:
        key = kernel.vault.key(session, session.get_one(Item, item_id).key_id)
    return kernel.objects.put(key, content)


def _engine_of(readings: list[PageReading]) -> str:
    engines = sorted({f"{each.engine.name} {each.engine.version} {each.engine.model}" for each in readings})
    return "; ".join(engines)[:120]
