"""The query language: what it means, what is forgiven, and what an error says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kernel.errors import InvalidInput
from services.search.fields import NAME_FIELDS
from services.search.query import And, Everything, Field, Keyword, Lookup, Not, Or, Phrase, Term, leaves, parse


def digest(field: str, value: str) -> str:
    return f"{field}/{value}"


def ask(text: str):
    return parse(text, digest)


A, B, C = Term("a1"), Term("b1"), Term("c1")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", Everything()),
        ("  \n", Everything()),
        ("张伟", Term("张伟")),
        ("a1 b1", And((A, B))),
        ("a1 AND b1", And((A, B))),
        ("a1 b1 OR c1", Or((And((A, B)), C))),
        ("a1 (b1 OR c1)", And((A, Or((B, C))))),
        ("a1 -b1", And((A, Not(B)))),
        ("a1 NOT b1", And((A, Not(B)))),
        ("-a1", Not(A)),
        ("NOT (a1 OR b1)", Not(Or((A, B)))),
        ("-(a1 b1)", Not(And((A, B)))),
        ("a1 OR -b1", Or((A, Not(B)))),
        ('"商品房 买卖"', Phrase("商品房 买卖")),
        ("“商品房 买卖”", Phrase("商品房 买卖")),
        ("「商品房」", Phrase("商品房")),
        ("（a1　OR　b1）－c1", And((Or((A, B)), Not(C)))),
        ('name:"张 伟"', Field(NAME_FIELDS, "张 伟")),
        ("姓名：张伟", Field(NAME_FIELDS, "张伟")),
        ("合同编号:00123", Field(("contract_number",), "00123")),
        ("title:(a1 OR b1)", Or((Field(("title",), "a1"), Field(("title",), "b1")))),
        ("title:(a1 -b1)", And((Field(("title",), "a1"), Not(Field(("title",), "b1"))))),
        ("title: a1 b1", And((Field(("title",), "a1"), B))),
        ("type:invoice", Keyword("type", "invoice")),
        ("类型：发票", Keyword("type", "invoice")),
        ("state:ARCHIVED", Keyword("state", "ARCHIVED")),
        ("amount:1,680,000.5", Keyword("amount", "168000050")),
        ("phone:13812345678", Lookup("phone", "phone/13812345678", "138****5678")),
        ("HT-2024-01", Term("HT-2024-01")),
        ("or and not", And((Term("or"), Term("and"), Term("not")))),
        ("ORACLE", Term("ORACLE")),
    ],
)
def test_what_it_means(text, tree):
    assert ask(text) == tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ('a1"', A),
        ('"a1 b1', And((A, B))),
        ("a1 - b1", And((A, B))),
        ("a1 -- b1", And((A, B))),
        ("a1,b1；c1。", And((A, B, C))),
        ("张伟，李娜", And((Term("张伟"), Term("李娜")))),
        ("a1 () b1", And((A, B))),
        ('a1 "" b1', And((A, B))),
        ("a1 / & b1?!", And((A, B))),
        ("a1：b1".replace("a1", "甲方"), And((Term("甲方"), B))),
        ("10:30", Term("10:30")),
        ("1,680,000.00", Term("1,680,000.00")),
        ("(2024)京房字第1号", And((Term("2024"), Term("京房字第1号")))),
        ("http://a1.cn", And((Term("http"), Term("//a1.cn")))),
        ("HT-2024-", Term("HT-2024")),
        ("《合同》", Term("《合同》")),
    ],
)
def test_what_is_forgiven(text, tree):
    assert ask(text) == tree


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("(a1", "opened at character 1 is not closed"),
        ("a1 ((b1)", "opened at character 4 is not closed"),
        ("a1)", "closed at character 3 was never opened"),
        ("OR a1", "OR at character 1 needs a word before it"),
        ("a1 OR", "OR at character 4 needs a word after it"),
        ("a1 AND OR b1", "AND at character 4 needs a word after it"),
        ("a1 NOT", "NOT at character 4 needs a word after it"),
        ("name:", "name: at character 1 needs a value"),
        ("a1 foo:b1", "no field 'foo' (character 4)"),
        ("contract_nummer:1", "did you mean contract_number:?"),
        ("type:invoise", "did you mean invoice?"),
        ("type:foo", "sale_contract"),
        ("amount:many", "not an amount"),
        ("amount:1e999999999", "not an amount"),
        ("phone:1381", "needs the whole number"),
        ("name:(phone:13812345678)", "cannot hold another field"),
        ("。！", "no letter, digit or Han character"),
        ('"', "no letter, digit or Han character"),
        ("a" * 1001, "at most 1000"),
        ("(" * 21 + "a1" + ")" * 21, "nested deeper"),
        (" ".join(f"w{n}" for n in range(65)), "too many words"),
    ],
)
def test_what_an_error_says(text, says):
    with pytest.raises(InvalidInput) as error:
        ask(text)
    assert says in error.value.detail


@pytest.mark.parametrize(
    "text", ["13812345678", "138 1234 5678", "1381234 5678", "１３８１２３４５６７８", "+86 13812345678", '"138 1234 5678"']
)
def test_a_phone_is_looked_up_however_it_is_written(text):
    found = [leaf for leaf in leaves(ask(text)) if isinstance(leaf, Lookup) and leaf.name == "phone"]
    assert [lookup.digest.removeprefix("phone/").removeprefix("+86") for lookup in found] == ["13812345678"]


@pytest.mark.parametrize("code", ["+86", "+86 ", "+86-", "0086 ", "(+86)", "（＋８６） ", "＋86　"])
def test_a_country_code_is_no_word(code):
    assert ask(f"{code}13812345678") == ask("13812345678")
    assert ask(f"张伟 {code}138 1234 5678") == ask("张伟 138 1234 5678")
    assert ask(f"phone:{code}13812345678") == ask("phone:13812345678")


def test_what_only_resembles_a_country_code_is_a_word():
    assert ask("+86 张伟") == And((Term("+86"), Term("张伟")))
    assert ask("GF0086 13812345678") == And((Term("GF0086"), ask("13812345678")))


def test_an_identifier_between_words_is_looked_up():
    tree = ask("张伟 电话：138 1234 5678 合同")
    assert [type(leaf).__name__ for leaf in leaves(tree)] == ["Term", "Lookup", "Term"]
    assert ask("电话13812345678") == And((Term("电话"), Lookup("phone", "phone/13812345678", "138****5678")))


def test_a_number_that_may_be_an_identifier_is_also_text():
    tree = ask("20240315")
    assert tree == Or((Term("20240315"), Lookup("bank_account", "bank_account/20240315", "****0315")))


def test_the_leaves_that_are_wanted():
    assert list(leaves(ask("a1 -b1 (c1 OR NOT a1)"), positive_only=True)) == [A, C]


@given(st.text(alphabet='张伟a1 -:"“（）()，,ORNOTAD13800001111\n', max_size=30))
def test_any_text_is_a_tree_or_an_error_for_people(text):
    try:
        ask(text)
    except InvalidInput as error:
        assert error.detail.endswith((".", "张伟.", "16409.02"))
