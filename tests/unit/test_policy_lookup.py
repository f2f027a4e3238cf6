"""Keyed look-ups of identifiers: one digest however a number is written, another for every field and root."""

import pytest

from services.kernel.policy.lookup import LOOKUP_FIELDS, LookupKeys, id_check_digit, normalise

KEYS = LookupKeys(bytes(32))


@pytest.mark.parametrize(
    ("field", "written", "same"),
    [
        ("id_number", "11010519491231002X", "11010519491231002x"),
        ("id_number", "11010519491231002X", "１１０１０５ 19491231 002Ｘ"),
        ("id_number", "11010519491231002X", "11O105 1949l231-002X"),
        ("id_number", "11010519491231002X", "110105491231002"),
        ("phone", "13812345678", "+86 138-1234 5678"),
        ("phone", "13812345678", "0086 13812345678"),
        ("phone", "13812345678", "8613812345678"),
        ("bank_account", "6222021234567890128", "6222 0212 3456 7890 128"),
    ],
)
def test_one_digest_however_it_is_written(field, written, same):
    assert KEYS.digest(field, written) == KEYS.digest(field, same)


def test_a_digest_has_128_bits_and_depends_on_field_root_and_value():
    digests = {
        keys.digest(field, value)
        for keys in (KEYS, LookupKeys(b"1" * 32))
        for field in LOOKUP_FIELDS
        for value in ("13812345678", "13812345679")
    }
    assert len(digests) == 12
    assert {len(bytes.fromhex(digest)) for digest in digests} == {16}


def test_digests_never_change():
    assert KEYS.digest("phone", "13812345678") == "30d94ab699fad3aefd57c12130bda0ae"
    assert KEYS.digest("id_number", "11010519491231002X") == "1bbe965cc1f937270163aa508ba0e946"


def test_what_cannot_be_looked_up():
    with pytest.raises(KeyError):
        KEYS.digest("name", "张伟")
    with pytest.raises(ValueError, match="32 bytes"):
        LookupKeys(b"short")


@pytest.mark.parametrize("number", ["11010519491231002X", "440524188001010014"])
def test_the_check_digit(number):
    assert id_check_digit(number[:17]) == number[17]


def test_other_papers_stay_as_they_are():
    assert normalise("id_number", "h1234567(8)") == "H12345678"
