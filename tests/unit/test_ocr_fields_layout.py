"""From a label to its value: on one line, right of it, below it, split over boxes and lines, with the noise of engines."""

from __future__ import annotations

import pytest

from services.kernel.paper import EngineInfo, Line, PageReading
from services.ocr.fields import extract

ENGINE = EngineInfo("typed", "0", "0")
EM = 40.0


def at(x: float, y: float, text: str, confidence: float = 1.0) -> Line:
    """A line of 40-pixel print whose box begins at ``x``/``y``."""
    width = sum(EM if ord(letter) > 255 else EM / 2 for letter in text)
    return Line(text, ((x, y), (x + width, y), (x + width, y + EM), (x, y + EM)), confidence)


def page(*lines: Line) -> PageReading:
    return PageReading(1, 2480, 3508, 0, 0.0, False, lines, ENGINE)


def values(lines: tuple[Line, ...], kind: str, field: str) -> list[str]:
    return [one.value for one in extract([page(*lines)], kind).get(field, ())]


@pytest.mark.parametrize(
    "lines",
    [
        (at(300, 500, "出卖人：深圳恒岳置业有限公司"),),
        (at(300, 500, "出卖人:深圳恒岳置业有限公司"),),
        (at(300, 500, "出卖人（甲方）：深圳恒岳置业有限公司"),),
        (at(300, 500, "甲方（出卖人）：深圳恒岳置业有限公司"),),
        (at(300, 500, "出卖人深圳恒岳置业有限公司"),),
        (at(300, 500, "出 卖 人： 深圳恒岳置业有限公司"),),
        (at(300, 500, "出卖人 深圳恒岳置业有限公司"),),
        (at(300, 500, "出卖人 | 深圳恒岳置业有限公司"),),
        (at(300, 500, "一、出卖人：____深圳恒岳置业有限公司____"),),
        (at(300, 500, "出卖人："), at(600, 505, "深圳恒岳置业有限公司")),
        (at(300, 500, "出卖人"), at(700, 500, "深圳恒岳置业有限公司")),
        (at(300, 500, "出卖人："), at(300, 560, "深圳恒岳置业有限公司")),
        (at(300, 500, "出卖人：深圳恒岳"), at(640, 500, "置业有限公司")),
        (at(300, 500, "出卖人：深圳恒岳置业有限公司法定代表人：李刚"),),
        (at(300, 500, "出卖人：深圳恒岳置业有限公司 买受人：张伟"),),
    ],
)
def test_a_party_beside_or_below_its_label(lines: tuple[Line, ...]) -> None:
    assert values(lines, "sale_contract", "party_seller") == ["深圳恒岳置业有限公司"]


def test_a_table_row_read_as_one_line() -> None:
    fields = extract([page(at(100, 500, "付款人名称张伟付款人账号“| 6217465114290169037"))], "bank_slip")
    assert [one.value for one in fields["payer"]] == ["张伟"]
    assert [one.value for one in fields["bank_account"]] == ["6217465114290169037"]


def test_common_words_are_labels_only_before_a_gap() -> None:
    assert values((at(300, 500, "地址 北京市朝阳区望江路1号"),), "sale_contract", "address") == ["北京市朝阳区望江路1号"]
    assert values((at(300, 500, "地址变更应书面通知对方"),), "sale_contract", "address") == []


def test_an_empty_form_has_no_parties() -> None:
    lines = (
        at(300, 500, "出卖人：________"),
        at(300, 600, "买受人：        （签字）"),
        at(300, 700, "签订日期：    年  月  日"),
    )
    assert extract([page(*lines)], "sale_contract") == {}


def test_a_clause_about_a_party_is_not_a_party() -> None:
    lines = (
        at(300, 500, "出卖人：深圳恒岳置业有限公司"),
        at(300, 560, "买受人：张伟"),
        at(300, 620, "出卖人保证房屋权属清楚，无抵押。"),
    )
    assert values(lines, "sale_contract", "party_seller") == ["深圳恒岳置业有限公司"]


def test_several_buyers() -> None:
    lines = (at(300, 500, "买受人：张伟（60%）、李娜（40%）"), at(300, 560, "共同买受人：王小明"))
    assert values(lines, "sale_contract", "party_buyer") == ["张伟", "李娜", "王小明"]


def test_a_signature_counts_only_where_nothing_else_names_the_party() -> None:
    printed, signed = at(300, 500, "承租人：张伟"), at(300, 2500, "承租人（签字）：书不")
    assert values((printed, signed), "lease_contract", "party_lessee") == ["张伟"]
    assert values((signed,), "lease_contract", "party_lessee") == ["书不"]


def test_a_sum_that_the_margin_broke() -> None:
    first = (
        "第四条 总价款为人民币16,409.02元（大写：壹万陆仟肆佰零玖元零贰分），于签约当日一次性付清，逾期按日计付违约金并赔偿，大"
    )
    lines = (
        at(300, 400, "第三条 双方本着自愿公平诚实守信的原则就买卖事宜订立本合同以资共同遵守甲乙双方均无异议并签字盖章确认"),
        at(300, 500, first[:40]),
        at(220, 560, first[40:]),
    )
    fields = extract([page(*lines)], "sale_contract")
    assert [one.value for one in fields["amount"]] == ["16409.02"]
    assert [one.value for one in fields["amount_in_words"]] == ["壹万陆仟肆佰零玖元零贰分"]


def test_a_table_with_its_labels_on_top() -> None:
    lines = (
        at(300, 500, "建筑面积"),
        at(800, 500, "套内建筑面积"),
        at(290, 580, "131.97平方米"),
        at(810, 580, "104.19平方米"),
    )
    assert values(lines, "sale_contract", "area") == ["131.97", "104.19"]


def test_a_wrapped_address_ends_where_the_next_row_begins() -> None:
    lines = (
        at(300, 500, "住址"),
        at(500, 500, "贵阳市云岩区文昌路354号"),
        at(500, 560, "12号楼4单元2403室"),
        at(300, 640, "公民身份号码"),
        at(620, 640, "11010519491231002X"),
    )
    assert values(lines, "id_card", "address") == ["贵阳市云岩区文昌路354号12号楼4单元2403室"]


def test_a_card_read_without_gaps() -> None:
    lines = (
        at(300, 400, "姓名张伟"),
        at(300, 480, "性别女民族土家"),
        at(300, 560, "出生1949年12月31日"),
        at(300, 640, "住址北京市朝阳区望江路1号"),
        at(300, 720, "公民身份号码11010519491231002X"),
        at(300, 1500, "签发机关北京市公安局朝阳分局"),
        at(300, 1580, "有效期限2015.03.02-长期"),
    )
    fields = {name: [one.value for one in found] for name, found in extract([page(*lines)], "id_card").items()}
    assert fields == {
        "name": ["张伟"],
        "gender": ["女"],
        "ethnicity": ["土家"],
        "birth_date": ["1949-12-31"],
        "address": ["北京市朝阳区望江路1号"],
        "id_number": ["11010519491231002X"],
        "organisation": ["北京市公安局朝阳分局"],
        "valid_from": ["2015-03-02"],
        "valid_until": ["长期"],
    }


def test_a_label_centred_on_the_two_lines_of_its_value() -> None:
    lines = (
        at(300, 530, "住所"),
        at(500, 500, "贵阳市云岩区文昌路354号"),
        at(500, 560, "12层"),
        at(300, 700, "法定代表人"),
        at(560, 700, "李刚"),
    )
    assert values(lines, "business_licence", "address") == ["贵阳市云岩区文昌路354号12层"]


@pytest.mark.parametrize("swapped", [False, True])
def test_the_sides_of_a_bank_slip(swapped: bool) -> None:
    left, right = ("收款人", "付款人") if swapped else ("付款人", "收款人")
    lines = (
        at(100, 560, left),
        at(1300, 560, right),
        at(300, 500, "户名"),
        at(450, 500, "张伟"),
        at(1500, 500, "户名"),
        at(1650, 500, "深圳恒岳置业有限公司"),
        at(300, 600, "账号"),
        at(450, 600, "6222021234567890128"),
        at(1500, 600, "账号"),
        at(1650, 600, "44050123456789012"),
    )
    fields = extract([page(*lines)], "bank_slip")
    assert fields["payer" if not swapped else "payee"][0].value == "张伟"
    assert fields["payee" if not swapped else "payer"][0].value == "深圳恒岳置业有限公司"
    assert [one.value for one in fields["bank_account"]] == ["6222021234567890128", "44050123456789012"]


def test_a_tilted_row_is_still_a_row() -> None:
    def tilted(x: float, y: float, text: str) -> Line:
        box = at(x, y, text).box
        return Line(text, tuple((px, py + 0.02 * px) for px, py in box), 1.0)  # type: ignore[arg-type]

    lines = (
        tilted(300, 500, "合同编号"),
        tilted(2000, 500, "YS2023000123"),
        tilted(300, 580, "备案号"),
        tilted(2000, 580, "杭备20230000123"),
    )
    assert values(lines, "sale_contract", "contract_number") == ["YS2023000123"]
    assert values(lines, "sale_contract", "filing_number") == ["杭备20230000123"]


def test_traditional_misreadings_are_turned_back_and_raw_keeps_them() -> None:
    lines = tuple(at(300, 400 + 60 * n, "本收据须加盖财务专用章方为有效，请妥善保管以备查验") for n in range(3))
    (found,) = extract([page(*lines, at(300, 800, "收款事由：维修資金"))], "payment_voucher")["purpose"]
    assert (found.value, found.raw) == ("维修资金", "维修資金")


def test_confidence_follows_the_line_the_place_and_the_check() -> None:
    def confidence(line: Line, below: Line | None = None) -> float:
        return extract([page(*filter(None, (line, below)))], "id_card")["id_number"][0].confidence

    sure = confidence(at(300, 500, "公民身份号码：11010519491231002X", 0.9))
    assert sure == pytest.approx(0.95)
    assert confidence(at(300, 500, "公民身份号码：11010519491231002X", 0.6)) < sure
    assert confidence(at(300, 500, "公民身份号码：110105194912310021", 0.9)) == pytest.approx(0.36)
    assert confidence(at(300, 500, "公民身份号码：11O105194912310O2X", 0.9)) < sure
    assert confidence(at(300, 500, "公民身份号码", 0.9), at(300, 570, "11010519491231002X", 0.9)) < sure


def test_types_without_rules_have_no_fields() -> None:
    assert extract([page(at(300, 500, "合同编号：YS2023000123"))], "other") == {}
    assert extract([], "sale_contract") == {}
