"""The confidence of a field is a share of right readings: more doubt, less confidence; what failed its check is never sure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.kernel.paper import FIELD_NAMES, FieldReading
from services.ocr.confidence import KIND, calibrated, features, model
from services.ocr.fields.finder import Weighed
from tests.bench.confidence import error

BOX = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
SURE = Weighed("amount", "16409.02", "16,409.02", 1, BOX, 0.97, "ok", weakest=0.4, print=0.6, place=0.9)


def sure(one: Weighed) -> float:
    return model().confidence(one)


def test_every_field_has_a_kind_and_the_model_knows_it() -> None:
    assert set(KIND) == set(FIELD_NAMES)
    for name in FIELD_NAMES:
        assert set(features(replace(SURE, name=name))) - set(model().weights) == set()
    assert "seeds" in model().source


@pytest.mark.parametrize("name", FIELD_NAMES)
@pytest.mark.parametrize("trouble", ["weakest", "print", "place"])
def test_whatever_is_less_certain_is_less_sure(name: str, trouble: str) -> None:
    one = replace(SURE, name=name, check="none")
    steps = [sure(replace(one, **{trouble: share})) for share in (0.3, 0.6, 0.9, 0.99)]
    assert steps == sorted(steps)
    assert steps[0] < steps[-1]


def test_a_check_that_passed_makes_surer_and_one_that_failed_never_sure() -> None:
    number = replace(SURE, name="id_number")
    assert sure(number) > sure(replace(number, check="none"))
    assert sure(replace(number, check="failed")) <= 0.5
    assert sure(replace(number, repaired=True)) <= 0.9


def test_an_engine_that_the_model_was_not_made_with_keeps_its_own_confidence() -> None:
    assert calibrated(SURE, "tesseract").confidence == SURE.confidence
    done = calibrated(SURE, model().engine)
    assert type(done) is FieldReading
    assert done.confidence == round(sure(SURE), 4) != SURE.confidence
    assert (done.value, done.raw, done.check) == (SURE.value, SURE.raw, SURE.check)


def test_the_calibration_error_is_how_far_the_told_share_lies_from_the_true_one() -> None:
    assert error([1.0] * 100, [True] * 100) == 0
    assert error([0.9] * 100, [True] * 50 + [False] * 50) == pytest.approx(0.4, abs=0.11)
