"""The recipe for one page, with an engine that reads what the test says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from services.kernel.paper import EngineInfo, Line
from services.ocr import pixels as px
from services.ocr.jpeg import jpeg_header
from services.ocr.page import picture_dpi, read_page
from services.ocr.pixels import Pixels
from services.ocr.raster import Raster
from services.ocr.stamps import THUMB_STEP, without_seals

BOX = ((100.0, 100.0), (500.0, 100.0), (500.0, 140.0), (100.0, 140.0))


@dataclass
class Told:
    """Reads ``lines`` with the confidence set for the turn in which the page's dark corner lies."""

    lines: tuple[str, ...] = ("商品房买卖合同", "合同编号：YS2024001")
    confidences: dict[str, float] = field(default_factory=lambda: {"top left": 0.99})
    seen: list[Pixels] = field(default_factory=list)
    info = EngineInfo("told", "1", "none")

    def read(self, pixels: Pixels, dpi: float = 200.0) -> list[Line]:
        self.seen.append(pixels)
        confidence = self.confidences.get(corner(pixels), 0.55)
        return [
            Line(text, tuple((x, y + 60 * row) for x, y in BOX), confidence)  # type: ignore[arg-type]
            for row, text in enumerate(self.lines)
        ]

    def read_strip(self, pixels: Pixels) -> Line | None:
        return None

    def reread(self, pixels: Pixels, lines: Sequence[Line]) -> list[Line]:
        return list(lines)


def corner(pixels: Pixels) -> str:
    grey = px.grey(pixels)
    half_y, half_x = grey.shape[0] // 2, grey.shape[1] // 2
    means = {
        "top left": grey[:half_y, :half_x].mean(),
        "top right": grey[:half_y, half_x:].mean(),
        "bottom left": grey[half_y:, :half_x].mean(),
        "bottom right": grey[half_y:, half_x:].mean(),
    }
    return min(means, key=lambda name: float(means[name]))


def paper(colour: tuple[int, int, int] = (255, 255, 255)) -> Pixels:
    return np.full((1169, 827, 3), colour, np.uint8)


def printed() -> Pixels:
    page = paper()
    page[100:500:8, 80:400] = 20
    return page


def turns(*likely: tuple[int, float]):
    return lambda pixels: likely


SURE = turns((0, 0.92), (180, 0.03), (90, 0.03), (270, 0.02))


def codes(reading) -> list[str]:
    return [problem.code for problem in reading.problems]


@pytest.mark.parametrize("shade", [255, 230, 200])
def test_a_blank_back_is_blank_and_not_read(shade: int) -> None:
    page = paper((shade, shade, shade - 10))
    page[:30] = 60  # the scanner's lid
    page[600:602, 300:302] = 0  # a speck
    engine = Told()
    reading, jpeg = read_page(Raster(page, 200.0), 4, engine, SURE)
    assert (reading.blank, reading.lines, codes(reading), reading.number) == (True, (), [], 4)
    assert not engine.seen
    assert jpeg_header(jpeg).width == 827


def test_a_page_with_next_to_no_ink_and_no_text_is_blank() -> None:
    page = paper()
    page[300:312, 300:312] = 0
    reading, _ = read_page(Raster(page, 200.0), 1, Told(lines=()), SURE)
    assert (reading.blank, codes(reading)) == (True, [])


def test_a_page_that_is_not_blank_and_gives_no_text_is_a_problem() -> None:
    reading, _ = read_page(Raster(printed(), 200.0), 3, Told(lines=()), SURE)
    assert not reading.blank
    assert [(problem.code, problem.page) for problem in reading.problems] == [("nothing_read", 3)]


def test_doubtful_reading_and_coarse_scans_are_problems() -> None:
    reading, _ = read_page(Raster(printed(), 120.0), 1, Told(confidences={"top left": 0.7}), SURE)
    assert codes(reading) == ["low_resolution", "low_confidence"]


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_page_that_was_fed_turned_comes_upright(turn: int) -> None:
    fed = px.turned(printed(), (360 - turn) % 360)
    reading, jpeg = read_page(Raster(fed, 200.0), 1, Told(), turns((turn, 0.92), ((turn + 90) % 360, 0.04)))
    assert reading.rotation == turn
    header = jpeg_header(jpeg)
    assert (reading.width, reading.height) == (header.width, header.height) == (827, 1169)
    assert corner(px.decode_jpeg(jpeg)) == "top left"


def test_an_unsure_classifier_is_checked_by_reading() -> None:
    fed = px.turned(printed(), 180)
    reading, _ = read_page(Raster(fed, 200.0), 1, Told(), turns((0, 0.4), (180, 0.3), (90, 0.2), (270, 0.1)))
    assert reading.rotation == 180


def test_a_sure_classifier_is_corrected_where_the_page_reads_badly() -> None:
    fed = px.turned(printed(), 180)
    reading, _ = read_page(Raster(fed, 200.0), 1, Told(), SURE)
    assert (reading.rotation, codes(reading)) == (180, [])


def test_the_scanner_s_own_jpeg_is_the_page_picture_and_boxes_fit_it() -> None:
    master = px.encode_jpeg(px.scaled(printed(), 1.5))
    raster = Raster(printed(), 200.0, master)
    reading, jpeg = read_page(raster, 1, Told(), SURE)
    assert jpeg == master
    assert (reading.width, reading.height) == (1240, 1754)
    assert reading.lines[0].box[2] == pytest.approx((500 * 1240 / 827, 140 * 1240 / 827))
    assert picture_dpi(raster, reading) == pytest.approx(300, abs=1)


def test_colour_stays_and_grey_paper_does_not_pay_for_it() -> None:
    stamped = printed()
    stamped[700:900, 300:500] = (200, 40, 40)
    assert jpeg_header(read_page(Raster(stamped, 200.0), 1, Told(), SURE)[1]).components == 3
    assert jpeg_header(read_page(Raster(printed(), 200.0), 1, Told(), SURE)[1]).components == 1


def ring(page: Pixels, x: int, y: int, radius: int) -> None:
    rows, columns = np.ogrid[: page.shape[0], : page.shape[1]]
    away = np.hypot(rows - y, columns - x)
    page[(away < radius) & (away > radius - 14)] = (205, 50, 60)


def test_a_seal_is_paper_and_the_black_under_it_stays() -> None:
    page = printed()
    ring(page, 400, 450, 150)
    black = (printed() == 20).all(axis=2)
    cleared, ((x, y, width, height),) = without_seals(page, px.shrunk(page, THUMB_STEP), 200.0)
    red = (page[..., 0] == 205) & ~black
    assert x <= 250 and y <= 300 and x + width >= 550 and y + height >= 600
    assert cleared[red].min() > 240
    assert cleared[black & (page[..., 0] == 20)].max() < 60


def test_on_grey_paper_a_seal_leaves_no_edge_that_would_end_a_line() -> None:
    page = (printed().astype(np.float32) * (75 / 255) + 140).astype(np.uint8)  # low contrast: ink of 146 on paper of 215
    plain = page.copy()
    ring(page, 400, 450, 150)
    grain = np.random.default_rng(5).integers(0, 20, page.shape[:2], np.uint8)
    page[..., 0] -= np.where(page[..., 0] == 205, grain, 0).astype(np.uint8)  # a pad that was partly dry
    cleared, _ = without_seals(page, px.shrunk(page, THUMB_STEP), 200.0)
    assert cleared.max() == int(np.median(plain))
    red = page[..., 1] == 50
    assert (cleared[red] == int(np.median(plain))).mean() > 0.97
    assert cleared[(plain[..., 0] < 160) & ~red].max() < 175


def test_pale_grey_print_within_a_seal_stays() -> None:
    page = paper()
    ring(page, 400, 450, 150)
    page[440:460, 360:440] = 190  # a ribbon that ran dry: lighter than a third of the page's contrast
    cleared, _ = without_seals(page, px.shrunk(page, THUMB_STEP), 200.0)
    assert cleared[450, 400] < cleared[100, 100] - 10


def test_a_red_heading_is_not_a_seal() -> None:
    page = paper()
    page[100:150, 100:700] = (205, 50, 60)
    grey, seals = without_seals(page, px.shrunk(page, THUMB_STEP), 200.0)
    assert grey[120, 400] < 130 and seals == []
