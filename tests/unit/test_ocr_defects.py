"""What the scanner did to a page is told with its reason and its place (DA/T 31-2017)."""

from __future__ import annotations

from random import Random

import cv2
import numpy as np
import pytest

import samples
from samples.damage import Scan, damaged
from services.kernel.paper import WARNINGS, Line, Problem
from services.ocr.defects import defects
from services.ocr.pixels import Pixels

KINDS = ("sale_contract", "id_card", "payment_voucher", "invoice")
DPI = 200


def scanned(kind: str, damage: str, dpi: int = DPI) -> tuple[Pixels, list[Line]]:
    """The first page as grey pixels, and its lines where they were drawn."""
    document = samples.make(kind, 951000)
    scan = damaged(Scan(document.images(dpi)[0], dpi), damage, Random(1))
    grey = np.asarray(scan.image.convert("L"))
    height, width = grey.shape
    truth = document.page_truths()[1]
    boxes = ((a * width, b * height, c * width, d * height) for a, b, c, d in truth.boxes)
    places = (((a, b), (c, b), (c, d), (a, d)) for a, b, c, d in boxes)
    return grey, [Line(text, box, 1.0) for text, box in zip(truth.lines, places, strict=True)]


def codes(pixels: Pixels, lines: list[Line], dpi: float = DPI) -> list[str]:
    return [problem.code for problem in defects(pixels, lines, dpi, 1)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("damage", ["clean", "skew:2", "low_contrast", "fax", "noise:20", "dark_edge", "punched"])
def test_a_page_in_focus_has_none(kind: str, damage: str) -> None:
    assert codes(*scanned(kind, damage)) == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("damage", ["clean", "low_contrast"])
def test_a_page_out_of_focus_is_told_with_its_worst_line(kind: str, damage: str) -> None:
    pixels, lines = scanned(kind, damage)
    (found,) = defects(cv2.GaussianBlur(pixels, (0, 0), 2.6), lines, DPI, 3)
    assert (found.code, found.page) == ("blurred", 3)
    assert found.box in [line.box for line in lines]


def test_writing_that_runs_into_the_edge_is_told_with_its_place() -> None:
    pixels, lines = scanned("sale_contract", "clean")
    widest = max(lines, key=lambda line: line.box[1][0])
    cut = round(widest.box[1][0]) - 30
    kept = [Line(each.text, tuple((min(x, float(cut)), y) for x, y in each.box), 1.0) for each in lines]  # type: ignore[arg-type]
    found = list(defects(pixels[:, :cut], kept, DPI, 1))
    assert [each.code for each in found] == ["cut_off"]
    assert found[0].box is not None and found[0].box[1][0] == cut


def test_a_dark_page_is_told() -> None:
    pixels, lines = scanned("sale_contract", "clean")
    assert codes((pixels // 4).astype(np.uint8), lines) == ["too_dark"]


def test_a_place_is_kept_with_the_problem_and_the_words_are_there() -> None:
    told = Problem("blurred", "Scan it again.", 2, ((1.0, 2.0), (3.0, 2.0), (3.0, 4.0), (1.0, 4.0)))
    assert Problem.from_json(told.to_json()) == told
    assert "box" not in Problem("blurred", "Scan it again.").to_json()
    assert {"blurred", "too_dark", "cut_off"} <= WARNINGS
