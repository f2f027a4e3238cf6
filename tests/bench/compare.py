"""Muniment beside OCRmyPDF and bare pytesseract: the same pages, one machine, one run. See ``python -m tests.bench --help``."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from samples import Truth, bench_set
from services.kernel.policy.model import default
from services.ocr.fields.dates import find_dates, impossible
from services.ocr.fields.text import fold
from tests import dates
from tests.bench import contestants, memory, real
from tests.bench.contestants import Result
from tests.bench.outcome import Outcome, misses, outcome
from tests.bench.reading import Made, made_of
from tests.bench.scoring import Score
from tests.bench.stacks import stacks

FEW = 10  # pages that the peak on many is held against
DAYS = 400


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured: ``pages`` by Muniment and OCRmyPDF, ``fewer`` by those that are there for information, about
    ``stacked`` by Muniment alone for what it makes of stacks, ``memory`` in one document (0: not measured)."""

    pages: int
    fewer: int
    stacked: int
    memory: int


@dataclass
class Judged:
    """A contestant's result with its scores: by damage and over all."""

    result: Result
    damages: dict[str, Score] = field(default_factory=lambda: defaultdict(Score))
    whole: Score = field(default_factory=Score)
    outcomes: dict[str, Outcome] = field(default_factory=lambda: defaultdict(Outcome))

    @property
    def outcome(self) -> Outcome:
        total = Outcome()
        for each in self.outcomes.values():
            total += each
        return total


@dataclass
class Run:
    """All that came of one run. ``stacked``: Muniment on stacks; ``dates``: texts of days read, impossible ones refused, and
    how many of each; ``peaks``: MB by pages of one document."""

    seed: int
    judged: list[Judged]
    stacked: Judged | None
    dates: tuple[int, int, int, int]
    real: real.Real | None
    peaks: dict[int, float]
    missed: list[str]

    def one(self, name: str) -> Judged:
        return next(each for each in self.judged if each.result.name == name)


def run(size: Size, seed: int, samples_folder: Path) -> Run:
    """Muniment, OCRmyPDF and Muniment again on the same pages, so that a load that comes or goes meets both; then others."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "out").mkdir()
        missed: list[str] = []
        judged = _contest(folder, size, seed, missed)
        stacked = _stacked(folder, size.stacked, seed, missed) if size.stacked else None
        peaks = {pages: memory.peak_mb(folder, pages, seed) for pages in ((FEW, size.memory) if size.memory else ())}
        return Run(seed, judged, stacked, _dates(seed), real.measured(samples_folder), peaks, missed)


def _contest(folder: Path, size: Size, seed: int, missed: list[str]) -> list[Judged]:
    truths = bench_set(folder / "scans", size.pages, seed=seed)
    files = [folder / "scans" / truth.file for truth in truths]
    ours, theirs = contestants.muniment(files), contestants.ocrmypdf(files, folder / "out")
    ours.add(contestants.muniment(files))
    judged = [_shown(_ours(ours, files, truths, missed)), _shown(judge(theirs, truths))]
    if size.fewer:
        truths = bench_set(folder / "fewer", size.fewer, seed=seed)
        files = [folder / "fewer" / truth.file for truth in truths]
        judged.append(_shown(judge(contestants.ocrmypdf(files, folder / "out", "--deskew", "--rotate-pages"), truths)))
        judged.append(_shown(_ours(contestants.muniment(files, "tesseract"), files, truths, [], "tesseract")))
        judged.append(_shown(judge(contestants.pytesseract(files), truths)))
    return judged


def _stacked(folder: Path, pages: int, seed: int, missed: list[str]) -> Judged:
    truths = stacks(folder / "stacks", pages, seed)
    files = [folder / "stacks" / truth.file for truth in truths]
    return _shown(
        _ours(Result("Muniment on stacks", "muniment read", sum(len(truth.pages) for truth in truths)), files, truths, missed)
    )


def _ours(result: Result, files: Sequence[Path], truths: Sequence[Truth], missed: list[str], engine: str = "auto") -> Judged:
    made = made_of(files, engine)
    result.texts = {(each.file, page.number): page.text for each in made for page in each.pages}
    judged, review_below = judge(result, truths), default().filing.review_below
    for each, truth in zip(made, truths, strict=True):
        judged.outcomes[damage_of(truth)] += outcome(each, truth, review_below)
        missed += _missed(each, truth)
    return judged


def _missed(made: Made, truth: Truth) -> list[str]:
    return [miss for document in truth.documents for miss in misses(made, document)]


def judge(result: Result, truths: Sequence[Truth]) -> Judged:
    judged = Judged(result)
    for truth in truths:
        for number, page in truth.pages.items():
            score = Score()
            score.add(page, result.texts.get((truth.file, number), ""))
            judged.damages[damage_of(truth)] += score
            judged.whole += score
    return judged


def damage_of(truth: Truth) -> str:
    """The one of the five: ``fax`` of ``fax+turned:90, fax``."""
    return truth.damage.partition(",")[0].partition("+")[0].partition(":")[0]


def _dates(seed: int) -> tuple[int, int, int, int]:
    good = [(day.isoformat(), text) for day in dates.drawn(seed, DAYS) for text in dates.forms(day.year, day.month, day.day)]
    bad = [text for year in dates.COMMON_YEARS for day in dates.IMPOSSIBLE for text in dates.forms(year, *day)]
    read = sum([one.iso for one in find_dates(fold(f"签订日期：{text}"))] == [iso] for iso, text in good)
    refused = sum(not list(find_dates(fold(text))) and any(impossible(fold(text))) for text in bad)
    return read, len(good), refused, len(bad)


def _shown(judged: Judged) -> Judged:
    print(summary(judged), flush=True)
    return judged


def summary(judged: Judged) -> str:
    result, score = judged.result, judged.whole
    timed = (
        f", {result.pages_per_minute:.1f} pages/min, {result.cpu_per_page:.2f} CPU s/page, peak {result.peak_mb:.0f} MB"
        if result.seconds
        else ""
    )
    fields = f", {judged.outcome.fields} of {judged.outcome.fields_of} fields" if judged.outcomes else ""
    return f"{result.name}: {result.pages} pages{timed}, CER {score.cer:.2%}, missed {score.missed_share:.2%}{fields}"
