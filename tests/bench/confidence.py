"""``python -m tests.bench.confidence``: makes the model of ``services.ocr.fields.confidence``, and judges it on other seeds.

Pages are read once and kept: ``--read FILE --seeds FROM TO`` whole documents, with ``--dense`` sheets of many values; broken
off, it goes on where it was. ``--train FILE…`` writes the model, ``--judge FILE…`` prints how it does on pages that it was not
made from: what goes to review at each threshold, how many wrong values pass, and how many may with 95 % certainty.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from services.kernel.paper import FieldReading
from services.kernel.policy.model import default
from services.ocr.documents import read_document
from services.ocr.fields import weighed
from services.ocr.fields.confidence import KIND, MODEL, Model, features, model
from services.ocr.fields.finder import Weighed
from tests.bench import dense, paper

THRESHOLDS = (0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995)
ECE_BINS = 10
Table, Flags = npt.NDArray[np.float64], npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Judged:
    """One field value as it is kept, and whether the paper has it."""

    one: FieldReading
    right: bool
    hard: bool
    where: str


def documents(paths: Sequence[Path]) -> list[paper.Read]:
    return [each for path in paths for each in (dense.kept(path) if dense.is_dense(path) else paper.kept(path))]


def values(found: Iterable[paper.Read]) -> list[Judged]:
    """As the archive keeps them: type, fields, seals over them and days to come all have their say."""
    return [
        Judged(one, one.value in document.truth.get(name, ()), document.hard, _where(document))
        for document in found
        for name, readings in read_document(document.pages).fields.items()
        for one in readings
    ]


def _where(document: paper.Read) -> str:
    return f"{document.kind} {document.seed} {document.damage} {document.dpi} dpi"


def train(paths: Sequence[Path], target: Path = MODEL) -> Model:
    """Fits the model to what ``paths`` keep and writes it."""
    found = documents(paths)
    told = [
        (features(one), one.value in document.truth.get(name, ()))
        for document in found
        for name, readings in weighed(document.pages, document.kind).items()
        for one in readings
        if isinstance(one, Weighed)
    ]
    names = sorted({name for each, _ in told for name in each})
    table = np.array([[each.get(name, 0.0) for name in names] for each, _ in told])
    fitted = fit(table, np.array([right for _, right in told]), [not name.startswith("kind ") for name in names])
    seeds = sorted({document.seed for document in found})
    source = f"{len(told)} values of {len(found)} generated documents and heads, seeds {seeds[0]} to {seeds[-1]}"
    weights = {name: round(weight, 4) for name, weight in zip(names, fitted, strict=True)}
    model = Model("2", source, found[0].pages[0].engine.name, weights)
    target.parent.mkdir(exist_ok=True)
    body = {"version": model.version, "source": source, "engine": model.engine, "weights": weights}
    target.write_text(json.dumps(body, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return model


def fit(table: Table, right: Flags, rising: Sequence[bool]) -> list[float]:
    """Logistic regression with a little ridge. What is evidence (``rising``) never speaks against a value: few values are
    wrong, so chance could have it so."""
    from scipy.optimize import minimize

    signs = np.where(right, 1.0, -1.0)

    def loss(weights: Table) -> tuple[float, Table]:
        margin = signs * (table @ weights)
        slope = -signs / (1 + np.exp(np.clip(margin, -30, 30)))
        return float(np.logaddexp(0, -margin).sum() + weights @ weights / 2), table.T @ slope + weights

    bounds = [(0.0 if up else None, None) for up in rising]
    done = minimize(loss, np.zeros(table.shape[1]), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 5000})
    return [float(weight) for weight in done.x]


def error(sure: list[float], right: list[bool]) -> float:
    """Expected calibration error: how far, on average, the confidence lies from the share that is right, over bins that hold
    equally many values."""
    order = np.argsort(sure, kind="stable")
    told, true = np.array(sure)[order], np.array(right, float)[order]
    bins = zip(np.array_split(told, ECE_BINS), np.array_split(true, ECE_BINS), strict=True)
    return float(sum(len(some) * abs(some.mean() - real.mean()) for some, real in bins if len(some)) / len(told))


def at_most(wrong: int, of: int) -> float:
    """The share that, with 95 % certainty, is not exceeded where so many of so many were wrong (Clopper and Pearson)."""
    from scipy.stats import beta

    return float(beta.ppf(0.95, wrong + 1, of - wrong)) if of > wrong else 1.0


def judge(paths: Sequence[Path], *, show: bool) -> None:
    found = documents(paths)
    judged = values(found)
    print(f"{len(found)} documents, {sum(len(d.pages) for d in found)} pages; {model().source}")
    _print_group("all", judged)
    _print_group("five damages", [each for each in judged if not each.hard])
    _print_group("harder", [each for each in judged if each.hard])
    for kind in sorted(set(KIND.values())):
        _print_group(kind, [each for each in judged if KIND.get(each.one.name) == kind], [default().filing.review_below])
    wrong = sorted((each for each in judged if not each.right), key=lambda each: -each.one.confidence)
    for each in wrong[:show]:
        one = each.one
        print(f"  {one.confidence:.4f} {each.where} {one.name}: {one.value} ({one.raw}), {one.check}")


def _print_group(title: str, chosen: Sequence[Judged], thresholds: Sequence[float] = THRESHOLDS) -> None:
    if not chosen:
        return
    sure, right = [each.one.confidence for each in chosen], [each.right for each in chosen]
    print(f"{title}: {len(chosen)} values, {right.count(False)} wrong; ECE {error(sure, right):.4f}")
    for least in thresholds:
        passed = [ok for p, ok in zip(sure, right, strict=True) if p >= least]
        wrong = passed.count(False)
        bound = at_most(wrong, len(passed)) if passed else 1.0
        told = f"{wrong} of {len(passed)} wrong that pass, with 95 % certainty under 1 in {1 / bound:.0f}"
        print(f"  {least}: {1 - len(passed) / len(sure):.1%} to review, {told}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.confidence", description=__doc__)
    parser.add_argument("--read", type=Path, metavar="FILE")
    parser.add_argument("--dense", action="store_true", help="read sheets of many values instead of whole documents")
    parser.add_argument("--seeds", type=int, nargs=2, default=(910000, 910030), metavar=("FROM", "TO"))
    parser.add_argument("--train", type=Path, nargs="+", metavar="FILE")
    parser.add_argument("--judge", type=Path, nargs="+", metavar="FILE")
    parser.add_argument("--show", type=int, default=0, metavar="N", help="print the N surest of the wrong values")
    options = parser.parse_args()
    if options.read:
        (dense if options.dense else paper).read(range(*options.seeds), options.read)
    if options.train:
        print(train(options.train).source)
    if options.judge:
        judge(options.judge, show=options.show)


if __name__ == "__main__":
    main()
