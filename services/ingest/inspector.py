"""Inspection of a whole file through the sandbox, window by window, so that memory does not grow with the pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import BinaryIO

from services.ingest.facts import Inspection, PageFacts
from services.ingest.limits import IntakeLimits
from services.kernel.errors import ParserFailed
from services.kernel.sandbox import Sandbox

INSPECT = "services.ingest.inspection:inspect"
INSPECT_PAGES = "services.ingest.inspection:inspect_pages"
WINDOW = 16


@dataclass(frozen=True, slots=True)
class Inspector:
    """Looks at files in one sandbox, within limits."""

    sandbox: Sandbox
    limits: IntakeLimits

    def file(self, source: BinaryIO) -> Inspection:
        """Raises ``ParserRefused`` with the reason when the file is not one we take."""
        answer = self.sandbox.call(INSPECT, source, limits=asdict(self.limits))
        return Inspection.from_facts(answer.facts, self.limits)

    def pages(
        self, source: BinaryIO, inspection: Inspection, *, between: Callable[[], None] | None = None
    ) -> Iterator[PageFacts]:
        """Facts of every page, in order. ``between`` is called after each window, to renew a lease."""
        for first in range(1, inspection.pages + 1, WINDOW):
            last = min(first + WINDOW - 1, inspection.pages)
            answer = self.sandbox.call(
                INSPECT_PAGES, source, media_type=inspection.media_type, first=first, last=last, limits=asdict(self.limits)
            )
            facts = [PageFacts.from_facts(each, self.limits) for each in answer.facts["pages"]]
            if [each.number for each in facts] != list(range(first, last + 1)):
                raise ParserFailed("The parser told of other pages than it was asked for. Scan the file again.")
            yield from facts
            if between is not None:
                between()
