"""What can be one thing only in its place is spelled so, and counts as doubted."""

import pytest

from services.kernel.boxes import bounds
from services.kernel.paper import Line
from services.ocr.spelling import spelled

BOX = ((0.0, 0.0), (90.0, 0.0), (90.0, 9.0), (0.0, 9.0))


@pytest.mark.parametrize(
    ("read", "written"),
    [
        ("大写：贰佰捌拾陆万叁任", "大写：贰佰捌拾陆万叁仟"),  # the sum goes on in the next line
        ("伍任柒佰元整", "伍仟柒佰元整"),
        ("壹万零捌值元整", "壹万零捌佰元整"),
        ("壹佰染拾元", "壹佰柒拾元"),
        ("万壹任贰佰壹拾肆元整）。", "万壹仟贰佰壹拾肆元整）。"),
        ("于2023年4月8目前一次性付清", "于2023年4月8日前一次性付清"),
        ("二〇二三年十二月三十旦", "二〇二三年十二月三十日"),
    ],
)
def test_what_can_be_one_thing_only_is_spelled_so(read: str, written: str) -> None:
    line = spelled(Line(read, BOX, 0.99, 0.95, None, ((0, 0.97),)))
    assert line.text == written
    (changed,) = (index for index, (old, new) in enumerate(zip(read, written, strict=True)) if old != new)
    assert line.doubts == ((0, 0.97), (changed, 0.5)) and line.weakest == 0.5
    assert bounds(line.box) == (0.0, 0.0, 90.0, 9.0)


@pytest.mark.parametrize(
    "text", ["承担责任壹佰元", "价值伍佰元整", "贰任董事", "每月3项目", "壹任", "给付叁仟元", "题目", "五月十目录"]
)
def test_what_may_be_meant_stays(text: str) -> None:
    line = Line(text, BOX, 0.99)
    assert spelled(line) is line
