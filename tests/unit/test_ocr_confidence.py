"""The confidence of a field is a share of right readings: more doubt, less confidence; what failed its check is never sure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from services.kernel.paper import FIELD_NAMES, EngineInfo, FieldReading, Line, PageReading
from services.ocr.fields import weighed
from services.ocr.fields.confidence import KIND, calibrated, features, model
from services.ocr.fields.finder import Weighed
from tests.bench.confidence import at_most, error, fit

BOX = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
SURE = Weighed("amount", "16409.02", "16,409.02", 1, BOX, 0.97, "ok", doubt=0.3, line=0.4, print=0.6, place=0.9)


def sure(one: Weighed) -> float:
    return model().confidence(one)


def test_every_field_has_a_kind_and_the_model_knows_it() -> None:
    assert set(KIND) == set(FIELD_NAMES)
    for name in FIELD_NAMES:
        assert set(features(replace(SURE, name=name))) - set(model().weights) == set()
    assert "seeds" in model().source


@pytest.mark.parametrize("name", FIELD_NAMES)
def test_whatever_is_less_certain_is_less_sure(name: str) -> None:
    one = replace(SURE, name=name, check="none", print=0.9)
    for better in ("line", "print", "place"):
        steps = [sure(replace(one, **{better: share})) for share in (0.3, 0.6, 0.9, 0.99)]
        assert steps == sorted(steps)
    steps = [sure(replace(one, doubt=doubt)) for doubt in (1.5, 0.5, 0.1, 0.01)]
    assert steps == sorted(steps)
    assert steps[0] < steps[-1] - 0.1
    assert sure(replace(one, twice=True)) >= sure(one)


def test_a_check_that_passed_makes_surer_and_one_that_failed_never_sure() -> None:
    number = replace(SURE, name="id_number")
    assert sure(number) > sure(replace(number, check="none"))
    assert sure(replace(number, check="failed")) <= 0.5
    assert sure(replace(number, repaired=True)) <= 0.9


def test_an_area_in_whole_metres_has_perhaps_lost_its_decimals() -> None:
    area = replace(SURE, name="area", check="none", doubt=0.0, line=0.99, print=0.95)
    assert sure(replace(area, value="89.02")) > 0.99
    assert sure(replace(area, value="89.00")) <= 0.9
    assert sure(replace(area, value="89.00", check="ok")) > 0.99  # the price says so too


@pytest.mark.parametrize(
    ("name", "whole", "cut"),
    [
        ("unit_price", "18500.00", "0.00"),
        ("property_unit", "望江路362号20幢3单元1303室", "望江路362号20幢3单元1303"),
        ("address", "学府大道216号15号楼1单元1404室", "学府大道216号15号楼1单元14"),
    ],
)
def test_what_looks_cut_off_is_for_a_person_to_see(name: str, whole: str, cut: str) -> None:
    one = replace(SURE, name=name, value=whole, check="none", doubt=0.0, line=0.99, print=0.95)
    assert sure(one) > 0.95
    assert sure(replace(one, value=cut)) <= 0.9


def test_an_engine_that_the_model_was_not_made_with_keeps_its_own_confidence() -> None:
    assert calibrated(SURE, "tesseract").confidence == SURE.confidence
    done = calibrated(SURE, model().engine)
    assert type(done) is FieldReading
    assert done.confidence == round(sure(SURE), 4) != SURE.confidence
    assert (done.value, done.raw, done.check) == (SURE.value, SURE.raw, SURE.check)


def test_the_calibration_error_is_how_far_the_told_share_lies_from_the_true_one() -> None:
    assert error([1.0] * 100, [True] * 100) == 0
    assert error([0.9] * 100, [True] * 50 + [False] * 50) == pytest.approx(0.4, abs=0.11)


def test_what_none_wrong_of_so_many_shows_is_the_rule_of_three() -> None:
    assert at_most(0, 30_000) == pytest.approx(3 / 30_000, rel=0.01)
    assert at_most(1, 30_000) == pytest.approx(4.74 / 30_000, rel=0.01)
    assert at_most(3, 3) == 1.0


def test_evidence_never_speaks_against_a_value() -> None:
    rng = np.random.default_rng(3)
    table = np.column_stack([np.ones(2000), rng.uniform(0, 3, 2000), rng.uniform(0, 3, 2000)])
    right = rng.uniform(size=2000) < 1 / (1 + np.exp(-(table[:, 1] * 2 - table[:, 2])))
    base, told, against = fit(table, right, [False, True, True])
    assert told > 1
    assert against == 0
    assert base < 0  # what the third would have said is left to the intercept


def test_a_value_is_as_doubtful_as_its_own_characters_and_not_as_its_line() -> None:
    text = "买受人：张伟　联系电话：13812345678"
    line = Line(text, ((100, 100), (700, 100), (700, 130), (100, 130)), 0.97, 0.3, None, ((0, 0.4), (8, 0.3), (18, 0.9)))
    title = Line("商品房买卖合同", ((300, 20), (500, 20), (500, 60), (300, 60)), 0.99, 0.99, None, ())
    page = PageReading(1, 800, 1100, 0, 0.0, False, (title, line), EngineInfo("rapid", "0", "0"))
    found = weighed([page], "sale_contract")
    assert (found["party_buyer"][0].value, round(found["party_buyer"][0].doubt, 3)) == ("张伟", 0)
    assert (found["phone"][0].value, round(found["phone"][0].doubt, 3)) == ("13812345678", 0.1)
    assert found["phone"][0].line == 0.3
    untold = replace(page, lines=(title, replace(line, doubts=None)))
    assert weighed([untold], "sale_contract")["party_buyer"][0].doubt == pytest.approx(0.7)
