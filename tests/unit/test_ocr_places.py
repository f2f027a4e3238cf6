"""Where each character stands: a hit's box lies on its ink also where a line has wide gaps; copying gives no false spaces."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from functools import cache
from io import BytesIO

import numpy as np
import pypdfium2
import pytest
from PIL import Image, ImageDraw

from samples import fonts
from services.console import hits
from services.kernel.boxes import part_of_box
from services.kernel.paper import EngineInfo, Line, PageReading
from services.ocr import pixels as px
from services.ocr.engines import Engine, load_engine
from services.ocr.order import in_reading_order
from services.ocr.pdfa import PdfPage, write_pdfa
from services.ocr.places import doubts_together, places, retyped, together
from services.search.cutting import cut
from services.search.index.pages import pack, unpack

GAP = "|"


@cache
def engine() -> Engine:
    return load_engine("rapid")


def drawn(text: str, size: int, gap: int, role: str = "song") -> tuple[np.ndarray, list[tuple[str, float, float]]]:
    """A picture of one line, ``gap`` pixels for each ``|``, and the ink of each character from left to right."""
    image = Image.new("RGB", (2200, 200), "white")
    draw, face = ImageDraw.Draw(image), fonts.font(role, size)
    x, inks = 60.0, []
    for sign in text:
        if sign == GAP:
            x += gap
            continue
        left, _, right, _ = draw.textbbox((x, 120), sign, face, anchor="ls")
        draw.text((x, 120), sign, (20, 20, 20), face, anchor="ls")
        x += face.getlength(sign)
        if not sign.isspace():
            inks.append((sign, left, right))
    return np.asarray(image), inks


def read(pixels: np.ndarray) -> tuple[Line, ...]:
    return in_reading_order(engine().read(pixels))


@pytest.mark.parametrize("size", [28, 40])
@pytest.mark.parametrize("gap", [70, 160])
@pytest.mark.parametrize(
    "text",
    [
        "姓名|张伟|性别|男",
        "出卖人：|青岛海天置业有限公司",
        "电话１３８１２３４５６７８联系人王芳",
        "共|3|页",
        "合计|￥1234.00|元整",
    ],
)
def test_a_hit_lies_on_its_ink_where_the_line_has_gaps_and_mixed_widths(text: str, gap: int, size: int) -> None:
    pixels, inks = drawn(text, size, gap)
    signs = [(line, index) for line in read(pixels) for index, sign in enumerate(line.text) if not sign.isspace()]
    assert len(signs) == len(inks)
    for (line, index), (_, left, right) in zip(signs, inks, strict=True):
        (start, _), (end, _), _, _ = part_of_box(line.text, line.box, index, index + 1, line.places)
        assert abs((start + end) / 2 - (left + right) / 2) < 0.6 * size, (line, index)


def test_what_is_set_evenly_carries_no_places() -> None:
    pixels, _ = drawn("建筑面积89.50平方米，总价1234567.00元，身份证号码11010519491231002X", 32, 0)
    (line,) = read(pixels)
    assert line.places is None
    assert "places" not in line.to_json()


def gapped() -> Line:
    """姓名 and, after three ems, 张伟: 28 pixels an em, 7 ems in all."""
    centres = [(0.5 + ems) / 7 for ems in (0, 1, 5, 6)]
    box = ((100.0, 50.0), (296.0, 50.0), (296.0, 88.0), (100.0, 88.0))
    return Line("姓名张伟", box, 0.99, 0.98, places("姓名张伟", centres, 38 / 196))


def test_a_gap_moves_what_stands_behind_it() -> None:
    line = gapped()
    (left, _), (right, _), _, _ = part_of_box(line.text, line.box, 2, 4, line.places)
    assert (left, right) == pytest.approx((100 + 5 * 28, 296), abs=4)
    (left, _), (right, _), _, _ = hits.part_of(line.to_json()["box"], line.text, 0, 2, line.to_json()["places"])
    assert (left, right) == pytest.approx((100, 100 + 2 * 28), abs=4)


def test_places_travel_by_json_and_old_readings_have_none() -> None:
    line = gapped()
    assert Line.from_json(line.to_json()) == line
    told = line.to_json()
    del told["places"]
    assert Line.from_json(told).places is None


def test_tidying_takes_the_places_along() -> None:
    spaced = replace(gapped(), text="姓 名张伟", places=(0, 90, 95, 100, 140, 280, 710, 850, 860, 1000))
    line = retyped(spaced, "姓名张伟")
    assert line.places == (0, 90, 140, 280, 710, 850, 860, 1000)
    assert retyped(line, "姓名王伟").places is None  # not the same line: better evenly spread than wrong


def test_pieces_put_together_keep_the_gap_between_them() -> None:
    left = Line("姓名", ((0, 0), (56, 0), (56, 38), (0, 38)), 0.9)
    right = Line("张伟", ((140, 0), (196, 0), (196, 38), (140, 38)), 0.9)
    standing = together(left, right, "姓名张伟")
    assert standing is not None
    assert standing[4] == pytest.approx(1000 * 140 / 196, abs=25)


def test_the_index_keeps_places_beside_boxes_and_reads_what_was_packed_without() -> None:
    line = gapped()
    corners = [coordinate for point in line.box for coordinate in point]
    text = f"合同\n{line.text}"
    aligned = cut([text])[0].aligned
    stored = unpack(1, pack(text, aligned, [*corners, *corners], {1: line.places}))
    ((_, box, first, last, standing),) = stored.lines(5, 7)
    assert part_of_box(line.text, box, first, last, standing) == part_of_box(line.text, line.box, 2, 4, line.places)
    plain = unpack(1, pack(text, aligned, [*corners, *corners], {}))
    assert plain.places == {}


def page(*lines: Line) -> BytesIO:
    reading = PageReading(1, 1654, 2339, 0, 0.0, False, lines, EngineInfo("told", "1", "none"))
    out = BytesIO()
    picture = px.encode_jpeg(np.full((2339, 1654), 240, np.uint8))
    write_pdfa([PdfPage(picture, 1654, 2339, 200.0, reading)], out, title="档案")
    return out


def test_a_gap_is_no_space_in_what_is_copied_and_text_lies_on_its_ink(tmp_path) -> None:
    line, below = gapped(), Line("建筑面积", ((100, 150), (296, 150), (296, 188), (100, 188)), 0.99)
    pdf = page(line, below)
    with pypdfium2.PdfDocument(pdf) as document:
        text = document[0].get_textpage()
        assert text.get_text_bounded().split("\r\n") == ["姓名张伟", "建筑面积"]
        left, *_ = text.get_charbox(2, loose=True)
    assert left == pytest.approx((100 + 5 * 28) * 72 / 200, abs=1.5)
    path = tmp_path / "page.pdf"
    path.write_bytes(pdf.getvalue())
    for options in ([], ["-raw"], ["-layout"]):
        told = subprocess.run(["pdftotext", *options, path, "-"], capture_output=True, text=True, check=True).stdout
        assert [each.strip() for each in told.strip("\f\n").split("\n") if each.strip()] == ["姓名张伟", "建筑面积"]


def test_doubts_stay_with_their_characters_when_a_line_is_tidied_or_put_together() -> None:
    box = ((0.0, 0.0), (90.0, 0.0), (90.0, 30.0), (0.0, 30.0))
    read = Line("张 伟１３", box, 0.9, 0.5, None, ((2, 0.5), (4, 0.7)))
    tidied = retyped(read, "张伟13")
    assert tidied.doubts == ((1, 0.5), (3, 0.7))
    assert retyped(read, "张三").doubts is None  # it is no longer known which is which
    right = Line("No7", box, 0.9, 0.6, None, ((2, 0.6),))
    assert doubts_together(tidied, right, "张伟13 No7") == ((1, 0.5), (3, 0.7), (7, 0.6))
    assert doubts_together(tidied, right, "张伟13No7") == ((1, 0.5), (3, 0.7), (6, 0.6))
    assert doubts_together(tidied, Line("No7", box, 0.9), "张伟13 No7") is None
    assert Line.from_json(tidied.to_json()) == tidied
