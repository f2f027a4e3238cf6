"""Who reads the benchmark's pages, each as its own user would start it, watched from outside."""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pypdfium2

from services.cli.common import INCOMPLETE

LANGUAGES = "chi_sim+eng"
DPI = 300


@dataclass
class Result:
    """``texts`` by (file name, page); ``cpu`` and ``seconds`` for all pages; ``peak_mb`` of the whole process tree at once."""

    name: str
    command: str
    pages: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    peak_mb: float = 0.0
    texts: dict[tuple[str, int], str] = field(default_factory=dict)
    report: dict = field(default_factory=dict)

    def add(self, other: Result) -> None:
        """Another run of the same; the report is that of the first."""
        self.pages, self.seconds, self.cpu = self.pages + other.pages, self.seconds + other.seconds, self.cpu + other.cpu
        self.peak_mb = max(self.peak_mb, other.peak_mb)

    @property
    def pages_per_minute(self) -> float:
        return 60 * self.pages / self.seconds

    @property
    def cpu_per_page(self) -> float:
        return self.cpu / self.pages


@contextmanager
def watched(result: Result) -> Iterator[None]:
    """Adds the time, the processor time and the peak of what runs below this process meanwhile."""
    stop = threading.Event()
    sampler = threading.Thread(target=_sample, args=(result, stop))
    used, began = _cpu(), time.perf_counter()
    sampler.start()
    try:
        yield
    finally:
        result.seconds += time.perf_counter() - began
        stop.set()
        sampler.join()
        result.cpu += _cpu() - used


def muniment(files: Sequence[Path], engine: str = "auto") -> Result:
    """The whole way, warm, by ``muniment bench ocr``."""
    program = [sys.executable, "-m", "services.cli"]
    name = "Muniment" if engine == "auto" else f"Muniment --engine {engine}"
    result = Result(name, f"muniment bench ocr FILE… --engine {engine}")
    with watched(result):
        done = _run([*program, "bench", "ocr", *map(str, files), "--engine", engine, "--json"], INCOMPLETE)
    result.report = json.loads(done.stdout)
    # Its own measures begin when the models are loaded, and end before the bare engine's.
    result.pages, result.seconds = result.report["pages"], result.report["seconds"]
    result.cpu, result.peak_mb = result.report["cpu_seconds_per_page"] * result.pages, result.report["peak_rss_all_mb"]
    return result


def ocrmypdf(files: Sequence[Path], folder: Path, *upright: str) -> Result:
    """One call a file, all cores, as a user would; ``upright`` are its options that turn and straighten pages."""
    program = shutil.which("ocrmypdf", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert program is not None, "OCRmyPDF is in the development requirements"
    options = ["-l", LANGUAGES, "--output-type", "pdfa", "--pdfa-backend", "internal", "--quiet", *upright]
    result = Result(" ".join(["OCRmyPDF", *upright]), " ".join(["ocrmypdf", *options, "--sidecar TEXT", "FILE", "FILE"]))
    for file in files:
        sidecar = folder / f"{file.stem}.txt"
        with watched(result):
            _run([program, *options, "--sidecar", str(sidecar), str(file), str(folder / file.name)])
        pages = sidecar.read_text("utf-8").split("\f")
        pages = pages[:-1] if not pages[-1].strip() and len(pages) > 1 else pages
        result.texts |= {(file.name, number): text for number, text in enumerate(pages, 1)}
        result.pages += len(pages)
    return result


def pytesseract(files: Sequence[Path]) -> Result:
    """The bare engine below OCRmyPDF: text only, no PDF, pages already drawn, one process a core."""
    result = Result("pytesseract", f"image_to_string(page, lang={LANGUAGES!r}), {DPI} dpi")
    jobs = [(str(file), number) for file in files for number in range(1, _pages(file) + 1)]
    with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as pool:
        pool.map(_nothing, range(2 * (os.cpu_count() or 1)))
        with watched(result):
            texts = pool.map(_by_pytesseract, jobs, chunksize=1)
    result.cpu = sum(cpu for _, cpu in texts)
    result.texts = {(Path(file).name, number): text for (file, number), (text, _) in zip(jobs, texts, strict=True)}
    result.pages = len(jobs)
    return result


def _by_pytesseract(job: tuple[str, int]) -> tuple[str, float]:
    os.environ["OMP_THREAD_LIMIT"] = "1"
    import pytesseract

    before = _cpu()
    page = pypdfium2.PdfDocument(job[0])[job[1] - 1].render(scale=DPI / 72).to_pil()
    return pytesseract.image_to_string(page, lang=LANGUAGES), _cpu() - before


def _nothing(number: int) -> None:
    import pytesseract  # noqa: F401  # loaded before the clock starts


def _pages(file: Path) -> int:
    return len(pypdfium2.PdfDocument(file))


def _run(command: list[str], *fine: int) -> subprocess.CompletedProcess[str]:
    """``fine``: what it may end with beside 0."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode not in (0, *fine):
        raise RuntimeError(f"{command[:4]} ended with {done.returncode}: {done.stdout[-2000:]} {done.stderr[-2000:]}")
    return done


def _cpu() -> float:
    """Of this process and of all its descendants that have ended."""
    own, below = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + below.ru_utime + below.ru_stime


def _sample(result: Result, stop: threading.Event) -> None:
    me = psutil.Process()
    while not stop.wait(0.1):
        total = 0
        for child in me.children(recursive=True):
            try:
                total += child.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        result.peak_mb = max(result.peak_mb, total / 1e6)
