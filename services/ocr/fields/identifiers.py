"""Numbers with a rule inside: citizen ID (GB 11643), unified social credit code (GB 32100), bank card, telephone.

The check digits come from python-stdnum. Its ``validate`` is not used for ID numbers, because it refuses a county code that
was not yet assigned in the year of birth, while real people registered later carry such numbers (rules.md §2:
``440524188001010014``).

Repair (``repair``): a letter that cannot stand where it was read (``O`` in an ID number) is exchanged for the digit it looks
like, and only when exactly one exchange passes every check. ``Identifier.repaired`` says so, and the page's own characters
stay in ``FieldReading.raw``. A wrong digit is put right by ``agreement``, which knows what stands beside the number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from stdnum import luhn, numdb
from stdnum.cn import ric, uscc

from services.kernel.paper import Check
from services.ocr.fields import repair

_MOST_LETTERS = 7  # with more it is a word
_ID_AREA = re.compile(r"(?<![0-9A-Za-z])(?:[0-9OQDUILTZSBGA|!]\s?){14,17}[0-9XO×KQDUILTZSBGA*|!](?![0-9A-Za-z])", re.IGNORECASE)
_CREDIT_AREA = re.compile(r"(?<![0-9A-Za-z])(?:[0-9A-Z]\s?){17}[0-9A-Z](?![0-9A-Za-z])", re.IGNORECASE)
_ACCOUNT = re.compile(r"(?<![\dA-Za-z])\d(?:[ -]?\d){7,29}(?![\dA-Za-z])")
_MOBILE = re.compile(r"(?<!\d)(?:\+?86[- ]?)?(1[3-9]\d)[- ]?(\d{4})[- ]?(\d{4})(?!\d)")
_LANDLINE = re.compile(
    r"(?<!\d)(?:\((0\d{2,3})\) ?|(0\d{2,3}) ?- ?|(0(?:10|2\d|[3-9]\d{2})) ?)"
    r"(\d{3,4}) ?(\d{4})(?:(?:-|转|ext\.?)(\d{1,5}))?(?!\d)"
)
_SERVICE = re.compile(r"(?<!\d)([48]00)[- ]?(\d{3})[- ]?(\d{4})(?!\d)|(?<!\d)([48]00)[- ]?(\d{4})[- ]?(\d{3})(?!\d)")


@dataclass(frozen=True, slots=True)
class Identifier:
    """``value`` found at ``[start, end)``; ``repaired`` when a character was exchanged to pass the check."""

    value: str
    check: Check
    start: int
    end: int
    repaired: bool = False


def id_number_ok(number: str) -> bool:
    """GB 11643-1999: 18 characters with check digit, or 15 digits of the 1985 form; county code ever assigned, birth date
    in the calendar.
    """
    if re.fullmatch(r"\d{15}", number):
        return _area_known(number) and _is_date("19" + number[6:12])
    if not re.fullmatch(r"\d{17}[\dX]", number):
        return False
    return bool(ric.calc_check_digit(number) == number[-1]) and _area_known(number) and _is_date(number[6:14])


def birth_and_gender(number: str) -> tuple[str, str]:
    """ISO birth date and 男/女 that a valid ID number states (digit 17, or the last of 15: odd is male)."""
    born = number[6:14] if len(number) == 18 else "19" + number[6:12]
    parity = number[16] if len(number) == 18 else number[14]
    return f"{born[:4]}-{born[4:6]}-{born[6:]}", "男" if int(parity) % 2 else "女"


def credit_code_ok(code: str) -> bool:
    """GB 32100-2015: 18 of ``0-9A-Z`` without I O S V Z, weights 3^(i-1) mod 31."""
    return bool(uscc.is_valid(code))


def credit_code_holds(code: str) -> bool:
    """Also its parts: the organisation code inside (GB 11714) and the district (GB/T 2260). A repair needs all of them."""
    return credit_code_ok(code) and _organisation_ok(code[8:17]) and _area_known(code[2:8])


def may_stand_in_id(letter: str, last: bool) -> bool:
    return letter.isdigit() or (last and letter == "X")


def may_stand_in_code(letter: str, _: bool) -> bool:
    return letter not in "IOSVZ"


def find_id_numbers(text: str) -> Iterator[Identifier]:
    """Numbers of the shape of a citizen ID in folded text, checked, repaired where that is certain."""
    for match in _ID_AREA.finditer(text):
        number = re.sub(r"\s", "", match.group()).upper()
        if len(number) in (15, 18) and sum(letter.isdigit() for letter in number) >= len(number) - _MOST_LETTERS:
            yield _judged(number, match, id_number_ok, may_stand_in_id)


def find_credit_codes(text: str) -> Iterator[Identifier]:
    """Numbers of the shape of a credit code in folded text, checked, repaired where that is certain."""
    for match in _CREDIT_AREA.finditer(text):
        code = re.sub(r"\s", "", match.group()).upper()
        if sum(letter.isdigit() for letter in code) >= 8:
            yield _judged(code, match, credit_code_ok, may_stand_in_code)


def _judged(read: str, match: re.Match[str], passes: Callable[[str], bool], may_stand: repair.MayStand) -> Identifier:
    if passes(read):
        return Identifier(read, "ok", match.start(), match.end())
    good = repair.only(repair.forced(read, may_stand), passes)
    if good is not None:
        return Identifier(good, "ok", match.start(), match.end(), repaired=True)
    return Identifier(read, "failed", match.start(), match.end())


def find_bank_accounts(text: str) -> Iterator[Identifier]:
    """8 to 30 digits, spaces and dashes taken out. Luhn (ISO/IEC 7812) holds for cards only, which in China begin with 62 and
    have 16 to 19 digits; other accounts are numbered by their bank, so nothing can be checked.
    """
    for match in _ACCOUNT.finditer(text):
        number = re.sub(r"\D", "", match.group())
        is_card = number.startswith("62") and 16 <= len(number) <= 19
        check: Check = "none" if not is_card else "ok" if luhn.is_valid(number) else "failed"
        yield Identifier(number, check, match.start(), match.end())


def find_phones(text: str) -> Iterator[Identifier]:
    """Mobile numbers as 11 digits without +86, landlines as ``0755-12345678``, service numbers as ``400-123-4567``."""
    found = [Identifier("".join(m.groups()), "ok", m.start(), m.end()) for m in _MOBILE.finditer(text)]
    for m in _LANDLINE.finditer(text):
        tail = f"-{m[6]}" if m[6] else ""
        found.append(Identifier(f"{m[1] or m[2] or m[3]}-{m[4]}{m[5]}{tail}", "ok", m.start(), m.end()))
    for m in _SERVICE.finditer(text):
        found.append(Identifier("-".join(part for part in m.groups() if part), "ok", m.start(), m.end()))
    end = 0
    for one in sorted(found, key=lambda one: (one.start, -one.end)):
        if one.start >= end:
            yield one
            end = one.end


def _area_known(number: str) -> bool:
    """The county code was assigned at some time (GB/T 2260 as python-stdnum carries it)."""
    known = {key for _, properties in numdb.get("cn/loc").info(number[:6]) for key in properties}
    return {"province", "county"} <= known


def _organisation_ok(code: str) -> bool:
    """GB 11714: eight characters, weighted 3 7 9 10 5 8 4 2, and their check character mod 11."""
    total = sum(int(letter, 36) * weight for letter, weight in zip(code, (3, 7, 9, 10, 5, 8, 4, 2), strict=False))
    return code[-1] == "0123456789X0"[(11 - total % 11)]


def _is_date(digits: str) -> bool:
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True
