"""The searchable rendition: valid, flat in memory, and its text copies as it was read."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO

import numpy as np
import pikepdf
import pypdfium2
import pytest
from pikepdf import pdfa

from services.kernel.errors import InvalidInput
from services.kernel.paper import EngineInfo, Line, PageReading
from services.ocr import pixels as px
from services.ocr.glyphless import font_program
from services.ocr.pdfa import PdfPage, write_pdfa

TEXT = (
    "商品房买卖合同（预售）",
    "合同编号：YS(2024)第000123号",
    "出卖人：青岛 Haitian 置业有限公司",
    "买受人：𠮷田龘，身份证号码：11010519491231002X",
    "建筑面积 89.50 ㎡，总价￥1,234,567.00元（大写：壹佰贰拾叁万肆仟伍佰陆拾柒元整）",
)


def turned(point: tuple[float, float], degrees: float) -> tuple[float, float]:
    """Clockwise about the middle of the page."""
    x, y, angle = point[0] - 827, point[1] - 1170, np.radians(degrees)
    return float(827 + x * np.cos(angle) - y * np.sin(angle)), float(1170 + x * np.sin(angle) + y * np.cos(angle))


def page(texts: tuple[str, ...] = TEXT, *, tilt: float = 0.0, colour: bool = False) -> PdfPage:
    lines = []
    for row, text in enumerate(texts):
        left, top, right, bottom = 150.0, 200.0 + 60 * row, 150.0 + 28.0 * len(text), 240.0 + 60 * row
        corners = (left, top), (right, top), (right, bottom), (left, bottom)
        lines.append(Line(text, tuple(turned(corner, tilt) for corner in corners), 0.98))
    reading = PageReading(1, 1654, 2339, 0, tilt, False, tuple(lines), EngineInfo("told", "1", "none"))
    shape = (2339, 1654, 3) if colour else (2339, 1654)
    return PdfPage(px.encode_jpeg(np.full(shape, 240, np.uint8)), 1654, 2339, 200.0, reading)


def written(*pages: PdfPage, title: str = "档案") -> BytesIO:
    out = BytesIO()
    assert write_pdfa(iter(pages), out, title=title) == len(pages)
    return out


def copied(pdf: BytesIO, number: int = 0) -> list[str]:
    with pypdfium2.PdfDocument(pdf) as document:
        return document[number].get_textpage().get_text_bounded().split("\r\n")


@pytest.mark.parametrize("tilt", [-5.0, -2.0, 0.0, 0.5, 3.0])
def test_text_copies_with_its_order_and_line_breaks_and_without_false_spaces(tilt: float, tmp_path) -> None:
    pdf = written(page(tilt=tilt))
    assert copied(pdf) == list(TEXT)
    path = tmp_path / "page.pdf"
    path.write_bytes(pdf.getvalue())
    for options in ([], ["-raw"]):
        told = subprocess.run(["pdftotext", *options, path, "-"], capture_output=True, text=True, check=True).stdout
        assert [line for line in told.strip("\f\n").split("\n") if line] == list(TEXT)


def test_columns_copy_from_right_to_left_and_lie_on_their_ink(tmp_path) -> None:
    texts = ("立杜绝卖契人张伟", "今将祖遗坐落望江路房屋", "叁间", "恐后无凭立此卖契")
    lines = []
    for index, text in enumerate(texts):
        left, bottom = 1200.0 - 90 * index, 300.0 + 50 * len(text)
        lines.append(Line(text, ((left, 300), (left + 50, 300), (left + 50, bottom), (left, bottom)), 0.99))
    blank = page(())
    reading = PageReading(1, 1654, 2339, 0, 0.0, False, tuple(lines), blank.reading.engine)
    pdf = written(PdfPage(blank.jpeg, 1654, 2339, 200.0, reading))
    assert "".join(copied(pdf)) == "".join(texts)  # PDFium has columns run on
    titled = replace(reading, lines=(*page(("房屋历史契证复制件",)).reading.lines, *lines))
    beside_print = copied(written(PdfPage(blank.jpeg, 1654, 2339, 200.0, titled)))
    assert "".join(beside_print) == "".join(("房屋历史契证复制件", *texts))
    path = tmp_path / "page.pdf"
    path.write_bytes(pdf.getvalue())
    told = subprocess.run(["pdftotext", path, "-"], capture_output=True, text=True, check=True).stdout
    columns = told.split()
    assert sorted(columns) == sorted(texts)
    assert [each for each in columns if len(each) > 1] == [each for each in texts if len(each) > 1]  # one sign has no direction
    with pypdfium2.PdfDocument(pdf) as document:
        left, bottom, right, top = document[0].get_textpage().get_charbox(2, loose=True)
    scale = 72 / 200
    assert (left, right) == pytest.approx((1200 * scale, 1250 * scale), abs=3)
    assert (2339 - top / scale, 2339 - bottom / scale) == pytest.approx((400, 450), abs=8)


def test_a_line_of_one_character_copies_too() -> None:
    assert copied(written(page(("男", "汉族", "1")))) == ["男", "汉族", "1"]


def test_it_is_valid_and_says_what_it_is() -> None:
    pdf = written(page(), page(colour=True), page(()), title="收据 <张伟> & 副本")
    assert pdfa.validate_written(BytesIO(pdf.getvalue()), "2b").passed
    with pikepdf.open(pdf) as document:
        assert [int(sheet.MediaBox[2]) for sheet in document.pages] == [595, 595, 595]
        with document.open_metadata() as metadata:
            assert metadata["pdfaid:part"] == "2"
            assert metadata["dc:title"] == "收据 <张伟> & 副本"


def test_each_page_keeps_its_own_text_and_picture() -> None:
    pages = [page((f"第{number}页",)) for number in range(1, 8)]
    pdf = written(*pages)
    assert [copied(pdf, index) for index in range(7)] == [[f"第{number}页"] for number in range(1, 8)]
    with pikepdf.open(pdf) as document:
        assert document.pages[3].Resources.XObject.Im0.read_raw_bytes() == pages[3].jpeg


def test_a_box_marks_its_line() -> None:
    with pypdfium2.PdfDocument(written(page())) as document:
        text = document[0].get_textpage()
        left, bottom, _, top = text.get_charbox(0, loose=True)
        last = text.get_charbox(len(TEXT[0]) - 1, loose=True)
    scale = 72 / 200
    assert left == pytest.approx(150 * scale, abs=1)
    assert last[2] == pytest.approx((150 + 28 * len(TEXT[0])) * scale, abs=1)
    assert (bottom, top) == pytest.approx(((2339 - 240) * scale, (2339 - 200) * scale), abs=2)


def test_an_odd_sheet_still_has_a_lawful_size() -> None:
    scrap = page(())
    vast = PdfPage(scrap.jpeg, 1654, 2339, 5.0, scrap.reading)
    with pikepdf.open(written(vast)) as document:
        assert max(float(edge) for edge in document.pages[0].MediaBox) <= 14_400


def test_no_pages_and_no_pictures_are_refused_and_nothing_is_written() -> None:
    out = BytesIO()
    with pytest.raises(InvalidInput):
        write_pdfa([], out, title="leer")
    with pytest.raises(InvalidInput):
        write_pdfa([PdfPage(b"no JPEG", 10, 10, 200.0, page().reading)], out, title="x")
    assert out.getvalue() == b""


def test_the_font_is_always_the_same() -> None:
    assert font_program() == font_program()


def test_memory_does_not_grow_with_the_pages(tmp_path) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (1169, 827, 3), np.uint8)
    base = page()
    jpeg = px.encode_jpeg(noise)

    def pages(count: int) -> Iterator[PdfPage]:
        for _ in range(count):
            yield PdfPage(bytes(bytearray(jpeg)), 827, 1169, 100.0, base.reading)

    with (tmp_path / "small.pdf").open("w+b") as out:
        write_pdfa(pages(5), out, title="small")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with (tmp_path / "large.pdf").open("w+b") as out:
        write_pdfa(pages(150), out, title="large")
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    unit = 1024 if sys.platform == "linux" else 1
    assert grown * unit < 25 * len(jpeg)
