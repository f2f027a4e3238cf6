"""``python -m tests.bench.confidence``: makes the model of ``services.ocr.confidence``, and judges it on other seeds.

Pages are read once (``--read FILE --seeds FROM TO``) and kept; ``--train FILE`` writes the model, ``--judge FILE`` prints how
it does on pages that it was not made from.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from services.ocr.classify import classify
from services.ocr.confidence import KIND, MODEL, Model, features
from services.ocr.fields import weighed
from services.ocr.fields.finder import Weighed
from tests.bench import paper

THRESHOLDS = (0.9, 0.95, 0.98, 0.99, 0.995, 0.998)
ECE_BINS = 10


@dataclass(frozen=True, slots=True)
class Judged:
    """One field value as read, and whether the paper has it."""

    one: Weighed
    right: bool
    hard: bool


def values(documents: Iterable[paper.Read]) -> list[Judged]:
    found = []
    for document in documents:
        kind, _, _ = classify(document.pages)
        for name, readings in weighed(document.pages, kind).items():
            for one in readings:
                assert isinstance(one, Weighed)
                found.append(Judged(one, one.value in document.truth.get(name, ()), document.hard))
    return found


def train(path: Path, target: Path = MODEL) -> Model:
    """Fits the model to what ``path`` keeps and writes it."""
    from sklearn.linear_model import LogisticRegression

    documents = list(paper.kept(path))
    judged = values(documents)
    names = sorted({name for each in judged for name in features(each.one)})
    table = np.array([[features(each.one).get(name, 0.0) for name in names] for each in judged])
    fitted = LogisticRegression(C=1.0, fit_intercept=False, max_iter=2000).fit(table, [each.right for each in judged])
    seeds = sorted({document.seed for document in documents})
    source = f"{len(judged)} values of {len(documents)} generated documents, seeds {seeds[0]} to {seeds[-1]}"
    weights = {name: round(float(weight), 4) for name, weight in zip(names, fitted.coef_[0], strict=True)}
    model = Model("1", source, documents[0].pages[0].engine.name, weights)
    target.parent.mkdir(exist_ok=True)
    body = {"version": model.version, "source": source, "engine": model.engine, "weights": weights}
    target.write_text(json.dumps(body, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return model


def error(sure: list[float], right: list[bool]) -> float:
    """Expected calibration error: how far, on average, the confidence lies from the share that is right, over bins that hold
    equally many values."""
    order = np.argsort(sure, kind="stable")
    told, true = np.array(sure)[order], np.array(right, float)[order]
    bins = zip(np.array_split(told, ECE_BINS), np.array_split(true, ECE_BINS), strict=True)
    return float(sum(len(some) * abs(some.mean() - real.mean()) for some, real in bins if len(some)) / len(told))


def judge(path: Path) -> None:
    model = Model(**json.loads(MODEL.read_text("utf-8")))
    documents = list(paper.kept(path))
    judged = values(documents)
    print(f"{len(documents)} documents, {sum(len(d.pages) for d in documents)} pages; {model.source}")
    for title, chosen in (
        ("all", judged),
        ("five damages", [each for each in judged if not each.hard]),
        ("harder", [each for each in judged if each.hard]),
    ):
        sure, right = [model.confidence(each.one) for each in chosen], [each.right for each in chosen]
        before = error([each.one.confidence for each in chosen], right)
        print(f"{title}: {len(chosen)} values, {right.count(False)} wrong; ECE {error(sure, right):.4f}, before {before:.4f}")
        for least in THRESHOLDS:
            passed = [ok for p, ok in zip(sure, right, strict=True) if p >= least]
            sent, wrong = 1 - len(passed) / len(sure), passed.count(False)
            bound = f", with 95 % certainty under {3 / len(passed):.2%}" if passed and not wrong else ""
            print(f"  {least}: {sent:.1%} to review, {wrong} of {len(passed)} wrong that pass{bound}")
    for kind in sorted(set(KIND.values())):
        chosen = [each for each in judged if KIND.get(each.one.name) == kind]
        if chosen:
            sure, right = [model.confidence(each.one) for each in chosen], [each.right for each in chosen]
            print(f"{kind}: {len(chosen)} values, {right.count(False)} wrong, ECE {error(sure, right):.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.confidence", description=__doc__)
    parser.add_argument("--read", type=Path, metavar="FILE")
    parser.add_argument("--seeds", type=int, nargs=2, default=(910000, 910030), metavar=("FROM", "TO"))
    parser.add_argument("--train", type=Path, metavar="FILE")
    parser.add_argument("--judge", type=Path, metavar="FILE")
    options = parser.parse_args()
    if options.read:
        paper.read(range(*options.seeds), options.read)
    if options.train:
        print(train(options.train).source)
    if options.judge:
        judge(options.judge)


if __name__ == "__main__":
    main()
