"""From a stack of sheets to documents (件). Separator sheets belong to no document, and nothing leaks over one.

The master keeps every page: here it is only said which pages are whose.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from services.ingest.cover import Cover, parse_cover
from services.ingest.facts import PageFacts
from services.kernel.paper import Problem


@dataclass(frozen=True, slots=True)
class DocumentPages:
    """One document: its page numbers in order, which of them are blank, and what its cover sheet said."""

    pages: tuple[int, ...]
    blank: tuple[int, ...] = ()
    title: str | None = None
    type: str | None = None


@dataclass(frozen=True, slots=True)
class Stack:
    """``left_out`` are the pages of no document: separator sheets, their blank backs, and runs of blank pages alone
    between separators.
    """

    documents: tuple[DocumentPages, ...]
    left_out: tuple[int, ...]
    problems: tuple[Problem, ...] = ()


def split(pages: Iterable[PageFacts]) -> Stack:
    """Cut the stack at its separators. A blank page directly behind a separator is that sheet's back in a duplex scan.
    Without any separator the whole file is one document, even if it is blank.
    """
    splitter = _Splitter()
    for page in pages:
        splitter.take(page)
    return splitter.finish()


@dataclass(slots=True)
class _Splitter:
    documents: list[DocumentPages] = field(default_factory=list)
    left_out: list[int] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    run: list[PageFacts] = field(default_factory=list)
    cover: tuple[int, Cover] | None = None
    after_separator: bool = False

    def take(self, page: PageFacts) -> None:
        if page.separator is not None:
            self._close_run(separated=True)
            self.left_out.append(page.number)
            self._read_cover(page)
        elif self.after_separator and page.blank:
            self.left_out.append(page.number)
        else:
            self.run.append(page)
        self.after_separator = page.separator is not None

    def finish(self) -> Stack:
        self._close_run(separated=bool(self.left_out))
        self._report_unused_cover()
        if not self.documents and not self.problems:
            message = "The file holds separator sheets and blank pages only. Put the paper behind them and scan again."
            self.problems.append(Problem("no_document", message))
        return Stack(tuple(self.documents), tuple(sorted(self.left_out)), tuple(self.problems))

    def _read_cover(self, page: PageFacts) -> None:
        cover = parse_cover(page.cover) if page.cover is not None else None
        if cover is not None:
            self._report_unused_cover()
            self.cover = (page.number, cover)

    def _report_unused_cover(self) -> None:
        if self.cover is not None:
            number, _ = self.cover
            message = "No page follows this cover sheet. Check whether its document was fed, and scan it again."
            self.problems.append(Problem("cover_without_document", message, number))
            self.cover = None

    def _close_run(self, *, separated: bool) -> None:
        run, self.run = self.run, []
        if not run:
            return
        if separated and all(page.blank for page in run):
            self.left_out.extend(page.number for page in run)
            return
        _, cover = self.cover or (0, Cover())
        self.cover = None
        numbers = tuple(page.number for page in run)
        blank = tuple(page.number for page in run if page.blank)
        self.documents.append(DocumentPages(numbers, blank, cover.title, cover.type))
