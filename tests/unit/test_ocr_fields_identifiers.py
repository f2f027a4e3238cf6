"""ID numbers, credit codes, accounts, telephones; vectors of rules.md §2. All people are invented."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn

from services.ocr.fields.identifiers import (
    birth_and_gender,
    credit_code_ok,
    find_bank_accounts,
    find_credit_codes,
    find_id_numbers,
    find_phones,
    id_number_ok,
)
from services.ocr.fields.text import fold

GOOD = "11010519491231002X"


@pytest.mark.parametrize("number", [GOOD, "440524188001010014", "110105491231002"])
def test_good_id_numbers(number: str) -> None:
    assert id_number_ok(number)


@pytest.mark.parametrize(
    "number",
    ["110105194912310021", "11010519491331002X", "11010519490231002X", "991105194912310029", "1101051949123100",
     "000000000000000", "", "11010519491231002x"],
)  # fmt: skip
def test_bad_id_numbers(number: str) -> None:
    assert not id_number_ok(number)


@given(st.integers(0, 16), st.integers(1, 9))
def test_a_single_wrong_digit_is_always_caught(place: int, shift: int) -> None:
    digits = GOOD[:place] + str((int(GOOD[place]) + shift) % 10) + GOOD[place + 1 :]
    assert not id_number_ok(digits)


@pytest.mark.parametrize(
    "printed", ["11010519491231002ｘ", "１１０１０５１９４９１２３１００２Ｘ", "110105 19491231 002X", "11010519491231002x"]
)
def test_width_case_and_spaces_do_not_matter(printed: str) -> None:
    (found,) = find_id_numbers(fold(f"身份证号：{printed}"))
    assert (found.value, found.check, found.repaired) == (GOOD, "ok", False)


@pytest.mark.parametrize("printed", ["11O1O519491231OO2X", "I10105I949I23I002X", "11010519491231002×"])
def test_letters_that_cannot_stand_there_are_repaired_and_said_so(printed: str) -> None:
    (found,) = find_id_numbers(fold(printed))
    assert (found.value, found.check, found.repaired) == (GOOD, "ok", True)


def test_digits_are_never_repaired() -> None:
    (found,) = find_id_numbers("110105194912310028")
    assert (found.value, found.check, found.repaired) == ("110105194912310028", "failed", False)


def test_a_repair_that_does_not_pass_is_no_repair() -> None:
    (found,) = find_id_numbers("11O105194912310021")
    assert (found.value, found.check, found.repaired) == ("11O105194912310021", "failed", False)


def test_what_an_id_number_states() -> None:
    assert birth_and_gender(GOOD) == ("1949-12-31", "女")
    assert birth_and_gender("110105491231003") == ("1949-12-31", "男")


def test_credit_codes() -> None:
    assert credit_code_ok("91350100M000100Y43")
    assert not credit_code_ok("91350100M000100Y4Z")
    (found,) = find_credit_codes("统一社会信用代码:9135O100MOOO1OOY43")
    assert (found.value, found.check, found.repaired) == ("91350100M000100Y43", "ok", True)
    (failed,) = find_credit_codes("91350100M000100Y4Z")
    assert failed.check == "failed"


@given(st.text("0123456789", min_size=15, max_size=15))
def test_cards_are_checked_by_luhn_and_other_accounts_are_not(body: str) -> None:
    card = "622" + body
    card += luhn.calc_check_digit(card)
    spaced = " ".join(card[i : i + 4] for i in range(0, len(card), 4))
    (found,) = find_bank_accounts(f"账号:{spaced}")
    assert (found.value, found.check) == (card, "ok")
    (wrong,) = find_bank_accounts(card[:-1] + str((int(card[-1]) + 1) % 10))
    assert wrong.check == "failed"
    (company,) = find_bank_accounts("4" + body)
    assert company.check == "none"


@pytest.mark.parametrize(
    ("printed", "value"),
    [
        ("13812345678", "13812345678"),
        ("+86 138-1234-5678", "13812345678"),
        ("138 1234 5678", "13812345678"),
        ("0755-12345678", "0755-12345678"),
        ("(010)6234 5678", "010-62345678"),
        ("010 62345678", "010-62345678"),
        ("0755-12345678-801", "0755-12345678-801"),
        ("400-123-4567", "400-123-4567"),
    ],
)
def test_telephones(printed: str, value: str) -> None:
    assert [one.value for one in find_phones(fold(printed))] == [value]


def test_no_telephone_inside_a_longer_number() -> None:
    assert list(find_phones("6222138123456789012")) == []
    assert list(find_phones(GOOD)) == []
