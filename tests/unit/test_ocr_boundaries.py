"""Documents out of a stack without cover sheets, and what printed page numbers say."""

from __future__ import annotations

import pytest

from services.kernel.paper import EngineInfo, Line, PageReading
from services.ocr.boundaries import documents
from services.ocr.numbering import missing, page_number

WIDTH, HEIGHT = 1240, 1754


def line(text: str, y: float, height: float = 30.0, x: float = 150.0) -> Line:
    right = x + len(text) * height
    return Line(text, ((x, y), (right, y), (right, y + height), (x, y + height)), 0.99)


def page(number: int, *body: str, title: str = "", foot: str = "") -> PageReading:
    lines = [line(title, 120, 60)] if title else []
    lines += [line(text, 300 + 60 * row) for row, text in enumerate(body)]
    lines += [line(foot, 1660)] if foot else []
    return PageReading(number, WIDTH, HEIGHT, 0, 0.0, not lines, tuple(lines), EngineInfo("told", "1", "none"))


PROSE = ("一、本合同经双方签字后生效。", "二、未尽事宜由双方另行协商。", "三、本合同一式四份。")


def parts(*pages: PageReading) -> list[list[int]]:
    return [[each.number for each in part] for part in documents(pages)]


def test_page_numbers_part_and_join() -> None:
    assert parts(
        page(1, *PROSE, title="商品房买卖合同", foot="第1页 共2页"),
        page(2, *PROSE, foot="第2页 共2页"),
        page(3, *PROSE, foot="第1页/共3页"),  # its title was lost
        page(4, *PROSE, foot="第2页/共3页"),
        page(5, *PROSE, foot="第3页/共3页"),
    ) == [[1, 2], [3, 4, 5]]


def test_titles_part_where_no_numbers_are_printed() -> None:
    assert parts(
        page(1, *PROSE, title="房屋租赁合同"),
        page(2, *PROSE),
        page(3, "交款人：张伟", title="收款收据"),
        page(4, "交款人：李娜", title="收款收据"),
    ) == [[1, 2], [3], [4]]


def test_a_title_no_taller_than_its_form_parts_where_the_number_is_another() -> None:
    body = ("受理人：李娜", "投诉内容：电梯停运", "处理结果：已修复")
    one, again, other = (
        ("远澄物业服务有限公司", "投诉受理登记表", f"编号：{number}", *body)
        for number in ("TS202007119", "TS202007117", "TS202304380")
    )
    assert parts(page(1, *one), page(2, *other)) == [[1], [2]]
    assert parts(page(1, *one), page(2, *again)) == [[1, 2]]  # one character: it was misread
    assert parts(page(1, *one), page(2, *body, "编号：TS202304380")) == [[1, 2]]  # no title
    assert parts(page(1, *one), page(2, "投诉受理登记表", *body)) == [[1, 2]]  # no number


@pytest.mark.parametrize("title", ["商品房买卖合同补充协议", "房屋租赁合同补充协议"])
def test_two_supplements_to_different_contracts_part_though_their_titles_are_no_taller(title: str) -> None:
    one, other = ((title, f"原合同编号：{number}", *PROSE) for number in ("YS2018811075", "YS2020378167"))
    assert parts(page(1, *one), page(2, *other)) == [[1], [2]]
    assert parts(page(1, *one), page(2, *one)) == [[1, 2]]


def test_a_form_that_is_filled_in_anew_is_another_and_a_repeated_head_is_not() -> None:
    def form(name: str, unit: str, phone: str) -> tuple[str, ...]:
        return ("房屋验收报告", "业主姓名", name, "联系电话", phone, "房号", unit, "序号", "验收项目")

    one = form("蔡雪悦", "枫林绿洲10幢3单元1903室", "17728453572")
    other = form("谢国庆", "观澜郡19幢2单元2403室", "18692623309")
    assert parts(page(1, *one, "1", "入户门"), page(2, *other, "1", "入户门")) == [[1], [2]]
    assert parts(page(1, *one, "1", "入户门"), page(2, *one, "12", "水表")) == [[1, 2]]
    assert parts(page(1, *one, "1", "入户门"), page(2, *other[1:], "12", "水表")) == [[1, 2]]  # no title


def test_two_sides_of_a_card_are_one_document_and_two_cards_are_two() -> None:
    front = ("姓名张伟", "性别男民族汉", "住址大连市中山区学府大道26号", "公民身份号码210202198805213913")
    back = ("居民身份证", "签发机关大连市公安局", "有效期限2022.12.14-2042.12.14")
    assert parts(page(1, *front), page(2, *back), page(3, *front), page(4, *back)) == [[1, 2], [3, 4]]
    assert parts(page(1, *back[1:], title=back[0]), page(2, *front)) == [[1, 2]]


def test_a_form_of_another_kind_begins_without_title_or_number() -> None:
    slip = ("付款人全称 张伟", "收款人全称 远澄置业", "开户行 中国银行", "交易流水号 2024031588", "电子回单专用章", "摘要 房款")
    assert parts(page(1, *PROSE, title="商品房买卖合同"), page(2, *PROSE), page(3, *slip)) == [[1, 2], [3]]


def test_backs_and_annexes_stay_with_their_document() -> None:
    assert parts(
        page(1, *PROSE, title="商品房买卖合同", foot="第1页 共1页"),
        page(2),
        page(3, "附件一：房屋平面图"),
        page(4, "交款人：张伟", title="收款收据"),
        page(5),
    ) == [[1, 2, 3], [4, 5]]


@pytest.mark.parametrize(
    ("foot", "number", "total"),
    [
        ("第2页 共5页", 2, 5),
        ("第 12 页/共 30 页", 12, 30),
        ("共5页 第2页", 2, 5),
        ("2/5", 2, 5),
        ("- 3 -", 3, None),
        ("第4页", 4, None),
    ],
)
def test_page_numbers_in_their_usual_forms(foot: str, number: int, total: int | None) -> None:
    found = page_number(page(1, *PROSE, foot=foot))
    assert found is not None
    assert (found.number, found.total) == (number, total)


@pytest.mark.parametrize("foot", ["第7页 共5页", "2023/03", "编号 12", ""])
def test_what_is_no_page_number(foot: str) -> None:
    assert page_number(page(1, *PROSE, foot=foot)) is None


def test_missing_and_swapped_pages_are_told() -> None:
    def problems(*numbers: int) -> list[tuple[str, int | None]]:
        pages = [page(place, *PROSE, foot=f"第{number}页 共5页") for place, number in enumerate(numbers, 1)]
        return [(problem.code, problem.page) for problem in missing(pages)]

    assert problems(1, 2, 3, 4, 5) == []
    assert problems(1, 2, 4, 5) == [("page_missing", 4)]
    assert problems(1, 3, 2, 4, 5) == [("page_order", 3)]
    assert problems(1, 2, 2, 3, 4, 5) == [("page_order", 3)]
