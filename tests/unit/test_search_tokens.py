"""The one tokenizer: normal form, tokens, positions, and that phrases of tokens are substrings of the normal form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.search import tokens
from services.search.cutting import cut

MIXED = st.text(alphabet="张伟李〇○𠮷㐂ー GF-2,0018\n，。:“/éＡ１㎡ßİ\u0301\u200b\U000e0100", max_size=24)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("张 伟\n的", "张伟的"),
        ("张伟，李娜", "张伟 李娜"),
        ("ＧＦ－2024－00123", "gf 2024 00123"),
        ("合同 GF2024", "合同 gf2024"),
        ("总价1,680,000.00元", "总价 1680000 00 元"),
        ("12,34", "12 34"),
        ("共1,234é、é1,234", "共 1234é é1234"),
        ("二○二四年", "二〇二四年"),
        ("𠮷\u3000野㐂", "𠮷野㐂"),
        ("李\U000e0100四", "李四"),
        ("cafe\u0301 ㎡ ①", "café m2 1"),
        ("Straße", "strasse"),
        ("—— ，。", ""),
    ],
)
def test_the_normal_form(text, form):
    assert tokens.normal(text) == form


def test_every_character_gives_one_token_and_the_last_ones_say_that_they_end():
    assert tokens.grams("张小伟") == ["张小", "小伟", "伟¦"]
    assert tokens.grams("gf 2024") == ["gf¦", "f¦", "202", "024", "24¦", "4¦"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("伟", "伟*"),
        ("张伟", "张伟"),
        ("张小伟", "张小 小伟"),
        ("1", "1*"),
        ("GF", "gf*"),
        ("00123", "001 012 123"),
        ("2024-001", "202 024 24¦ 4¦ 001"),
        ("合同2", "合同 同¦ 2*"),
    ],
)
def test_the_tokens_of_a_fragment(text, expected):
    assert str(tokens.phrase(text)) == expected


def test_nothing_to_search_for():
    assert tokens.phrase(" ，-“") is None


def test_texts_are_kept_apart():
    assert tokens.stream(["张", "伟"]) == "张¦ § 伟¦"


def test_keywords_meet_no_word():
    assert tokens.keyword("type", "sale_contract") == "·type·sale·contract"
    assert tokens.keyword("department", "销售 一部") == tokens.keyword("department", "销售　一部")


@given(MIXED, MIXED)
def test_a_phrase_of_tokens_is_a_substring_of_the_normal_form(text, fragment):
    phrase = tokens.phrase(fragment)
    if phrase is None:
        return
    held = tokens.grams(tokens.normal(text))
    wanted = phrase.tokens

    def fits(token: str, piece: str, last: bool) -> bool:
        return token.startswith(piece) if last and phrase.prefix else token == piece

    found = any(
        all(fits(held[at + i], piece, i == len(wanted) - 1) for i, piece in enumerate(wanted))
        for at in range(len(held) - len(wanted) + 1)
    )
    assert found == (tokens.normal(fragment) in tokens.normal(text))


@given(MIXED)
def test_tokens_survive_a_white_space_analyser(text):
    stream = tokens.stream([tokens.normal(text)])
    assert stream.split() == tokens.grams(tokens.normal(text))
    assert not any(char.isascii() and not char.isalnum() for token in stream.split() for char in token)


@given(st.lists(MIXED, max_size=3))
def test_texts_cut_at_once_are_what_each_is_by_itself(texts):
    texts = [tokens.canonical(text) for text in texts]
    made = cut(texts)
    assert [each.aligned.form for each in made] == [tokens.normal(text) for text in texts]
    assert [each.stream for each in made] == [tokens.stream([tokens.normal(text)]) for text in texts]


@given(MIXED)
def test_offsets_lead_back_to_the_text(text):
    text = tokens.canonical(text)
    aligned = cut([text])[0].aligned
    spans = [aligned.span(i, i + 1) for i, char in enumerate(aligned.form) if char != " "]
    assert spans == sorted(spans)
    for (start, end), char in zip(spans, aligned.form.replace(" ", ""), strict=True):
        assert end == start + 1
        assert char in tokens.normal(text[start])
