"""Marking from the archive's side: what a page is to say, and the children that write it there."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from queue import LifoQueue
from typing import Any, BinaryIO

from services.access.marking.strip import Strip, strip_of
from services.kernel.errors import IntegrityError, NotFound, ParserFailed, ParserRefused
from services.kernel.paper import Box
from services.kernel.sandbox import Answer, Limits, Sandbox

PAGE = "services.access.marking.page"
CHILDREN = min(4, os.cpu_count() or 1)
PDF_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Stamp:
    """What is burnt into a page; ``words`` and ``number`` are None where policy leaves them out. ``covers``: the boxes that are
    blackened, in pixels, of each page that is shown; None where nothing is masked."""

    words: str | None
    number: int | None
    covers: tuple[tuple[Box, ...], ...] | None = None


class Marker:
    """Some children, started when first needed; whoever comes while all are busy waits."""

    def __init__(self, children: int = CHILDREN) -> None:
        self._free: LifoQueue[Sandbox] = LifoQueue()
        limits = Limits(wall_seconds=PDF_SECONDS, cpu_seconds=PDF_SECONDS)
        for _ in range(children):
            self._free.put(Sandbox(limits, recycle_after=1000, prefixes=(f"{PAGE}",)))

    def picture(self, jpeg: bytes, stamp: Stamp) -> memoryview:
        return self._marked("mark_picture", jpeg, stamp)

    def pdf(self, content: bytes, stamp: Stamp) -> memoryview:
        return self._marked("mark_pdf", content, stamp)

    def find(self, picture: BinaryIO) -> dict[str, Any]:
        """``number``, ``clarity``, ``turn`` and ``size`` of the mark in a picture. Raises ``NotFound`` where there is none."""
        with self._child() as child:
            try:
                return _checked(child.call(f"{PAGE}:find_mark", picture))
            except ParserRefused as refusal:
                if refusal.code == "no_mark":
                    raise NotFound(refusal.detail) from None
                raise

    def close(self) -> None:
        while not self._free.empty():
            self._free.get().close()

    def _marked(self, function: str, content: bytes, stamp: Stamp) -> memoryview:
        if stamp.words is None and stamp.number is None and stamp.covers is None:
            return memoryview(content)
        strip = strip_of(stamp.words) if stamp.words is not None else Strip(0, 0, b"")
        source = io.BytesIO(strip.pixels + content)
        with self._child() as child:
            try:
                shape = (strip.width, strip.height)
                given = {"strip": shape, "number": stamp.number, "covers": stamp.covers}
                (marked,) = child.call(f"{PAGE}:{function}", source, **given).blobs
            except (ParserFailed, ParserRefused) as failure:
                raise IntegrityError(
                    f"This page cannot be marked, so it is not shown ({failure.code}). Tell the archivist."
                ) from None
            return marked

    @contextmanager
    def _child(self) -> Iterator[Sandbox]:
        child = self._free.get()
        try:
            yield child
        finally:
            self._free.put(child)


def _checked(answer: Answer) -> dict[str, Any]:
    facts = answer.facts
    if type(facts.get("number")) is not int or not 0 <= facts["number"] < 1 << 32:
        raise ParserFailed("The picture could not be examined. Try another scan of it.", code="nonsense")
    return {name: facts.get(name) for name in ("number", "clarity", "turn", "size")}
