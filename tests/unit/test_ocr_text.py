"""Text as read becomes text as typed."""

import pytest

from services.ocr.text import joined, tidy


@pytest.mark.parametrize(
    ("read", "typed"),
    [
        ("商 品 房 买 卖 合 同", "商品房买卖合同"),
        ("合同编号： YS (2024) 001", "合同编号：YS (2024) 001"),
        ("第１２条　甲方", "第12条甲方"),
        ("Ｚ１０９－ＷＳ", "Z109－WS"),
        ("买受人 Zhang Wei 先生", "买受人 Zhang Wei 先生"),
        ("面积 89.50 ㎡", "面积 89.50 ㎡"),
        ("单价\u00a0\u200b12,000  元", "单价 12,000 元"),
        ("𠮷 野 家", "𠮷野家"),
        ("  \n ", ""),
        ("《 城市房地产管理法 》 第三条", "《城市房地产管理法》第三条"),
    ],
)
def test_spaces_between_han_go_and_width_is_half(read: str, typed: str) -> None:
    assert tidy(read) == typed
    assert tidy(typed) == typed


def test_pieces_of_a_line_are_joined_without_a_false_space() -> None:
    assert joined("甲方（卖方）：", "张伟") == "甲方（卖方）：张伟"
    assert joined("Room", "1201") == "Room 1201"
