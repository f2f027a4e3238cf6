"""``python -m tests.bench.types --write``: makes the model and the corpus of ``services.ocr.types`` out of generated documents,
and of the project's own Chinese prose as what is no document of any type; then judges it on other seeds."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random

import samples
from services.ocr.types import grams
from services.ocr.types.model import SHIPPED, Vector
from services.ocr.types.training import CORPUS, Examples, corpus_bytes, examples, fit, right

TRAINING, JUDGING = range(920000, 920015), range(770000, 770020)
PROSE = (Path("README.zh-CN.md"), Path("services/console/messages/zh.json"))


def documents(seeds: Iterable[int]) -> Iterator[tuple[Vector, str]]:
    """Every kind of each seed as it was written, and without its first lines, where the title stands."""
    for seed in seeds:
        for kind in samples.KINDS:
            lines = [line for page in samples.make(kind, seed).page_truths().values() for line in page.lines]
            cut = Random(f"{kind}:{seed}").randrange(1, 6)
            for text in ("\n".join(lines), "\n".join(lines[cut:])):
                yield grams.vector(grams.normal(text)), kind


def prose(seed: int, count: int) -> Iterator[tuple[Vector, str]]:
    """Stretches of the project's own words: ``other``."""
    words: list[str] = []
    for path in PROSE:
        text = path.read_text("utf-8")
        words += json.loads(text).values() if path.suffix == ".json" else re.split(r"[\n。；]", text)
    rng = Random(seed)
    for _ in range(count):
        yield grams.vector(grams.normal("\n".join(rng.sample(words, rng.randrange(4, 40))))), "other"


def corpus() -> Examples:
    found = [*documents(TRAINING), *prose(1, 30)]
    held = [index % 5 == 4 for index in range(len(found))]
    return examples([vector for vector, _ in found], [kind for _, kind in found], held)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.types", description=__doc__)
    parser.add_argument("--write", action="store_true")
    whole = corpus()
    known, held = whole.parted()
    model = fit(known, examples([], [], []), version=0)
    if parser.parse_args().write:
        SHIPPED.write_bytes(model.to_bytes())
        CORPUS.write_bytes(corpus_bytes(whole))
    judged = [*documents(JUDGING), *prose(77, 30)]
    unseen = examples([vector for vector, _ in judged], [kind for _, kind in judged], [True] * len(judged))
    print(f"held back: {right(model, held)} of {len(held.types)}")
    print(f"seeds {JUDGING[0]} to {JUDGING[-1]}: {right(model, unseen)} of {len(judged)}")
    print(f"model {SHIPPED.stat().st_size} bytes, corpus {CORPUS.stat().st_size} bytes")


if __name__ == "__main__":
    main()
