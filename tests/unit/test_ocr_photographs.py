"""Sheets photographed on a desk, and sheets whose back shines through: both are read as if they had been scanned."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from samples import make
from samples.damage import Scan, damaged
from samples.truth import PageTruth
from services.kernel.paper import Line, PageReading
from services.ocr import pixels as px
from services.ocr.ghosts import read_through
from services.ocr.page import read_page
from services.ocr.photographs import laid_flat
from services.ocr.raster import Raster
from services.ocr.stamps import THUMB_STEP
from tests.bench.scoring import Score
from tests.eyes import engine, turns

DPI = 200


def seen(kind: str, damage: str, seed: int = 31) -> tuple[Raster, PageTruth]:
    sheet = make(kind, seed).sheets[0]
    scan = damaged(Scan(sheet.render(DPI), DPI), damage, Random(seed))
    return Raster(np.asarray(scan.image.convert("RGB")), DPI), sheet.truth()


def error_rate(raster: Raster, truth: PageTruth) -> tuple[float, PageReading]:
    reading, _ = read_page(raster, 1, engine(), turns())
    score = Score()
    score.add(truth, reading.text)
    return score.cer, reading


@pytest.mark.parametrize("kind", ["sale_contract", "invoice", "household_register", "payment_voucher"])
@pytest.mark.parametrize("damage", ["photo", "photo:15", "photo:12+turned:90"])
def test_a_photographed_sheet_is_read_in_its_order(kind: str, damage: str) -> None:
    raster, truth = seen(kind, damage)
    rate, reading = error_rate(raster, truth)
    assert rate < 0.02
    assert not any(problem.code == "cut_off" for problem in reading.problems)


def test_the_page_has_the_form_of_its_paper_and_no_desk() -> None:
    raster, _ = seen("sale_contract", "photo:6")
    flat = laid_flat(raster, px.shrunk(raster.pixels, THUMB_STEP), THUMB_STEP)
    height, width = flat.pixels.shape[:2]
    assert height / width == pytest.approx(297 / 210, rel=0.01)
    assert flat.jpeg is None, "the scanner's JPEG shows the desk"
    border = np.concatenate(
        [side.ravel() for side in (flat.pixels[:6], flat.pixels[-6:], flat.pixels[:, :6], flat.pixels[:, -6:])]
    )
    assert np.median(border) > 150


@pytest.mark.parametrize(
    "damage", ["clean", "skew:3", "skew:10", "dark_edge", "low_contrast", "noise:9", "turned:90", "stamped", "punched"]
)
def test_a_scan_is_left_as_it_is(damage: str) -> None:
    raster, _ = seen("sale_contract", damage)
    assert laid_flat(raster, px.shrunk(raster.pixels, THUMB_STEP), THUMB_STEP) is raster


@pytest.mark.parametrize("kind", ["sale_contract", "invoice", "power_of_attorney", "payment_voucher", "bank_slip"])
def test_what_shines_through_is_not_read(kind: str) -> None:
    rate, _ = error_rate(*seen(kind, "bleed_through"))
    assert rate < 0.08  # it was up to 0.43


@pytest.mark.parametrize(
    ("text", "confidence", "weakest", "stays"),
    [
        ("买受人签字", 0.95, 0.8, True),
        ("后公", 0.96, 0.94, False),  # of a few mirrored strokes a reader is easily sure
        ("合格", 0.995, 0.99, True),
        ("买受人签字", 0.9, 0.8, False),
    ],
)
def test_what_was_read_surely_before_the_ghosts_went_stays(text: str, confidence: float, weakest: float, stays: bool) -> None:
    ghostly = np.full((2339, 1654), 250, np.uint8)
    for row in range(200, 2000, 60):
        ghostly[row : row + 20, 200:1400:12] = 210  # pale
        ghostly[row : row + 20, 204:1400:48] = 20
    box = ((10.0, 10.0), (90.0, 10.0), (90.0, 30.0), (10.0, 30.0))
    line, unsure = Line(text, box, confidence, weakest), Line("ΕΙΙ琴备", box, 0.6, 0.2)
    answers = [[line, *[unsure] * 3], []]
    assert read_through(ghostly, lambda pixels: answers.pop(0)) == ([line] if stays else [])
    assert answers == [], "the page is read again without its ghosts"


def test_pale_print_on_a_page_without_ghosts_is_read() -> None:
    raster, truth = seen("sale_contract", "clean")
    pale = raster.pixels.copy()
    half = pale.shape[0] // 2
    pale[half:] = 255 - (255 - pale[half:]) // 5  # as a ribbon that ran dry
    rate, _ = error_rate(Raster(pale, DPI), truth)
    assert rate < 0.05
