"""Examination of a file from this side of the sandbox: which file to reject, which pages to report, what to believe."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import BinaryIO

from services.ingest.facts import Inspection, PageFacts
from services.ingest.limits import IntakeLimits
from services.kernel.errors import ParserFailed, ParserRefused
from services.kernel.paper import Problem
from services.kernel.sandbox import Sandbox
from services.kernel.sandbox.protocol import nonsense

_ROOM = "services.ingest.inspection"
_PAGES_A_CALL = 16  # each call has the sandbox's wall clock for itself
_ENDED = frozenset({"timeout", "parser_crashed", "too_much_memory", "nonsense"})
_MOST_ENDED = 5


@dataclass(frozen=True, slots=True)
class Examination:
    """A file that is of use. ``problems`` are those of the file and of its unreadable pages; none means all is well."""

    inspection: Inspection
    pages: tuple[PageFacts, ...]
    problems: tuple[Problem, ...]


def examine(sandbox: Sandbox, source: BinaryIO, limits: IntakeLimits = IntakeLimits()) -> Examination:
    """Look at the whole file. Raises ParserRefused for a file of which no page can be read: with the code of its pages
    where all fail alike, else ``no_readable_page``.
    """
    inspection = inspect_file(sandbox, source, limits)
    pages = tuple(page for part in examine_pages(sandbox, source, inspection, limits) for page in part)
    refuse_unreadable(pages)
    unread = tuple(page.problem for page in pages if page.problem is not None)
    return Examination(inspection, pages, inspection.problems + unread)


def inspect_file(sandbox: Sandbox, source: BinaryIO, limits: IntakeLimits) -> Inspection:
    """The file as a whole, without its pages. Raises ParserRefused."""
    answer = sandbox.call(f"{_ROOM}:inspect", source, limits=asdict(limits))
    return Inspection.from_facts(answer.facts, limits)


def examine_pages(
    sandbox: Sandbox, source: BinaryIO, inspection: Inspection, limits: IntakeLimits, *, first: int = 1
) -> Iterator[tuple[PageFacts, ...]]:
    """The pages from ``first`` on, a few at a time, so that they can be stored, and a lease renewed, as they come.

    A page that ends the parser is reported and the others are looked at all the same; raises ParserFailed when too many
    do, since each may cost the sandbox's whole wall clock.
    """
    ended = 0
    for start in range(first, inspection.pages + 1, _PAGES_A_CALL):
        last = min(start + _PAGES_A_CALL - 1, inspection.pages)
        try:
            yield _pages(sandbox, source, inspection, limits, start, last)
        except ParserFailed:
            for number in range(start, last + 1):
                page = _lone_page(sandbox, source, inspection, limits, number)
                yield (page,)
                if page.problem is not None and page.problem.code in _ENDED:
                    ended += 1
                if page.problem is not None and ended > _MOST_ENDED:
                    raise ParserFailed(page.problem.message, code=page.problem.code) from None


def refuse_unreadable(pages: Sequence[PageFacts]) -> None:
    """Raise ParserRefused when not one page could be looked at."""
    problems = [page.problem for page in pages if page.problem is not None]
    if len(problems) < len(pages) or not problems:
        return
    if len({problem.code for problem in problems}) == 1:
        raise ParserRefused(problems[0].message, code=problems[0].code)
    raise ParserRefused("Not one page of the file can be shown. Scan it again.", code="no_readable_page")


def _lone_page(sandbox: Sandbox, source: BinaryIO, inspection: Inspection, limits: IntakeLimits, number: int) -> PageFacts:
    try:
        (page,) = _pages(sandbox, source, inspection, limits, number, number)
    except ParserFailed as failure:
        return PageFacts(number=number, problem=Problem(failure.code, failure.detail, number))
    return page


def _pages(
    sandbox: Sandbox, source: BinaryIO, inspection: Inspection, limits: IntakeLimits, first: int, last: int
) -> tuple[PageFacts, ...]:
    answer = sandbox.call(
        f"{_ROOM}:inspect_pages",
        source,
        media_type=inspection.media_type,
        first=first,
        last=last,
        limits=asdict(limits),
    )
    found = answer.facts.get("pages")
    if not isinstance(found, list) or not all(isinstance(page, dict) for page in found):
        nonsense()
    pages = tuple(PageFacts.from_facts(page, limits) for page in found)
    if [page.number for page in pages] != list(range(first, last + 1)):
        nonsense()
    return pages
