"""Reading order from boxes alone: rows, columns, tilt."""

import math
import random

import pytest

from services.kernel.paper import Box, Line
from services.ocr.order import in_reading_order, tilt


def line(text: str, x: float, y: float, width: float, height: float = 30.0) -> Line:
    return Line(text, ((x, y), (x + width, y), (x + width, y + height), (x, y + height)), 0.9)


def leaned(lines: list[Line], degrees: float) -> list[Line]:
    """Turned clockwise about the page's corner."""
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))

    def turn(box: Box) -> Box:
        a, b, c, d = ((x * cosine - y * sine, x * sine + y * cosine) for x, y in box)
        return (a, b, c, d)

    return [Line(item.text, turn(item.box), item.confidence) for item in lines]


def texts(lines: list[Line]) -> list[str]:
    shuffled = lines.copy()
    random.Random(7).shuffle(shuffled)
    return [item.text for item in in_reading_order(shuffled)]


TABLE = [line(f"第{row}行{column}", 100 + 500 * column, 100 + 60 * row, 200) for row in range(12) for column in range(3)]


@pytest.mark.parametrize("degrees", [-5, -2, 0, 1, 3, 6])
def test_a_leaning_table_is_read_row_by_row(degrees: float) -> None:
    lines = leaned(TABLE, degrees)
    assert texts(lines) == [item.text for item in TABLE]
    assert tilt(lines) == pytest.approx(degrees, abs=0.05)


def test_running_text_in_two_columns_is_read_column_by_column() -> None:
    heading = line("补充协议", 500, 40, 600, 60)
    left = [line(f"左{row:02}", 100, 150 + 50 * row, 650) for row in range(20)]
    right = [line(f"右{row:02}", 850, 152 + 50 * row, 650) for row in range(20)]
    footer = line("第1页共2页", 600, 1250, 400)
    assert texts([heading, *left, *right, footer]) == [item.text for item in (heading, *left, *right, footer)]


def test_cells_of_one_row_that_cross_the_middle_stay_in_their_row() -> None:
    rows = [[line(f"名{row}", 100, 100 + 60 * row, 150), line(f"值{row}", 300, 103 + 60 * row, 900)] for row in range(8)]
    assert texts([item for row in rows for item in row]) == [item.text for row in rows for item in row]


def test_pieces_that_touch_are_one_line_and_a_gap_parts_two() -> None:
    torn = [line("买受人身份证", 100, 100, 180), line("号码：", 282, 102, 90), line("性别：女", 700, 100, 120)]
    first, second = in_reading_order(torn)
    assert (first.text, second.text) == ("买受人身份证号码：", "性别：女")
    assert first.box == ((100, 100), (372, 102), (372, 132), (100, 130))


def test_no_lines_no_tilt() -> None:
    assert in_reading_order([]) == ()
    assert tilt([line("短", 10, 10, 30)]) == 0.0


def test_a_box_is_read_with_all_its_lines_before_the_next() -> None:
    caption, next_caption = line("权利其他状况", 120, 130, 160), line("登记机构", 120, 230, 160)
    value = [line("房屋结构：钢筋混凝土结构", 320, 110, 600), line("房屋总层数：33层", 320, 150, 400)]
    title, foot = line("不动产权证书", 400, 20, 300, 60), line("第1页", 500, 400, 80)
    boxes = [(100, 100, 300, 200), (300, 100, 1000, 200), (100, 200, 300, 300)]
    lines = [title, caption, *value, next_caption, foot]
    random.Random(7).shuffle(lines)
    read = [item.text for item in in_reading_order(lines, boxes)]
    assert read == [item.text for item in (title, caption, *value, next_caption, foot)]


def test_a_cell_whose_rules_were_not_seen_is_read_in_its_place() -> None:
    boxes = [(100, 100, 300, 200), (500, 100, 700, 200), (100, 200, 300, 300), (300, 200, 500, 300), (500, 200, 700, 300)]
    first = [
        line("建筑面积", 120, 130, 150),
        line("套内建筑", 320, 115, 150),
        line("面积", 320, 150, 80),
        line("用途", 520, 130, 90),
    ]
    second = [line("128.28", 120, 230, 100), line("100.63", 320, 230, 100), line("住宅", 520, 230, 90)]
    outside = line("第二联", 720, 130, 60)
    lines = [*first, *second, outside]
    random.Random(3).shuffle(lines)
    assert [item.text for item in in_reading_order(lines, boxes)] == [item.text for item in (*first, outside, *second)]


def test_a_rule_beside_a_cell_is_no_bracket() -> None:
    boxes = [(100, 100, 200, 150), (200, 100, 400, 150), (400, 100, 600, 150), (600, 100, 800, 150)]
    lines = [
        line("[16", 97, 110, 60),
        line("张伟]", 230, 110, 172),
        line("[附件一]", 398, 110, 150),
        line("[备注", 640, 110, 100),
    ]
    assert [item.text for item in in_reading_order(lines, boxes)] == ["16", "张伟", "[附件一]", "[备注"]


def test_an_upright_caption_is_read_where_it_begins() -> None:
    upright = Line("购买方信息", ((100, 100), (130, 100), (130, 280), (100, 280)), 0.9)
    beside = [line(f"第{row}行", 200, 108 + 50 * row, 300) for row in range(4)]
    assert texts([*beside, upright]) == ["购买方信息", *(item.text for item in beside)]


def test_a_heading_stands_in_no_row_with_small_print() -> None:
    heading = line("营业执照", 600, 100, 400, 90)
    small = [line("统一社会信用代码", 100, 90, 200), line("91440106MA7CN69K3X", 100, 140, 260)]
    assert texts([heading, *small]) == ["统一社会信用代码", "营业执照", "91440106MA7CN69K3X"]


def column(text: str, x: float, top: float, width: float = 50.0) -> Line:
    bottom = top + width * max(1, len(text))
    return Line(text, ((x, top), (x + width, top), (x + width, bottom), (x, bottom)), 0.9)


DEED = [
    column("立杜绝卖契人张伟", 1400, 300),
    column("今将祖遗坐落望江路房屋叁间", 1320, 300),
    column("室", 1240, 300),
    column("凭中说合情愿出卖与李娜永远为业", 1160, 300),
    column("恐后无凭立此卖契", 1080, 300),
]


@pytest.mark.parametrize("degrees", [-4, 0, 3])
def test_columns_are_read_from_right_to_left_one_line_each(degrees: float) -> None:
    assert texts(leaned(DEED, degrees)) == [item.text for item in DEED]
    assert tilt(leaned(DEED, degrees)) == pytest.approx(degrees, abs=0.05)


def test_a_page_of_columns_between_print_across_is_read_from_top_to_bottom() -> None:
    head = [line("房屋历史契证复制件", 500, 60, 500, 60), line("档案编号：10652189", 200, 200, 300)]
    foot = [line("复制人：王芳", 200, 1300, 240), line("审核人：李娜", 600, 1300, 240)]
    assert texts([*head, *DEED, *foot]) == [item.text for item in (*head, *DEED, *foot)]


def test_a_broken_column_is_one_line() -> None:
    upper, lower = column("今将祖遗坐落望江路", 1320, 300), column("房屋叁间正", 1321, 300 + 9 * 50 + 20)
    read = in_reading_order([DEED[0], upper, lower, DEED[3], DEED[4]])
    assert [item.text for item in read] == [DEED[0].text, "今将祖遗坐落望江路房屋叁间正", DEED[3].text, DEED[4].text]
    assert read[1].box[3] == lower.box[3]


def test_short_captions_side_by_side_are_no_writing_in_columns() -> None:
    captions = [column(text, 100 + 80 * index, 100, 30) for index, text in enumerate(("结构", "层数", "用途"))]
    rows = [line(f"第{row}行的内容在此", 600, 100 + 60 * row, 400) for row in range(6)]
    assert texts([*captions, *rows])[:3] == ["结构", "层数", "用途"]


def test_a_place_to_sign_stands_in_its_row_however_high_the_hand_reached() -> None:
    lines = [
        line("客户（签字）：女", 700, 95, 300, 75),
        line("部门负责人（签字）：", 100, 120, 320),
        line("2022年2月26日", 100, 200, 300),
    ]
    assert [each.text for each in in_reading_order(lines)] == ["部门负责人（签字）：", "客户（签字）：女", "2022年2月26日"]
