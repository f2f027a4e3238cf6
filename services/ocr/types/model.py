"""A linear model over n-gram buckets: what it decides, how sure it is, and which words decided. Applied by numpy alone, and
kept as plain arrays: nothing of it is executed when it is loaded.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from services.kernel.paper import PageReading
from services.ocr.classify import classify
from services.ocr.types import grams

SHIPPED = Path(__file__).parents[1] / "models" / "types.npz"
_RULES_SURE = 0.75  # rules that are this sure are right, unless people have taught otherwise
_LIKELY, _TAUGHT = 0.8, 0.9  # how sure the model must be where rules are in doubt, and to overrule sure ones
_WORDS = 6
Vector = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TypeModel:
    """``weights`` by type and bucket; ``version`` 0 is the one that is shipped; ``learned``: from how many documents of which
    people said what they are."""

    version: int
    learned: int
    types: tuple[str, ...]
    weights: npt.NDArray[np.float16]
    bias: npt.NDArray[np.float32]

    def chances(self, vector: Vector) -> dict[str, float]:
        """By type, 0…1, together 1."""
        used = np.flatnonzero(vector)
        scores = self.weights[:, used].astype(np.float32) @ vector[used] + self.bias
        powers = np.exp(scores - scores.max())
        return dict(zip(self.types, (powers / powers.sum()).tolist(), strict=True))

    def words(self, text: str, kind: str) -> tuple[str, ...]:
        """The n-grams of the text that speak most for a type, weightiest first, none inside another."""
        row = self.weights[self.types.index(kind)].astype(np.float32)
        weighed = {gram: float(row[grams.bucket(gram)]) * count**0.5 for gram, count in grams.grams(text).items()}
        chosen: list[str] = []
        for gram in sorted(weighed, key=lambda gram: (-weighed[gram], gram)):
            if len(chosen) == _WORDS or weighed[gram] <= 0:
                break
            if not any(gram in other or other in gram for other in chosen):
                chosen.append(gram)
        return tuple(chosen)

    def to_bytes(self) -> bytes:
        target = io.BytesIO()
        np.savez_compressed(
            target,
            head=np.array([self.version, self.learned]),
            types=np.array(self.types),
            weights=self.weights,
            bias=self.bias,
        )
        return target.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> TypeModel:
        """Raises ``ValueError`` for what is no model, or one for other buckets than ours."""
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            return cls.from_arrays(arrays)

    @classmethod
    def from_arrays(cls, arrays: Any) -> TypeModel:
        version, learned = (int(number) for number in arrays["head"])
        types, weights, bias = tuple(map(str, arrays["types"])), arrays["weights"], arrays["bias"]
        if weights.shape != (len(types), grams.BUCKETS) or bias.shape != (len(types),):
            raise ValueError("a model of another shape")
        return cls(version, learned, types, weights, bias)


@dataclass(frozen=True, slots=True)
class Decision:
    """``by`` is ``rules`` or ``model N``; ``words`` are those that decided, weightiest first."""

    type: str
    confidence: float
    words: tuple[str, ...]
    by: str


@cache
def shipped() -> TypeModel:
    return TypeModel.from_bytes(SHIPPED.read_bytes())


def decide(pages: Sequence[PageReading], model: TypeModel) -> Decision:
    """Rules first; where they doubt, or where people have taught the model otherwise, the model, if it is sure enough."""
    kind, sure, words = classify(pages)
    if sure >= _RULES_SURE and not model.learned:
        return Decision(kind, sure, words, "rules")
    text = grams.text_of(pages)
    chances = model.chances(grams.vector(text))
    likely = max(chances, key=chances.__getitem__)
    least = _TAUGHT if sure >= _RULES_SURE else _LIKELY
    if likely == kind or chances[likely] < least:
        return Decision(kind, sure, words, "rules")
    return Decision(likely, round(chances[likely], 4), model.words(text, likely), f"model {model.version}")
