"""``make bench``: Muniment beside what a user would use instead, on the same pages; writes ``docs/benchmarks.md`` with plots.

On two cores that have nothing else to do it takes about a quarter of an hour, of which OCRmyPDF has the most; with
``--memory 2000`` as much again. Which goals were not reached, the report says.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from tests.bench import plots, report
from tests.bench.compare import Size, run
from tests.bench.goals import goals

SEED = 7431  # of no other test, so that nothing was tuned on these pages


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED, help="of all pages (default: %(default)s)")
    parser.add_argument("--pages", type=int, default=100, help="for Muniment and OCRmyPDF (default: %(default)s)")
    parser.add_argument("--fewer", type=int, default=20, help="for the others; 0 leaves them out (default: %(default)s)")
    parser.add_argument("--stacked", type=int, default=240, help="in stacks, for Muniment alone (default: %(default)s)")
    parser.add_argument(
        "--memory", type=int, default=0, metavar="PAGES", help="also measure the peak on one document of so many"
    )
    parser.add_argument("--samples", type=Path, default=Path("../shared/samples"), help="public pages with transcriptions")
    parser.add_argument(
        "--docs", type=Path, default=Path("docs"), help="where benchmarks.md and its pictures go (default: %(default)s)"
    )
    parser.add_argument("--misses", action="store_true", help="print each field that was not read")
    options = parser.parse_args()
    load, began = os.getloadavg()[0], time.monotonic()
    size = Size(options.pages, options.fewer, options.stacked, options.memory)
    done = run(size, options.seed, options.samples)
    if options.misses:
        print(*done.missed, *(done.real.missed if done.real else ()), sep="\n")
    plots.draw(done, options.docs / report.IMAGES)
    page = options.docs / "benchmarks.md"
    page.write_text(report.document(done, load, (time.monotonic() - began) / 60), "utf-8")
    told = list(goals(done))
    for one in told:
        print(f"{'reached' if one.reached else 'NOT    '}  {one.what}: {one.measured} (goal {one.goal})")
    print(f"written: {page}")
    problems = [problem["message"] for each in done.judged for problem in each.result.report.get("problems", ())]
    print(*problems, sep="\n", end="\n" if problems else "", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
