"""How sure a field is, so that of those said to be 99 % sure, 99 % are right.

A logistic model of a few numbers that a reading carries, with an intercept for each kind of field. It is data of this package
(``ocr/models/confidence.json``), made by ``python -m tests.bench.confidence --train`` from pages that the generator draws and
damages, and it is applied without the library that trained it. An engine that the model was not trained with keeps the
uncalibrated formula of ``fields.finder``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from services.kernel.paper import FieldReading
from services.ocr.fields.finder import Weighed

MODEL = Path(__file__).parents[1] / "models" / "confidence.json"
_SUREST = 0.9999  # more than this cannot be told from what the model was trained on
_FAILED, _REPAIRED, _HIDDEN = 0.5, 0.9, 0.9  # rare in the training: what a person must see, however well it reads
_LEAST = 1e-4
_NO_DOUBT = 0.002  # characters: what one must expect to be wrong in a value of which nothing is doubted
_KINDS = {
    "checked": "id_number credit_code",
    "digits": "bank_account phone",
    "sum": "amount amount_in_words unit_price",
    "date": "birth_date signed_on valid_from valid_until paid_on",
    "number": "contract_number permit_number filing_number voucher_number area",
    "choice": "gender ethnicity",
    "name": "party_seller party_buyer party_lessor party_lessee name organisation payer payee",
    "text": "address property_unit purpose",
}
KIND = {name: kind for kind, names in _KINDS.items() for name in names.split()}
"""The kind of each field: what its characters are drawn from decides how it is misread."""


@dataclass(frozen=True, slots=True)
class Model:
    """``weights`` by feature; ``version`` and ``source`` tell what it was made from."""

    version: str
    source: str
    engine: str
    weights: Mapping[str, float]

    def confidence(self, one: Weighed, *, sealed: bool = False) -> float:
        """0…1, the share of such readings that are right. ``sealed``: a seal lies over it, which may hide a point or a stroke
        and leave the rest as clear as ever; or it looks cut off (``_is_cut_off``)."""
        score = sum(self.weights.get(name, 0.0) * value for name, value in features(one).items())
        most = _FAILED if one.check == "failed" else _REPAIRED if one.repaired else _SUREST
        most = min(most, _HIDDEN) if (sealed or _is_cut_off(one)) and one.check != "ok" else most
        return min(most, 1 / (1 + math.exp(-max(-30.0, min(30.0, score)))))


def _is_cut_off(one: Weighed) -> bool:
    """An area in whole square metres, which one in a hundred is, has perhaps lost what stood behind its point; a price of
    nothing what stood before it; and a place that ends in a figure its 室 or 号."""
    if one.name == "area":
        return one.value.endswith(".00")
    if KIND.get(one.name) == "sum":
        return one.value == "0.00"
    return one.name in ("address", "property_unit") and one.value[-1:].isdigit()


def features(one: Weighed) -> dict[str, float]:
    """What the model is told of a reading."""
    kind = KIND.get(one.name, "text")
    return {
        f"kind {kind}": 1.0,
        "doubt": -math.log(one.doubt + _NO_DOUBT),
        "line": _logit(one.line),
        "print": _logit(one.print),
        "place": _logit(one.place),
        "twice": float(one.twice),
        f"ok {kind}": float(one.check == "ok"),
    }


@cache
def model() -> Model:
    return Model(**json.loads(MODEL.read_text("utf-8")))


def calibrated(one: FieldReading, engine: str, *, sealed: bool = False) -> FieldReading:
    """The reading with a confidence that can be believed."""
    sure = one.confidence
    if isinstance(one, Weighed) and engine == model().engine:
        sure = round(model().confidence(one, sealed=sealed), 4)
    return FieldReading(one.name, one.value, one.raw, one.page, one.box, sure, one.check, one.repaired, one.share)


def _logit(share: float) -> float:
    inside = min(max(share, _LEAST), 1 - _LEAST)
    return math.log(inside / (1 - inside))
