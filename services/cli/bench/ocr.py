"""``muniment bench ocr``: the whole way of files to PDF/A, fields and index, beside the bare engine on the same pages."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.app import Archive
from services.cli.bench import scratch
from services.cli.bench.crew import ONE_THREAD, Member, Sheet
from services.cli.bench.processes import Peaks, cpu_seconds
from services.cli.bench.scratch import FileArguments, ScratchOption
from services.cli.common import INCOMPLETE, JsonOption, print_json
from services.cli.read import EngineName
from services.ingest.overview import overview
from services.ingest.service import Reception, open_batch
from services.kernel.config import Settings
from services.kernel.identity.rights import Principal
from services.kernel.model import PageState, RenditionKind
from services.kernel.tables import Batch, File, Item, Page, Rendition

MOST_BARE_PAGES = 40
_PIECE = 1 << 20


def register(app: typer.Typer) -> None:
    app.command("ocr")(ocr)


def ocr(
    files: FileArguments,
    as_json: JsonOption = False,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes, one thread each. Default: one a core.")] = None,
    engine: EngineName = EngineName.AUTO,
    folder: ScratchOption = None,
) -> None:
    """Takes files into a throw-away archive and times their whole way to PDF/A, fields and index.

    Every process loads its models and reads one page of its own before the clock starts; that is told apart, as
    startup_seconds. Then the engine alone reads at most 40 of the same pages, already in memory, in the same processes.
    stages are seconds summed over the processes, stages_cpu processor seconds without the parsers'; a name with a dot is a part
    of the one before the dot. peak_rss_mb is that of the worker with the highest peak, its parser process included;
    peak_rss_all_mb that of all processes. CPU seconds tell more than seconds where the machine has other work.
    """
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    with scratch.settings_in(folder, engine.value) as settings, scratch.broker_of(settings):
        report = measure(settings, files, workers or settings.workers)
    if as_json:
        print_json(report)
    else:
        _print(report)
    raise typer.Exit(INCOMPLETE if report["problems"] else 0)


def measure(settings: Settings, files: Sequence[Path], workers: int) -> dict[str, Any]:
    """The report as contract.md fixes it, and more. ``problems`` lists what was rejected, parked or left unfinished."""
    built = scratch.build(settings)
    with _crew(settings, workers) as crew:
        startup = max(member.hear() for member in crew)
        with Peaks([os.getpid(), *(member.pid for member in crew)]) as peaks:
            way = _whole_way(built, files, crew)
        with built.kernel.database.read() as session:
            batch = session.get_one(Batch, way.batch)
            problems = list(_unfinished(session, built, batch))
            sheets = _sheets(session, batch, way.paths)
        bare = _bare(crew, _spread(sheets, MOST_BARE_PAGES))
        workers_peak = max(peaks.mb[member.pid] for member in crew)
    return {
        "pages": len(sheets),
        "files": len(files),
        "workers": workers,
        "seconds": round(way.seconds, 3),
        **_rates(len(sheets), way, bare),
        "peak_rss_mb": round(workers_peak, 1),
        "peak_rss_all_mb": round(peaks.mb[os.getpid()], 1),
        "startup_seconds": round(startup, 3),
        "stages": {name: round(seconds, 3) for name, seconds in sorted(way.stages.items())},
        "stages_cpu": {name: round(seconds, 3) for name, seconds in sorted(way.stages_cpu.items())},
        "problems": problems,
    }


def _rates(pages: int, way: _Way, bare: _Bare) -> dict[str, float | None]:
    """Pages a minute and processor seconds a page, of the whole way and of the engine alone; None where nothing was read."""
    per_minute = 60 * pages / way.seconds
    return {
        "pages_per_minute": round(per_minute, 1),
        "engine_pages_per_minute": round(bare.pages_per_minute, 1),
        "engine_share": round(per_minute / bare.pages_per_minute, 3) if bare.pages else None,
        "cpu_seconds_per_page": round(way.cpu / pages, 4) if pages else None,
        "engine_cpu_seconds_per_page": round(bare.cpu / bare.pages, 4) if bare.pages else None,
    }


@dataclass(frozen=True, slots=True)
class _Way:
    batch: str
    paths: dict[str, Path]
    seconds: float
    cpu: float
    stages: Mapping[str, float]
    stages_cpu: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class _Bare:
    """``pages_per_minute`` is summed over the processes, which all read at the same time."""

    pages: int
    pages_per_minute: float
    cpu: float


@contextmanager
def _crew(settings: Settings, workers: int) -> Iterator[list[Member]]:
    context = multiprocessing.get_context("spawn")
    crew: list[Member] = []
    try:
        crew.extend(Member(context, settings) for _ in range(workers))
        yield crew
    finally:
        for member in crew:
            member.end()


def _whole_way(built: Archive, files: Sequence[Path], crew: Sequence[Member]) -> _Way:
    who, _ = scratch.clerk(built)
    used, own, began = _cpu(crew), time.thread_time(), time.perf_counter()  # of this thread: watching is not the archive's work
    for member in crew:
        member.tell("begin")
    batch, paths = _take_in(built, who, files)
    stages = defaultdict(float, intake=time.perf_counter() - began)
    stages_cpu: defaultdict[str, float] = defaultdict(float)
    for member in crew:
        member.tell("all in")
    for member in crew:
        for name, (taken, used_here) in member.hear().items():
            stages[name] += taken
            stages_cpu[name] += used_here
    seconds = time.perf_counter() - began
    return _Way(batch, paths, seconds, _cpu(crew) - used + time.thread_time() - own, stages, stages_cpu)


def _take_in(built: Archive, who: Principal, files: Sequence[Path]) -> tuple[str, dict[str, Path]]:
    """The batch, and which file came of which path; a second copy of a file is none."""
    with built.kernel.database.write() as session:
        batch = open_batch(session, who, "bench", "bench", request=None).id
    paths = {}
    for path in files:
        reception = Reception(built.kernel, who, batch, path.name)
        with path.open("rb") as source:
            while piece := source.read(_PIECE):
                reception.write(piece)
        paths[reception.finish().id] = path
    return batch, paths


def _unfinished(session: Session, built: Archive, batch: Batch) -> Iterator[dict[str, Any]]:
    seen = overview(session, built.kernel.vault, batch)
    yield from (problem for problem in seen["problems"] if problem["severity"] == "error")
    if seen["pages_done"] < seen["pages_total"] or not seen["items"]:
        yield {"code": "unread", "message": f"{seen['pages_done']} of {seen['pages_total']} pages were read."}
    query = select(Rendition.item_id).join(Item).where(Item.batch_id == batch.id, Rendition.kind == RenditionKind.PDF)
    with_pdf = set(session.scalars(query))
    for item in seen["items"]:
        if item["id"] not in with_pdf or not item["indexed"]:
            yield {"code": "unfinished", "message": f"The item {item['id']} has no PDF or is not in the index."}


def _sheets(session: Session, batch: Batch, paths: dict[str, Path]) -> list[Sheet]:
    """The pages that were read."""
    query = (
        select(File.id, File.media_type, Page.file_page, Page.rotation)
        .join(Item, Item.file_id == File.id)
        .join(Page, Page.item_id == Item.id)
        .where(Item.batch_id == batch.id, Page.state == PageState.READ)
        .order_by(File.id, Page.file_page)
    )
    return [Sheet(paths[file], kind or "", page, turn or 0) for file, kind, page, turn in session.execute(query)]


def _spread(sheets: Sequence[Sheet], most: int) -> list[Sheet]:
    """At most so many, evenly from the whole."""
    count = min(len(sheets), most)
    return [sheets[index * len(sheets) // count] for index in range(count)]


def _bare(crew: Sequence[Member], sheets: Sequence[Sheet]) -> _Bare:
    for index, member in enumerate(crew):
        member.tell(list(sheets[index :: len(crew)]))
    counts = [member.hear() for member in crew]
    used = _cpu(crew)
    for member in crew:
        member.tell("read")
    seconds = [member.hear() for member in crew]
    rate = sum(60 * count / taken for count, taken in zip(counts, seconds, strict=True) if count)
    return _Bare(sum(counts), rate, _cpu(crew) - used)


def _cpu(crew: Sequence[Member]) -> float:
    return sum(cpu_seconds(member.pid) for member in crew)


def _print(report: dict[str, Any]) -> None:
    typer.echo(f"{report['pages']} pages in {report['seconds']:.1f} s by {report['workers']} processes")
    for name in ("pages_per_minute", "engine_pages_per_minute", "engine_share", "cpu_seconds_per_page"):
        typer.echo(f"  {name:28} {report[name]}")
    for name in ("engine_cpu_seconds_per_page", "peak_rss_mb", "startup_seconds"):
        typer.echo(f"  {name:28} {report[name]}")
    for name, seconds in report["stages"].items():
        typer.echo(f"    {name:26} {seconds:9.2f} s")
    for problem in report["problems"]:
        typer.echo(f"  ! {problem['message']}")
