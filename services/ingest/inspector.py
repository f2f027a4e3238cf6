"""Inspection with its tools at hand: one sandbox, one set of limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from services.ingest.examination import examine_pages, inspect_file, refuse_unreadable
from services.ingest.facts import Inspection, PageFacts
from services.ingest.limits import IntakeLimits
from services.kernel.sandbox import Sandbox


@dataclass(frozen=True, slots=True)
class Inspector:
    """Looks at files in one sandbox, within limits."""

    sandbox: Sandbox
    limits: IntakeLimits

    def examine(self, source: BinaryIO, *, between: Callable[[], None] = lambda: None) -> tuple[Inspection, list[PageFacts]]:
        """The file and every page of it, in order. ``between`` is called as pages come, to renew a lease. Raises
        ``ParserRefused`` with the reason when the file is not one we take, or none of its pages can be looked at."""
        inspection = inspect_file(self.sandbox, source, self.limits)
        pages: list[PageFacts] = []
        for part in examine_pages(self.sandbox, source, inspection, self.limits):
            pages += part
            between()
        refuse_unreadable(pages)
        return inspection, pages
