"""Types of documents from titles and words, and what a whole document says."""

from __future__ import annotations

import pytest

from services.kernel.paper import DOCUMENT_TYPES, EngineInfo, Line, PageReading
from services.ocr.classify import classify
from services.ocr.documents import read_document
from services.ocr.vocabulary import TITLES, WORDS

ENGINE = EngineInfo("typed", "0", "0")


def line(text: str, y: float, size: float = 40.0) -> Line:
    width = len(text) * size
    return Line(text, ((300, y), (300 + width, y), (300 + width, y + size), (300, y + size)), 1.0)


def page(*texts: str, title: str | None = None, number: int = 1) -> PageReading:
    lines = [line(text, 700 + 60 * n) for n, text in enumerate(texts)]
    if title:
        lines.insert(0, line(title, 300, 80.0))
    return PageReading(number, 2480, 3508, 0, 0.0, not lines, tuple(lines), ENGINE)


BODY = ("本页为正文", "兹有下列各项", "请妥善保管", "以上内容属实")


@pytest.mark.parametrize(("kind", "title"), [(kind, title) for kind, titles in TITLES.items() for title in titles])
def test_every_title_alone_decides(kind: str, title: str) -> None:
    found, confidence, words = classify([page(*BODY, title=title)])
    assert found == kind
    assert confidence > 0.5
    assert words[0] in TITLES[kind]


@pytest.mark.parametrize("title", ["商 品 房 买 卖 合 同", "商品房买卖合同（预售）", "商品房买卖台同", "杭州市商品房买卖合同"])
def test_spaced_and_misread_titles(title: str) -> None:
    assert classify([page("出卖人：甲", "买受人：乙", *BODY, title=title)])[0] == "sale_contract"


def test_a_supplement_to_a_sale_contract_is_a_supplement() -> None:
    texts = ("出卖人：甲", "买受人：乙", "原合同编号：YS2023000123")
    assert classify([page(*texts, title="商品房买卖合同补充协议")])[0] == "supplementary_agreement"


def test_mention_in_a_sentence_is_no_title() -> None:
    texts = (
        "双方未尽事宜可签订补充协议，补充协议与本合同具有同等效力",
        "出租人：张伟",
        "承租人：李娜",
        "月租金为2000元",
        "押金2000元",
    )
    assert classify([page(*texts, title="房屋租赁合同")])[0] == "lease_contract"
    assert classify([page(*texts)])[0] == "lease_contract"


def test_words_decide_where_the_title_is_lost() -> None:
    kind, confidence, words = classify([page("姓名张伟", "公民身份号码", "签发机关", "有效期限", "住址")])
    assert kind == "id_card"
    assert words[0] == "公民身份号码"
    assert 0 < confidence < 1


@pytest.mark.parametrize("texts", [(), ("今天天气很好",), ("会议纪要", "参会人员", "议题"), ("大写", "经办人")])
def test_what_nothing_decides_is_other(texts: tuple[str, ...]) -> None:
    kind, confidence, words = classify([page(*texts)])
    assert (kind, words) == ("other", ())
    assert 0 <= confidence <= 1


def test_no_pages_are_other() -> None:
    assert classify([])[0] == "other"


def test_the_first_page_names_the_document() -> None:
    pages = [page("出租人：张伟", "承租人：李娜", title="房屋租赁合同"), page(*BODY, title="授权委托书", number=2)]
    assert classify(pages)[0] == "lease_contract"


def test_every_type_is_known() -> None:
    assert set(TITLES) | {"other"} == set(DOCUMENT_TYPES)
    assert set(WORDS) == set(TITLES)


def test_figures_and_words_that_differ_are_a_problem() -> None:
    texts = ("交款人：张伟", "人民币（大写）：壹万陆仟肆佰零玖元零贰分")
    agreeing = read_document([page(*texts, "人民币（小写）：￥16,409.02", title="收款收据")])
    differing = read_document([page(*texts, "人民币（小写）：￥16,490.02", title="收款收据")])
    assert agreeing.type == "payment_voucher"
    assert agreeing.problems == ()
    assert [problem.code for problem in differing.problems] == ["amount_mismatch"]
    assert "look at the page" in differing.problems[0].message


def test_identifiers_that_fail_or_were_repaired_are_problems() -> None:
    def codes(number: str) -> list[str]:
        reading = read_document([page("姓名张伟", "签发机关", f"公民身份号码{number}", title="居民身份证")])
        assert all(number not in problem.message for problem in reading.problems)
        return [problem.code for problem in reading.problems]

    assert codes("11010519491231002X") == []
    assert codes("110105194912310021") == ["id_number_check_failed"]
    assert codes("11O10519491231002X") == ["identifier_repaired"]


def test_a_card_whose_birth_date_or_sex_contradicts_its_number() -> None:
    texts = ("姓名张伟", "性别男", "出生1949年12月30日", "公民身份号码11010519491231002X")
    reading = read_document([page(*texts, title="居民身份证", number=7)])
    assert [(problem.code, problem.page) for problem in reading.problems] == [("id_number_contradicts", 7)] * 2
    assert reading.pages == (7,)
