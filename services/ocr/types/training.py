"""Fitting a model, and judging it on documents that it was not fitted to. Only who trains needs scikit-learn."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from services.ocr.types import grams
from services.ocr.types.model import TypeModel, Vector

CORPUS = Path(__file__).parents[1] / "models" / "types-corpus.npz"
TAUGHT_WEIGHT = 5.0  # of a document of which a person said what it is, beside one that the generator drew
_STRENGTH = 30.0  # inverse of the regularisation
_RAREST = 3  # documents in which a bucket must occur to count: what fewer have is theirs, not the form's


@dataclass(frozen=True, slots=True)
class Examples:
    """Vectors (N × buckets) with their types, and which of them are held back for judging."""

    vectors: npt.NDArray[np.float32]
    types: tuple[str, ...]
    held: npt.NDArray[np.bool_]

    def parted(self) -> tuple[Examples, Examples]:
        """Those to fit to, and those held back."""
        return tuple(  # type: ignore[return-value]
            Examples(self.vectors[some], tuple(t for t, s in zip(self.types, some, strict=True) if s), self.held[some])
            for some in (~self.held, self.held)
        )


def examples(vectors: Sequence[Vector], types: Sequence[str], held: Sequence[bool]) -> Examples:
    table = np.stack(vectors) if vectors else np.zeros((0, grams.BUCKETS), np.float32)
    return Examples(table, tuple(types), np.array(held, np.bool_))


def fit(base: Examples, taught: Examples, *, version: int) -> TypeModel:
    """A model of both; nothing held back may be among them."""
    from sklearn.linear_model import LogisticRegression

    table = np.concatenate([base.vectors, taught.vectors])
    common = (table > 0).sum(axis=0) >= _RAREST
    types = [*base.types, *taught.types]
    importance = [1.0] * len(base.types) + [TAUGHT_WEIGHT] * len(taught.types)
    fitted = LogisticRegression(C=_STRENGTH, max_iter=300).fit(table[:, common], types, sample_weight=importance)
    weights = np.zeros((len(fitted.classes_), grams.BUCKETS), np.float16)
    weights[:, common] = fitted.coef_
    bias = fitted.intercept_.astype(np.float32)
    return TypeModel(version, len(taught.types), tuple(map(str, fitted.classes_)), weights, bias)


def right(model: TypeModel, judged: Examples) -> int:
    """How many of the documents the model by itself takes for what they are."""
    chances = (model.chances(vector) for vector in judged.vectors)
    return sum(max(each, key=each.__getitem__) == kind for each, kind in zip(chances, judged.types, strict=True))


@cache
def shipped_corpus() -> Examples:
    """The generated documents that every training begins with, a fifth of them held back."""
    with np.load(CORPUS, allow_pickle=False) as arrays:
        table = np.zeros((len(arrays["types"]), grams.BUCKETS), np.float32)
        rows = np.repeat(np.arange(len(table)), arrays["sizes"])
        table[rows, arrays["buckets"]] = arrays["values"]
        return Examples(table, tuple(map(str, arrays["types"])), arrays["held"])


def corpus_bytes(corpus: Examples) -> bytes:
    """The same in a form that is kept: what is not zero."""
    rows, buckets = np.nonzero(corpus.vectors)
    target = io.BytesIO()
    np.savez_compressed(
        target,
        sizes=np.bincount(rows, minlength=len(corpus.types)).astype(np.uint16),
        buckets=buckets.astype(np.uint16),
        values=corpus.vectors[rows, buckets].astype(np.float16),
        types=np.array(corpus.types),
        held=corpus.held,
    )
    return target.getvalue()
