"""The inspect stage: a delivered file is looked at in the sandbox, cut into items, and its pages are sent to be read."""

from __future__ import annotations

from sqlalchemy.orm import Session

from services.ingest import repository, rescans
from services.ingest.facts import Inspection, PageFacts
from services.ingest.inspector import Inspector
from services.ingest.separators import DocumentPages, Stack, split
from services.kernel.blobs.scratch import fetch_master
from services.kernel.core import Kernel
from services.kernel.dialects import TO_CHANGE
from services.kernel.errors import ParserRefused
from services.kernel.ledger import journal
from services.kernel.malware import Scanner
from services.kernel.model import FileState, PageState
from services.kernel.paper import Problem
from services.kernel.queue import jobs
from services.kernel.queue.jobs import Lease
from services.kernel.queue.stages import Stage, following
from services.kernel.tables import Batch, File, Item, Page
from services.kernel.timing import step


class InspectHandler:
    """Does ``Stage.INSPECT`` for one file; the payload is ``{"file": id}``."""

    def __init__(self, kernel: Kernel, inspector: Inspector) -> None:
        self._kernel, self._inspector = kernel, inspector
        clamd = kernel.settings.clamd
        self._scanner = Scanner(clamd) if clamd else None

    def __call__(self, lease: Lease) -> None:
        try:
            inspection, pages = self._look(lease)
        except ParserRefused as refusal:
            self._reject(lease, [Problem(refusal.code, refusal.detail)])
            return
        stack = split(pages)
        if not stack.documents:
            self._reject(lease, list(stack.problems))
            return
        if "rescan_of" in lease.payload:
            self._renew(lease, inspection, pages, stack)
        else:
            self._accept(lease, inspection, pages, stack)

    def _look(self, lease: Lease) -> tuple[Inspection, list[PageFacts]]:
        with step("fetch"), self._kernel.database.read() as session:
            file = session.get_one(File, lease.payload["file"])
            assert file.master is not None, "only files with a master are inspected"
            source = fetch_master(session, self._kernel.vault, self._kernel.objects, file.master)

        def renew() -> None:
            lease.go_on()
            with lease.progress():
                pass

        with step("look"), source:
            if self._scanner is not None:
                self._scanner.scan(source)
            return self._inspector.examine(source, between=renew)

    def _reject(self, lease: Lease, problems: list[Problem]) -> None:
        """The master stays where it is, in quarantine: kept, never parsed again, part of no item."""
        with lease.finish() as session:
            file = session.get_one(File, lease.payload["file"])
            repository.reject(session, file, [problem.to_json() for problem in problems])
            journal.append(session, "file.reject", actor=None, file=file.id, codes=sorted({each.code for each in problems}))

    def _accept(self, lease: Lease, inspection: Inspection, pages: list[PageFacts], stack: Stack) -> None:
        problems = [*inspection.problems, *stack.problems, *_page_problems(pages)]
        with lease.finish() as session:
            file = session.get_one(File, lease.payload["file"])
            file.media_type = inspection.media_type
            file.state = FileState.PARTIAL if any(each.is_loss for each in problems) else FileState.ACCEPTED
            file.problems = [problem.to_json() for problem in problems]
            by_number = {page.number: page for page in pages}
            items = [
                (self._add_item(session, file, position, document, by_number), len(document.pages))
                for position, document in enumerate(stack.documents, 1)
            ]
            for item, count in items:
                journal.append(session, "item.create", actor=None, item=item.id, file=file.id, pages=count)
            journal.append(session, "file.accept", actor=None, file=file.id, pages=len(pages), items=len(items))

    def _add_item(
        self,
        session: Session,
        file: File,
        position: int,
        document: DocumentPages,
        pages: dict[int, PageFacts],
    ) -> Item:
        owner = session.get_one(Batch, file.batch_id).owner_id
        item = repository.add_item(session, self._kernel.vault, file, owner, position, document.type, document.title)
        rows = [
            repository.add_page(session, item, number, pages[file_page]) for number, file_page in enumerate(document.pages, 1)
        ]
        self._send(session, item, rows, file)
        return item

    def _renew(self, lease: Lease, inspection: Inspection, pages: list[PageFacts], stack: Stack) -> None:
        """A rescan of one item: all its pages, whatever separates them."""
        by_number = {page.number: page for page in pages}
        facts = [by_number[number] for document in stack.documents for number in document.pages]
        with lease.finish() as session:
            file = session.get_one(File, lease.payload["file"])
            item = session.get_one(Item, lease.payload["rescan_of"], with_for_update=TO_CHANGE)
            if item.state not in rescans.SCANNED_AGAIN:  # by now
                problem = Problem(
                    "rescan_refused", f"The item is {item.state} by now and not scanned again. Send the scan later."
                )
                repository.reject(session, file, [problem.to_json()])
                journal.append(session, "file.reject", actor=None, file=file.id, codes=[problem.code])
                return
            problems = [*inspection.problems, *_page_problems(pages)]
            file.media_type = inspection.media_type
            file.state = FileState.PARTIAL if any(each.is_loss for each in problems) else FileState.ACCEPTED
            file.problems = [problem.to_json() for problem in problems]
            rows = rescans.renew(session, item, file, facts, by=lease.payload["by"], reason=lease.payload["reason"])
            self._send(session, item, rows, file)
            journal.append(
                session, "item.renew", actor=None, item=item.id, file=file.id, revision=item.revision, pages=len(rows)
            )

    def _send(self, session: Session, item: Item, rows: list[Page], file: File) -> None:
        """Sends the pages to be read, so many a job; where none can be, the item goes on at once."""
        pending = [row.number for row in rows if row.state == PageState.PENDING]
        span = self._kernel.settings.pages_per_job
        for start in range(0, len(pending), span):
            numbers = pending[start : start + span]
            jobs.enqueue(
                session,
                following(Stage.INSPECT),
                f"{item.id}:{item.revision}:{numbers[0]}",
                {"item": item.id, "revision": item.revision, "pages": numbers},
                batch=file.batch_id,
            )
        if not pending:
            payload = {"item": item.id, "revision": item.revision}
            jobs.enqueue(session, Stage.ASSEMBLE, f"{item.id}:{item.revision}", payload, batch=file.batch_id)


def _page_problems(pages: list[PageFacts]) -> list[Problem]:
    return [page.problem for page in pages if page.problem is not None]
