"""Masks: what is hidden of a field, what is found in text as OCR writes it, and what must be left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kernel.policy.identifiers import find_identifiers
from services.kernel.policy.masks import is_company, mask_field, mask_identifiers, mask_values

CARD = "6222021234567890128"


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("name", "张伟", "张**"),
        ("name", "欧阳小红", "欧**"),
        ("party_buyer", "张伟、李娜", "张**、李**"),
        ("party_buyer", "张伟和李娜", "张**和李**"),
        ("name", "和珅", "和**"),
        ("payee", "买买提·吐尔逊", "买**"),
        ("party_seller", "北京安居房地产开发有限公司", "北京安居房地产开发有限公司"),
        ("payer", "Anju Trading Co., Ltd", "Anju Trading Co., Ltd"),
        ("id_number", "11010519491231002X", "1****************X"),
        ("phone", "13812345678", "138****5678"),
        ("phone", "1234", "****"),
        ("bank_account", CARD, "***************0128"),
        ("address", "北京市朝阳区建国路1号", "北京市朝阳区****"),
        ("address", "广西壮族自治区南宁市青秀区民族大道1号", "广西壮族自治区南宁市青秀区****"),
        ("address", "江苏省昆山市玉山镇幸福小区3号", "江苏省昆山市****"),
        ("address", "山东省潍坊市寿光市圣城街1号", "山东省潍坊市寿光市****"),
        ("address", "湖南省通道侗族自治县双江镇", "湖南省通道侗族自治县****"),
        ("address", "幸福小区3号", "****"),
        ("purpose", "转给13812345678", "转给138****5678"),
        ("contract_number", "13812345678", "13812345678"),
        ("amount", "1680000.00", "1680000.00"),
    ],
)
def test_fields(field, value, shown):
    assert mask_field(field, value) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("电话：1381234 5678，", "电话：138**** 5678，"),
        ("手机 138-1234-5678", "手机 138-****-5678"),
        ("+86 13812345678", "+86 138****5678"),
        ("+8613812345678", "+86138****5678"),
        ("+86-13812345678", "+86-138****5678"),
        ("(+86) 138-1234-5678", "(+86) 138-****-5678"),
        ("Tel13812345678", "Tel138****5678"),
        ("１３８１２３４５６７８", "１３８****５６７８"),
        ("13812345678/13912345678", "138****5678/139****5678"),
        ("13812345678 13912345678", "138****5678 139****5678"),
        ("身份证号11010519491231002X", "身份证号1****************X"),
        ("11010519491231002x。", "1****************x。"),
        ("110105194912310021", "1****************1"),
        ("11O105 19491231 002X", "1***** ******** ***X"),
        ("1 1 0 1 0 5 1 9 4 9 1 2 3 1 0 0 2 X", "1 * * * * * * * * * * * * * * * * X"),
        ("1 110105194912310028", "1 1****************8"),
        ("身份证编号 999999999999999999", "身份证编号 9****************9"),
        ("110105491231002", "1*************2"),
        ("税号 110105194912310021", "税号 1****************1"),
        (CARD, "***************0128"),
        ("6222 0212 3456 7890 128", "**** **** **** ***0 128"),
        ("账号：0200 0012 0920 0123 456", "账号：**** **** **** ***3 456"),
        ("账号\n11001085600059", "账号\n**********0059"),
        ("收款账户 9988776655", "收款账户 ******6655"),
        (f"{CARD} 13812345678", "***************0128 138****5678"),
        (f"联系人 张伟 {CARD}", "联系人 张伟 ***************0128"),
    ],
)
def test_identifiers_are_hidden(text, shown):
    assert mask_identifiers(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "合同编号：GF-2024-00123",
        "合同编号：202403150012345678",
        "合同编号 HT-13812345678",
        "流水号 6222021234567890128",
        "统一社会信用代码 91440300190112345X",
        "91350100M000100Y43",
        "信用代码 511301199001011234",
        "¥13812345678.00",
        "金额 13812345678 元",
        "13,812,345,678",
        "1,680,000.00",
        "2024-03-15 2024-03-16",
        "账户 2024-03-15",
        "2024年3月15日",
        "电话 010-88886666",
        "发票号码 12345678",
        "110105001002GB00003F00010001",
        "6222021234567890127",
        "建筑面积 138.12345678",
        "0.13812345678",
    ],
)
def test_what_is_no_identifier_is_left_alone(text):
    assert mask_identifiers(text) == text


def test_an_identifier_is_found_where_it_stands_in_its_one_form():
    text = "身份证 11O105 19491231 002x 电话：＋86１３８１２３４ 5678"
    identity, phone = find_identifiers(text)
    assert (identity.kind, text[identity.start : identity.end], identity.normalised) == (
        "id_number",
        "11O105 19491231 002x",
        "11010519491231002X",
    )
    assert (phone.kind, text[phone.start : phone.end], phone.normalised) == ("phone", "１３８１２３４ 5678", "13812345678")


TEXT = st.lists(
    st.sampled_from(
        [
            "13812345678",
            "11010519491231002X",
            CARD,
            "6222 0212",
            "账号：",
            "身份证",
            "编号",
            "张伟",
            "\n",
            " ",
            "-",
            ".",
            "１３８",
            "2024",
            "元",
            "¥",
            "x",
        ]
    ),
    max_size=8,
).map("".join)


@given(TEXT)
def test_masking_keeps_every_place_and_masking_again_shows_nothing_more(text):
    masked = mask_identifiers(text)
    assert len(masked) == len(text)
    assert [i for i, char in enumerate(text) if char == "\n"] == [i for i, char in enumerate(masked) if char == "\n"]
    again = mask_identifiers(masked)  # may hide more: what a mask leaves of one number may look like another's beginning
    assert all(now == before or now == "*" for before, now in zip(masked, again, strict=True))


def test_names_and_addresses_are_hidden_in_text():
    text = "买方：张 伟，张伟 住北京市朝阳 区建国路１号，卖方北京安居有限公司"
    shown = mask_values(text, ["张伟", "北京安居有限公司"], ["北京市朝阳区建国路1号"])
    assert shown == "买方：张 *，张* 住北京市朝阳 区*****，卖方北京安居有限公司"


@pytest.mark.parametrize("name", ["张伟", "欧阳小红", "卡德尔·买买提", "John Smith", "会小所"])
def test_people_are_no_companies(name):
    assert not is_company(name)


def test_what_a_field_names_is_hidden_without_a_label():
    known = [("bank_account", "1100-1085-6000"), ("id_number", "H1234567"), ("phone", "123")]
    text = "\n110010856000\n1100 1085 6000 9110010856000 h1234567 123"
    assert mask_identifiers(text, known) == "\n********6000\n**** **** 6000 9110010856000 h******7 123"
    assert [found.normalised for found in find_identifiers(text, known)] == ["110010856000", "110010856000", "H1234567"]
