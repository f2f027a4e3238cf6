"""``python -m samples DIR``: writes sample files and their ``truth.json``."""

from __future__ import annotations

import argparse
from pathlib import Path

from samples.sets import bench_set, big_pdf, demo_set, save_truths


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m samples", description=__doc__)
    parser.add_argument("directory", type=Path, metavar="DIR")
    parser.add_argument("--set", choices=("demo", "bench", "big"), default="demo")
    parser.add_argument("--pages", type=int, default=60, help="pages of the bench and big sets")
    parser.add_argument("--seed", type=int, default=2026)
    options = parser.parse_args()
    directory: Path = options.directory
    directory.mkdir(parents=True, exist_ok=True)
    if options.set == "demo":
        truths = demo_set(directory, options.seed)
    elif options.set == "bench":
        truths = bench_set(directory, options.pages, options.seed)
    else:
        truths = [big_pdf(directory / f"big-{options.pages}.pdf", options.pages, options.seed)]
    path = save_truths(directory, truths)
    print(f"{len(truths)} files, {sum(len(truth.pages) for truth in truths)} pages, truth in {path}")


if __name__ == "__main__":
    main()
