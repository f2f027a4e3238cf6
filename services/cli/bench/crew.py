"""The processes of ``muniment bench ocr``: each a worker as in the real archive, told by its parent when to begin what."""

from __future__ import annotations

import logging
import os
import time
from dataclasses import dataclass, replace
from io import BytesIO
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnContext, SpawnProcess
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from sqlalchemy import func, select

from services import work
from services.ingest.inspector import Inspector
from services.kernel import logs
from services.kernel.config import Settings
from services.kernel.db import Database
from services.kernel.errors import MunimentError
from services.kernel.paper import Line, PageReading
from services.kernel.processes import die_with_parent
from services.kernel.queue.runner import Runner
from services.kernel.queue.stages import Queue
from services.kernel.queue.tables import Job, JobState
from services.kernel.timing import measured
from services.ocr.documents import read_document
from services.ocr.engines import Engine
from services.ocr.pdfa import write_pdfa
from services.ocr.pixels import Pixels, turned
from services.ocr.service import Reader
from services.ocr.vocabulary import TITLES

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_THREAD_LIMIT")
_IDLE_SECONDS = 0.02
_SHIFT_SECONDS = 5.0
_LINE, _LONGEST = 48, 1696  # pixels


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page of a file, and the clockwise turn in degrees that makes it upright."""

    file: Path
    media_type: str
    page: int
    turn: int


class Member:
    """The parent's end of one worker process."""

    def __init__(self, context: SpawnContext, settings: Settings) -> None:
        self._pipe, theirs = context.Pipe()
        self._process: SpawnProcess = context.Process(target=serve, args=(theirs, settings, os.getpid()), daemon=True)
        self._process.start()
        theirs.close()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None, "it was started"
        return self._process.pid

    def tell(self, message: Any) -> None:
        self._pipe.send(message)

    def hear(self) -> Any:
        """Raises ``MunimentError`` when the process is gone, or the error that it met."""
        try:
            answer = self._pipe.recv()
        except EOFError:
            raise MunimentError("A worker process ended before its work was done. See what it wrote above.") from None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def end(self) -> None:
        self._process.kill()
        self._process.join()


def serve(pipe: Connection, settings: Settings, parent: int) -> None:
    """What a process does, step by step, each begun by a message and answered by one:

    once its models are loaded and it has read a page: seconds · ``begin``: drains the queues until, after ``all in``, no job
    is queued or leased: seconds and processor seconds by step · a list of ``Sheet``: draws them into memory: their number ·
    ``read``: reads them
    with the engine alone: seconds.
    """
    die_with_parent(parent)
    logs.configure(level=logging.ERROR)  # what else happened is in the catalogue
    try:
        began = time.perf_counter()
        inspector, reader = work.readers(settings)
        runner = work.runner(settings, (inspector, reader))
        _warm_up(inspector, reader)
        pipe.send(time.perf_counter() - began)
        assert pipe.recv() == "begin"
        pipe.send(_drain(runner, Database(settings.catalogue), pipe))
        _read_bare(reader, pipe)
        pipe.recv()  # the parent reads this process's counters, then ends it
    except Exception as error:
        pipe.send(error)


def _drain(runner: Runner, database: Database, pipe: Connection) -> dict[str, tuple[float, float]]:
    """A worker of the archive is woken by the broker; this one looks again after a moment, which takes the same time."""
    all_in = False
    with measured() as watch:
        while True:
            done = sum(runner.drain(queue, shift_seconds=_SHIFT_SECONDS) for queue in (Queue.INDEXING, Queue.READING))
            all_in = all_in or (pipe.poll() and pipe.recv() == "all in")
            if all_in and not done and not _open_jobs(database):
                return {name: (taken, watch.cpu[name]) for name, taken in watch.seconds.items()}
            if not done:
                time.sleep(_IDLE_SECONDS)


def _open_jobs(database: Database) -> int:
    with database.read() as session:
        query = select(func.count()).select_from(Job).where(Job.state.in_((JobState.QUEUED, JobState.LEASED)))
        return session.scalar(query) or 0


def _read_bare(reader: Reader, pipe: Connection) -> None:
    pages = [_drawn(reader, sheet) for sheet in pipe.recv()]
    pipe.send(len(pages))
    assert pipe.recv() == "read"
    began = time.perf_counter()
    for page in pages:
        reader.engine.read(page)
    pipe.send(time.perf_counter() - began)


def _drawn(reader: Reader, sheet: Sheet) -> Pixels:
    with sheet.file.open("rb") as source:
        raster = reader.draw(source, media_type=sheet.media_type, file_page=sheet.page)
    return turned(raster.pixels, sheet.turn).copy()


def _warm_up(inspector: Inspector, reader: Reader) -> None:
    """Takes a page drawn here the whole way in memory, twice: then networks, the sandbox's child and all libraries are loaded.
    Networks take longer over the first page of a size and the first line of a length: a running archive has met them all."""
    image = Image.new("L", (1654, 2339), 255)  # A4 at 200 dpi
    ImageDraw.Draw(image).text((200, 300), "Muniment warms up", 0, ImageFont.load_default(60))
    source = BytesIO()
    image.save(source, "PDF", resolution=200)
    inspection, _ = inspector.examine(source)
    for _ in range(2):
        copy = reader.read(source, media_type=inspection.media_type, file_page=1, number=1)
    _meet_lines(reader.engine)
    _meet_types(copy.reading)
    write_pdfa([copy.for_pdf()], BytesIO(), title="warm")


def _meet_types(page: PageReading) -> None:
    """A document of each type, by its title: what a type's fields are found by is kept from the first one on."""
    for titles in TITLES.values():
        title = Line(titles[0], ((600.0, 100.0), (1000.0, 100.0), (1000.0, 180.0), (600.0, 180.0)), 0.99)
        read_document([replace(page, lines=(title, *page.lines))])


def _meet_lines(engine: Engine) -> None:
    """Blank ones as high as the networks see them and of every length that A4 paper has, to both models."""
    paper = np.full((_LINE, _LONGEST), 255, np.uint8)
    for length in range(2 * _LINE, _LONGEST, 64):
        engine.read_strip(np.ascontiguousarray(paper[:, :length]))
        end = length - 0.3 * _LINE  # at either end a little is added
        engine.reread(paper, [Line("", ((0, 0), (end, 0), (end, _LINE), (0, _LINE)), 1.0)])
