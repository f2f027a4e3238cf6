"""What the fields of one document say about each other: a number is put right, or doubted, by what stands beside it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from services.kernel.paper import Check, FieldReading
from services.ocr.fields import identifiers, money, repair, shares, sums
from services.ocr.fields.finder import Weighed
from services.ocr.fields.sheet import Sheet
from services.ocr.fields.text import fold

_ROUNDED = Decimal("0.01")  # of a product that is written in whole cents
_SHORTEST_WORD, _SHORTEST_NUMBER = 2, 4  # less stands in other words by chance
Fields = Mapping[str, tuple[FieldReading, ...]]


def agreed(sheet: Sheet, fields: Fields) -> dict[str, tuple[FieldReading, ...]]:
    """The fields with the checks that need more than one of them; parties with their shares."""
    fields = _numbers_repaired(fields)
    fields = _card_checked(fields)
    fields = _sums_checked(fields, {column.total for column in sums.columns(sheet) if column.adds_up})
    fields = _prices_checked(fields)
    fields = _told_twice(sheet, fields)
    return shares.with_shares(sheet, fields)


def _numbers_repaired(fields: Fields) -> Fields:
    """A wrong digit is exchanged only where exactly one candidate passes every check. For an ID number these include the
    birth date beside it: its check digit alone passes one wrong candidate in eleven, and there are dozens."""
    done = dict(fields)
    if "id_number" in fields:
        done["id_number"] = _repaired(
            fields["id_number"],
            identifiers.may_stand_in_id,
            lambda one, number: identifiers.id_number_ok(number) and _borne_out(fields, one.page, number),
        )
    if "credit_code" in fields:
        done["credit_code"] = _repaired(
            fields["credit_code"], identifiers.may_stand_in_code, lambda _, code: identifiers.credit_code_holds(code)
        )
    return done


def _repaired(
    values: Sequence[FieldReading], may_stand: repair.MayStand, passes: Callable[[FieldReading, str], bool]
) -> tuple[FieldReading, ...]:
    done: dict[str, FieldReading] = {}
    for one in values:
        if one.check == "failed" and (good := repair.only(_candidates(one.value, may_stand), lambda c: passes(one, c))):  # noqa: B023
            one = replace(one, value=good, check="ok", repaired=True)
        if one.value not in done or done[one.value].repaired:
            done[one.value] = one
    return tuple(done.values())


def _candidates(read: str, may_stand: repair.MayStand) -> Iterator[str]:
    yield from repair.forced(read, may_stand)
    yield from repair.confused(read, may_stand)


def _borne_out(fields: Fields, page: int, number: str) -> bool:
    births = {one.value for one in fields.get("birth_date", ()) if one.page == page}
    return len(births) == 1 and not contradicted(fields, page, number)


def contradicted(fields: Fields, page: int, number: str) -> tuple[str, ...]:
    """The names of fields on the page that a valid ID number does not agree with. Where several people's stand there, none
    can be told."""
    stated = dict(zip(("birth_date", "gender"), identifiers.birth_and_gender(number), strict=True))
    beside = {name: {one.value for one in fields.get(name, ()) if one.page == page} for name in stated}
    return tuple(name for name, values in beside.items() if len(values) == 1 and stated[name] not in values)


def _card_checked(fields: Fields) -> Fields:
    """A valid number beside another birth date or sex: one of them was misread, and nobody can tell which."""
    numbers = [one for one in fields.get("id_number", ()) if one.check == "ok"]
    if len(numbers) != 1:
        return fields
    wrong = contradicted(fields, numbers[0].page, numbers[0].value)
    return {
        name: _marked(values, "failed") if wrong and name in ("id_number", *wrong) else values
        for name, values in fields.items()
    }


def _sums_checked(fields: Fields, totals: set[int]) -> Fields:
    """Figures are good where words, or the rows of the form, come to the same sum; words and figures that differ are both
    for a person to judge (rules.md, section 2)."""
    figures, words = fields.get("amount", ()), fields.get("amount_in_words", ())
    told = {cents for one in words if (cents := money.words_to_cents(one.value)) is not None}
    if len(figures) != 1:
        return fields
    cents = int(Decimal(figures[0].value) * 100)
    if told and cents not in told:
        return {**fields, "amount": _marked(figures, "failed"), "amount_in_words": _marked(words, "failed")}
    good: Check = "ok" if told or cents in totals or cents == sum(totals) else "none"
    return {**fields, "amount": _marked(figures, good)}


def _prices_checked(fields: Fields) -> Fields:
    """A price by the square metre, an area and a sum vouch for each other where one times the other comes to the third."""
    price, total, areas = (fields.get(name, ()) for name in ("unit_price", "amount", "area"))
    if len(price) != 1 or len(total) != 1 or total[0].check == "failed":
        return fields
    each, whole = Decimal(price[0].value), Decimal(total[0].value)
    fits = [abs(each * Decimal(area.value) - whole) <= _ROUNDED for area in areas]
    if not any(fits):
        return fields
    checked = tuple(replace(area, check="ok") if good else area for area, good in zip(areas, fits, strict=True))
    return {**fields, "unit_price": _marked(price, "ok"), "amount": _marked(total, "ok"), "area": checked}


def _told_twice(sheet: Sheet, fields: Fields) -> Fields:
    """What stands in two lines, or in a line and in a seal, was read twice."""
    texts = [re.sub(r"\s", "", cell.text) for cell in sheet.cells]
    texts += [re.sub(r"\s", "", fold(seal.text)) for page in sheet.pages for seal in page.seals]
    return {
        name: tuple(replace(one, twice=True) if isinstance(one, Weighed) and _twice(one, texts) else one for one in values)
        for name, values in fields.items()
    }


def _twice(one: Weighed, texts: Sequence[str]) -> bool:
    raw = re.sub(r"\s", "", fold(one.raw))
    if len(raw) < (_SHORTEST_WORD if re.search("[\u4e00-\u9fff]", raw) else _SHORTEST_NUMBER):
        return False
    pattern = re.compile(rf"(?<![\dA-Za-z.,]){re.escape(raw)}(?![\dA-Za-z])" if raw[0].isascii() else re.escape(raw))
    return sum(bool(pattern.search(text)) for text in texts) > 1  # what is split over two lines stands whole in none


def _marked(values: Sequence[FieldReading], check: Check) -> tuple[FieldReading, ...]:
    return tuple(replace(one, check=check) for one in values)
