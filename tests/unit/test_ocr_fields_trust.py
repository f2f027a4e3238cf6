"""Fields that vouch for each other: repairs, sums, words and figures, shares, dates; all people are invented."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from samples import people
from services.kernel.paper import EngineInfo, FieldReading, Line, PageReading, Seal
from services.ocr.documents import read_document
from services.ocr.fields import identifiers, shares, weighed
from services.ocr.fields.agreement import agreed
from services.ocr.fields.dates import find_dates, impossible
from services.ocr.fields.repair import _CONFUSED
from services.ocr.fields.sheet import Sheet
from services.ocr.fields.text import fold
from tests import dates

BOX = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
GOOD = "11010519491231002X"


def placed(*rows: tuple[str, float, float]) -> PageReading:
    """A page of lines at (left, top), 20 pixels high, 20 a Han."""
    lines = []
    for text, left, top in rows:
        right = left + sum(10 if letter.isascii() else 20 for letter in text)
        lines.append(Line(text, ((left, top), (right, top), (right, top + 20), (left, top + 20)), 0.99, 0.97))
    return PageReading(1, 1000, 1400, 0, 0.0, False, tuple(lines), EngineInfo("told", "0", "0"))


def page(*texts: str) -> PageReading:
    return placed(*((text, 60.0, 60.0 + 50 * row) for row, text in enumerate(texts)))


def codes(*texts: str) -> list[str]:
    return [problem.code for problem in read_document([page(*texts)]).problems]


def field(name: str, value: str, check: str = "none", number: int = 1) -> FieldReading:
    return FieldReading(name, value, value, number, BOX, 0.9, check)  # type: ignore[arg-type]


def card(number: str, born: str, gender: str = "女") -> dict[str, tuple[FieldReading, ...]]:
    read = {"id_number": (field("id_number", number, "ok" if identifiers.id_number_ok(number) else "failed"),)}
    return {**read, "birth_date": (field("birth_date", born, "ok"),), "gender": (field("gender", gender, "ok"),)}


def test_a_wrong_digit_is_put_right_where_one_candidate_passes_every_check() -> None:
    done = agreed(Sheet([]), card("11010519491281002X", "1949-12-31"))["id_number"][0]
    assert (done.value, done.raw, done.check, done.repaired) == (GOOD, "11010519491281002X", "ok", True)


def test_without_a_birth_date_beside_it_a_wrong_digit_stays() -> None:
    alone = {"id_number": (field("id_number", "11010519491281002X", "failed"),)}
    done = agreed(Sheet([]), alone)["id_number"][0]
    assert (done.value, done.check, done.repaired) == ("11010519491281002X", "failed", False)


def test_two_candidates_are_none_and_what_is_repaired_is_nearly_always_right() -> None:
    rng, outcomes = Random(31), Counter[str]()
    for _ in range(600):
        person = people.person(rng)
        place = rng.randrange(17)
        wrong = rng.choice([one for one in _CONFUSED[person.id_number[place]] if one.isdigit()])
        read = person.id_number[:place] + wrong + person.id_number[place + 1 :]
        done = agreed(Sheet([]), card(read, person.birth_date.isoformat(), person.gender))["id_number"][0]
        outcomes["kept" if not done.repaired else "right" if done.value == person.id_number else "wrong"] += 1
        assert done.check == ("ok" if done.repaired else "failed")
    assert outcomes["wrong"] == 0, outcomes
    assert outcomes["right"] > 100


def test_a_credit_code_is_put_right_by_all_its_checks() -> None:
    rng, outcomes = Random(32), Counter[str]()
    for _ in range(300):
        code = people.company(rng).credit_code
        place = rng.choice([index for index in range(18) if code[index] in _CONFUSED])
        wrong = next((one for one in _CONFUSED[code[place]] if one not in "IOSVZ"), None)
        if wrong is None:
            continue
        read = {"credit_code": (field("credit_code", code[:place] + wrong + code[place + 1 :], "failed"),)}
        done = agreed(Sheet([]), read)["credit_code"][0]
        outcomes["kept" if not done.repaired else "right" if done.value == code else "wrong"] += 1
    assert outcomes["wrong"] == 0, outcomes
    assert outcomes["right"] > 200


@pytest.mark.parametrize(("born", "gender"), [("1949-12-30", "女"), ("1949-12-31", "男")])
def test_a_number_that_contradicts_its_card_passes_no_check(born: str, gender: str) -> None:
    done = agreed(Sheet([]), card(GOOD, born, gender))
    assert done["id_number"][0].check == "failed"


def receipt(words: str, figures: str) -> tuple[str, ...]:
    return ("收款收据", "交款人：张伟", f"人民币（大写）：{words}", f"人民币（小写）：{figures}", "收款单位：启泽置业有限公司")


def test_figures_are_good_where_the_words_say_the_same() -> None:
    good = read_document([page(*receipt("壹万陆仟肆佰零玖元零贰分", "￥16,409.02"))])
    assert (good.fields["amount"][0].check, good.problems) == ("ok", ())
    bad = read_document([page(*receipt("壹万陆仟肆佰零玖元零贰分", "￥16,409.20"))])
    assert {bad.fields[name][0].check for name in ("amount", "amount_in_words")} == {"failed"}
    assert [problem.code for problem in bad.problems] == ["amount_mismatch"]


@pytest.mark.parametrize(("last", "problems"), [("200.50", []), ("200.80", ["rows_differ"])])
def test_the_rows_of_a_voucher_come_to_its_total(last: str, problems: list[str]) -> None:
    sheet = placed(
        ("收款收据", 400, 40),
        ("项目", 100, 120),
        ("金额", 600, 120),
        ("物业服务费", 100, 160),
        ("1,000.00", 590, 160),
        ("装修押金", 100, 200),
        (last, 600, 200),
        ("合计", 100, 240),
        ("￥1,200.50", 580, 240),
        ("收款单位：启泽置业有限公司", 60, 300),
    )
    document = read_document([sheet])
    assert [problem.code for problem in document.problems] == problems
    assert document.fields["amount"][0].value == "1200.50"
    assert document.fields["amount"][0].check == ("none" if problems else "ok")


@pytest.mark.parametrize(
    ("lines", "held"),
    [
        (("买受人：张伟（50%）、李娜（占50%）",), {"张伟": "50", "李娜": "50"}),
        (("买受人：张伟　　所占份额：70%", "共同买受人：李娜　　所占份额：30%"), {"张伟": "70", "李娜": "30"}),
        (("买受人：张伟", "共有份额：百分之六十", "共同买受人：李娜", "共有份额：百分之四十"), {"张伟": "60", "李娜": "40"}),
        (("买受人：张伟，占1/3份额", "共同买受人：李娜，占三分之二份额"), {"张伟": "33.33", "李娜": "66.67"}),
        (("买受人：张伟", "违约金为百分之三。"), {"张伟": None}),
    ],
)
def test_co_buyers_have_their_shares(lines: tuple[str, ...], held: dict[str, str | None]) -> None:
    document = read_document([page("商品房买卖合同", "出卖人：启泽置业有限公司", *lines)])
    assert {one.value: one.share for one in document.fields["party_buyer"]} == held
    assert document.fields["party_seller"][0].share is None
    assert document.problems == ()


def test_shares_that_are_no_whole_are_told() -> None:
    texts = ("商品房买卖合同", "出卖人：启泽置业有限公司", "买受人：张伟　所占份额：70%", "共同买受人：李娜　所占份额：40%")
    assert codes(*texts) == ["shares_differ"]
    assert not shares.differ([field("party_buyer", "张伟")])


def test_every_form_of_four_hundred_days_is_read() -> None:
    told = 0
    for day in dates.drawn(33, 400):
        for text in dates.forms(day.year, day.month, day.day):
            told += 1
            assert [one.iso for one in find_dates(fold(f"签订日期:{text}"))] == [day.isoformat()], text
            assert list(impossible(fold(text))) == [], text
    assert told > 7000


@pytest.mark.parametrize(("month", "day"), dates.IMPOSSIBLE)
def test_days_that_are_in_no_calendar_are_refused_in_every_form(month: int, day: int) -> None:
    for year in dates.COMMON_YEARS:
        for text in dates.forms(year, month, day):
            assert list(find_dates(fold(f"签订日期:{text}"))) == [], text
            assert len(list(impossible(fold(text)))) >= 1, text


def test_an_impossible_date_is_told_and_is_no_value() -> None:
    document = read_document([page("商品房买卖合同", "买受人：张伟", "签订日期：2023年2月30日")])
    assert "signed_on" not in document.fields
    assert [problem.code for problem in document.problems] == ["impossible_date"]


def test_a_day_to_come_is_told_and_never_sure() -> None:
    document = read_document([page("商品房买卖合同", "买受人：张伟", "签订日期：2093年2月20日")])
    (signed,) = document.fields["signed_on"]
    assert (signed.value, signed.check) == ("2093-02-20", "failed")
    assert signed.confidence <= 0.5
    assert [problem.code for problem in document.problems] == ["future_date"]


def test_a_price_an_area_and_a_sum_vouch_for_each_other() -> None:
    rows = (
        "商品房买卖合同",
        "建筑面积：88.51平方米",
        "套内建筑面积：70.20平方米",
        "单价：12,000.00元/平方米",
        "总价款：1,062,120.00元",
    )
    found = read_document([page(*rows)]).fields
    assert [(one.value, one.check) for one in found["area"]] == [("88.51", "ok"), ("70.20", "none")]
    assert (found["unit_price"][0].check, found["amount"][0].check) == ("ok", "ok")
    other = read_document([page(*rows[:-1], "总价款：1,062,720.00元")]).fields
    assert {one.check for name in ("area", "unit_price", "amount") for one in other[name]} == {"none"}


def test_a_comma_in_an_area_is_a_point_and_four_figures_without_one_are_looked_at() -> None:
    def area(text: str) -> list[tuple[str, str]]:
        return [(one.value, one.check) for one in read_document([page("商品房买卖合同", f"建筑面积：{text}")]).fields["area"]]

    assert area("188,51平方米") == [("188.51", "none")]
    assert area("1,188.51平方米") == [("1188.51", "none")]
    assert area("14295平方米") == [("14295.00", "failed")]


def test_what_stands_in_a_second_line_or_in_a_seal_was_read_twice() -> None:
    seal = Seal("广州启泽置业有限公司合同专用章", 0.9, BOX, "round")
    sheet = replace(
        page("房屋租赁合同", "出租人：广州启泽置业有限公司", "承租人：张伟", "乙方张伟应按期交租", "合同编号：ZL-0012"),
        seals=(seal,),
    )
    found = weighed([sheet], "lease_contract")
    told = {name: found[name][0].twice for name in ("party_lessor", "party_lessee", "contract_number")}
    assert told == {"party_lessor": True, "party_lessee": True, "contract_number": False}
