"""Find the identifiers of people in text as OCR reads it: ID numbers, mobile phones, bank accounts.

What is missed here stands in plain text in the index; what is taken wrongly cannot be searched for. The choices:

- **ID number.** 18 characters whose first two are a province (GB/T 2260) and whose 7th–14th are a plausible birth
  date. A failing check digit does not clear it: a misread ID number is still nearly one. Letters that OCR reads for
  digits (O, I, l) count as digits. 15 digits likewise, with a two-digit year. Credit codes and serial numbers (their
  label stands before) are left, unless the check digit holds.
- **Phone.** 11 digits from 13 to 19, also with +86. Not after ``¥`` or before ``元`` or decimals (an amount), not
  inside a contract number.
- **Bank account.** 16–19 digits that pass Luhn (ISO/IEC 7812-1) and begin like a card, or 8–32 digits that a label
  (账号, 卡号 …) announces: company accounts (对公账户) have any length and no check digit.

Between the digits may stand what OCR and people put there: spaces, dots, dashes. Landlines are no personal identifiers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from stdnum import luhn

from services.kernel.policy import lookup
from services.kernel.policy.lookup import Kind

_WIDTH = dict(zip("\u3000×−–—·", " X---.", strict=True)) | {chr(c): chr(c - 0xFEE0) for c in range(0xFF01, 0xFF5F)}
_WIDE = re.compile("[\u3000×−–—·\uff01-\uff5e]")
_BEFORE = r"(?<![0-9])(?<![0-9]\.)"
_AFTER = r"(?![0-9])"
_GAP = r"(?:[ \t]{0,2}[-.]?[ \t]{0,2})"
_ID_GAP = r"(?:[ \t]{0,2}-?[ \t]{0,2})"  # no dots: columns of decimals would join
_D = "[0-9OoIl]"

_SIGNS = re.compile(
    "[0-9OoIl０-９ＯｏＩｌ](?:[ \\t\u3000]{0,2}[-.－．−–—·]?[ \\t\u3000]{0,2}[0-9OoIlXx０-９ＯｏＩｌＸｘ×]){7,}"
)
"""Where identifiers may stand in text of any width: eight signs or more, as they are written together."""
_ID18 = re.compile(rf"{_BEFORE}{_D}(?:{_ID_GAP}{_D}){{16}}{_ID_GAP}[0-9OoIlXx](?![0-9A-Za-z])")
_ID15 = re.compile(rf"{_BEFORE}[0-9](?:{_ID_GAP}[0-9]){{14}}(?![0-9A-Za-z])")
_PHONE = re.compile(rf"(?:{_BEFORE}|(?<=\+86)|(?<=0086)|(?<![0-9])(?<=86))1{_GAP}[3-9](?:{_GAP}[0-9]){{9}}{_AFTER}")
COUNTRY_CODE = re.compile(r"(?<![0-9A-Za-z])\(?(?:\+|00)86\)?[\s-]*$")
"""What may stand before a phone number and is no part of it."""
_CLUSTER = re.compile(rf"{_BEFORE}[0-9]+(?:{_GAP}[0-9]+)*")
_DATE = re.compile(r"(?:19|20)[0-9]{2}[-.][01]?[0-9][-.][0-3]?[0-9]")

_PROVINCE_RANGES = ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71), (81, 83))
_PROVINCES = frozenset(str(code) for first, last in _PROVINCE_RANGES for code in range(first, last + 1))
_CONTEXT = 24
_LEAST_KNOWN = 6
_LABELS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "id_number",
        re.compile(r"(?:身份证|证件|公民身份|居住证)(?:编号|号码?)?|(?<![a-z])ID(?![a-z])(?:\s*(?:card|number|no\b))*", re.I),
    ),
    (
        "phone",
        re.compile(
            r"(?:电话|手机|联系方式|联系人)(?:号码?)?|(?<![a-z])(?:tel|phone|mobile)(?![a-z])(?:\s*(?:number|no\b))*", re.I
        ),
    ),
    (
        "bank_account",
        re.compile(
            r"(?:[账帐][号户]|卡号|银行卡)(?:编?号码?)?|(?<![a-z])(?:a/?c|account|card)(?![a-z])(?:\s*(?:number|no\b))*", re.I
        ),
    ),
    (
        "serial",
        re.compile(
            r"编号|合同号|信用代码|识别号|流水|票号|发票|代码|单号|档号|证号|凭证|序号|许可证|单元号|(?<![a-z])no(?![a-z])",
            re.I,
        ),
    ),
    ("amount", re.compile(r"[¥￥$]|人民币|金额|合计|价款|总价")),
)
_NOT_PERSONAL = ("serial", "amount")
Candidates = Callable[[str, int, int], Iterator[tuple[int, int]]]
"""Yields where in a stretch of a text, given by its start and end, an identifier may stand."""

_LABEL_TAIL = re.compile(r"[^0-9\n]{0,8}\n?[^0-9\n]{0,2}")
_CARD_LENGTHS = range(16, 20)
_ACCOUNT_LENGTHS = range(8, 33)


@dataclass(frozen=True, slots=True)
class Identifier:
    """An identifier at ``text[start:end]``; ``normalised`` is its one form (see ``lookup.normalise``)."""

    kind: Kind
    start: int
    end: int
    normalised: str


def fold_width(text: str) -> str:
    """Return ``text`` with full-width ASCII made narrow and dashes made one, character for character."""
    return _WIDE.sub(lambda match: _WIDTH[match.group()], text)


def find_identifiers(text: str, known: Iterable[tuple[Kind, str]] = ()) -> list[Identifier]:
    """Return the identifiers in ``text`` in order, none overlapping another.

    ``known`` are identifiers that a field reading or a person names, found wherever they stand however they are spaced: an
    account in a table needs no label then. Give the text of a whole page, for a label may stand on the line above its number.
    """
    known = list(known)
    stretches = [match.span() for match in _SIGNS.finditer(text)]
    if not (stretches or known):
        return []
    narrow = fold_width(text)
    found: list[Identifier] = []
    written = "".join(filter(str.isalnum, narrow)).lower() if known else ""
    for kind, value in known:
        signs = [char for char in fold_width(value) if char.isalnum()]
        if len(signs) >= _LEAST_KNOWN and "".join(signs).lower() in written:  # most are on another page
            for match in re.finditer(rf"(?<![0-9]){_GAP.join(signs)}(?![0-9])", narrow, re.I):
                if all(match.end() <= other.start or other.end <= match.start() for other in found):
                    found.append(Identifier(kind, *match.span(), lookup.normalise(kind, match.group())))
    for kind, candidates, accept in _RULES:
        for start, end in (span for stretch in stretches for span in candidates(narrow, *stretch)):
            place = _Place(narrow, start, end)
            value = lookup.normalise(kind, place.written)
            free = all(end <= other.start or other.end <= start for other in found)
            if free and accept(value, place):
                found.append(Identifier(kind, start, end, value))
    return sorted(found, key=lambda identifier: identifier.start)


def _matches(pattern: re.Pattern[str]) -> Candidates:
    """Return what yields matches from every position: a rejected one must not hide another that begins inside it."""

    def candidates(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
        position, behind = start, end + 1  # patterns look one sign ahead
        while match := pattern.search(text, position, behind):
            yield match.span()
            position = match.start() + 1

    return candidates


def _windows(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield stretches of whole digit groups that have the length of an account, the likeliest first."""
    for cluster in _CLUSTER.finditer(text, start, end):
        if len(cluster.group()) < min(_ACCOUNT_LENGTHS):
            continue
        groups = [(g.start() + cluster.start(), g.end() + cluster.start()) for g in re.finditer(r"[0-9]+", cluster.group())]
        for first in range(len(groups)):
            spans = [(groups[first][0], groups[last][1]) for last in range(len(groups) - 1, first - 1, -1)]
            sized = [(start, end, sum(char.isdigit() for char in text[start:end])) for start, end in spans]
            longest = sized[0][2]
            if longest > max(_CARD_LENGTHS) or groups[first][1] - groups[first][0] >= min(_ACCOUNT_LENGTHS):
                yield from ((start, end) for start, end, size in sized if size in _CARD_LENGTHS and _is_card(text[start:end]))
            yield from ((start, end) for start, end, size in sized if size in _ACCOUNT_LENGTHS and _is_whole(text[start:end]))


def _is_card(written: str) -> bool:
    digits = "".join(char for char in written if char.isdigit())
    return digits[0] in "34569" and bool(luhn.is_valid(digits))


def _is_whole(written: str) -> bool:
    """Whether a number is written as one: a group of eight digits or more stands alone, shorter ones belong together."""
    groups = re.findall(r"[0-9]+", written)
    return len(groups) == 1 or all(len(group) < min(_ACCOUNT_LENGTHS) for group in groups)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a candidate stands: what is written around it."""

    text: str
    start: int
    end: int

    @property
    def written(self) -> str:
        return self.text[self.start : self.end]

    @property
    def before(self) -> str:
        return self.text[max(0, self.start - _CONTEXT) : self.start]

    def label(self) -> str | None:
        """Return what the nearest label before the candidate announces, if nothing but a few words stand between."""
        context = re.split(r"[0-9]{4}", self.before)[-1]
        nearest: tuple[int, str] | None = None
        for name, pattern in _LABELS:
            for match in pattern.finditer(context):
                if _LABEL_TAIL.fullmatch(context, match.end()) and (nearest is None or match.end() > nearest[0]):
                    nearest = (match.end(), name)
        return nearest[1] if nearest else None

    def groups(self) -> list[int]:
        """Return the lengths of the groups that the candidate is written in."""
        return [len(group) for group in re.split(r"[^0-9A-Za-z]+", self.written) if group]

    def is_amount(self) -> bool:
        return bool(re.match(r"\.[0-9]|\s?元|,[0-9]", self.text[self.end : self.end + 2])) or bool(
            re.search(r"[¥￥$]\s?$|[0-9],$", self.before)
        )

    def continues_a_code(self) -> bool:
        """Whether letters or ``X-`` stand directly before, as inside a contract number."""
        return bool(re.search(r"[A-Za-z]$|[A-Za-z0-9)\]字第_]\s?-\s?$|[A-Za-z0-9]_$", self.before))


def _is_id18(value: str, place: _Place) -> bool:
    if sum(char.isdigit() for char in place.written) < 15 or not value[:17].isdecimal():
        return False
    if value[:2] not in _PROVINCES or not _is_date(value[6:10], value[10:12], value[12:14]):
        return place.label() == "id_number"
    return value[17] == lookup.id_check_digit(value[:17]) or place.label() != "serial"


def _is_id15(value: str, place: _Place) -> bool:
    label = place.label()
    if label == "id_number":
        return True
    if label in (*_NOT_PERSONAL, "bank_account") or place.continues_a_code() or place.is_amount():
        return False
    digits = [char for char in place.written if char.isdigit()]
    year, month, day = ("".join(digits[i : i + 2]) for i in (6, 8, 10))
    return "".join(digits[:2]) in _PROVINCES and _is_date("19" + year, month, day) and min(place.groups()) >= 3


def _is_account(value: str, place: _Place) -> bool:
    label = place.label()
    if label == "bank_account":
        return not place.is_amount() and not _DATE.fullmatch(place.written)
    if len(value) not in _CARD_LENGTHS or label in _NOT_PERSONAL or place.is_amount() or place.continues_a_code():
        return False
    return all(size >= 3 for size in place.groups()[:-1]) and _is_card(value)


def _is_phone(value: str, place: _Place) -> bool:
    label = place.label()
    if label == "phone":
        return True
    if label in _NOT_PERSONAL or place.is_amount():
        return False
    if place.continues_a_code() and not COUNTRY_CODE.search(place.before):
        return False
    decimals = "." in place.written and place.groups() != [3, 4, 4]
    return not decimals and min(place.groups()) >= 3


def _is_date(year: str, month: str, day: str) -> bool:
    return "1880" <= year <= "2099" and "01" <= month <= "12" and "01" <= day <= "31"


_RULES: tuple[tuple[Kind, Candidates, Callable[[str, _Place], bool]], ...] = (
    ("id_number", _matches(_ID18), _is_id18),
    ("id_number", _matches(_ID15), _is_id15),
    ("bank_account", _windows, _is_account),
    ("phone", _matches(_PHONE), _is_phone),
)
