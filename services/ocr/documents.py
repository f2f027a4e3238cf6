"""One document (件) out of its pages: its type, its fields, and what a person should look at."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from services.kernel.clock import OFFICE, now
from services.kernel.paper import DocumentReading, FieldReading, PageReading, Problem
from services.ocr.fields import dates, extract, identifiers, money, shares, sums
from services.ocr.fields.agreement import contradicted
from services.ocr.fields.sheet import Sheet
from services.ocr.fields.text import fold
from services.ocr.numbering import missing
from services.ocr.types.model import TypeModel, decide, shipped

_STRUCK_OUT = re.compile("[⊗⊕◎×]")
_PAST, _DOUBTED = ("signed_on", "paid_on", "birth_date"), 0.5
_FAILED = {
    "id_number": (
        "id_number_check_failed",
        "The ID number {value} fails its check digit, area or date: compare it with the page.",
    ),
    "credit_code": ("credit_code_check_failed", "The credit code {value} fails its check digit: compare it with the page."),
    "bank_account": ("bank_account_check_failed", "The card number {value} fails its check digit: compare it with the page."),
}


def read_document(pages: Sequence[PageReading], model: TypeModel | None = None) -> DocumentReading:
    """Type, confidence, fields and problems of one document. ``pages`` keep their numbers in the file; none is changed.
    ``model``: the one that has learnt from what people said, else the shipped one."""
    decided = decide(pages, model or shipped())
    kind, confidence = decided.type, decided.confidence
    fields = _none_to_come(extract(pages, kind))
    return DocumentReading(
        pages=tuple(page.number for page in pages),
        type=kind,
        confidence=confidence,
        words=decided.words,
        by=decided.by,
        fields=fields,
        problems=(*_nothing_on(pages), *missing(pages), *_problems(fields), *_on_the_sheet(pages)),
    )


def _none_to_come(fields: Mapping[str, tuple[FieldReading, ...]]) -> dict[str, tuple[FieldReading, ...]]:
    """What was signed, paid or born lies in the past: a day to come was misread, or the paper is not what it says."""
    return {
        name: tuple(
            replace(one, check="failed", confidence=min(one.confidence, _DOUBTED)) if _is_to_come(one) else one
            for one in values
        )
        for name, values in fields.items()
    }


def _is_to_come(one: FieldReading) -> bool:
    return one.name in _PAST and one.value > now().astimezone(OFFICE).date().isoformat()


def _nothing_on(pages: Sequence[PageReading]) -> Iterator[Problem]:
    """A document without a word is never a success; pages that are not blank tell of it themselves."""
    if pages and all(page.blank for page in pages):
        yield Problem("no_text", "All pages of this document are blank. Check that the paper was fed the right side up.")


def _problems(fields: Mapping[str, tuple[FieldReading, ...]]) -> Iterator[Problem]:
    for name, (code, message) in _FAILED.items():
        for one in fields.get(name, ()):
            if one.check == "failed" and not (name == "id_number" and identifiers.id_number_ok(one.value)):
                yield Problem(code, message.format(value=masked(one.value)), one.page)
            elif one.repaired:
                yield Problem(
                    "identifier_repaired",
                    f"One or more characters of {masked(one.value)} were misread and put right by its checks: "
                    "compare it with the page.",
                    one.page,
                )
    for one in (one for name in _PAST for one in fields.get(name, ()) if _is_to_come(one)):
        detail = f"The {one.name.replace('_', ' ')} is a day to come: compare it with the page."
        yield Problem("future_date", detail, one.page, one.box)
    yield from _amounts_differ(fields)
    yield from _card_contradicts_itself(fields)
    yield from _shares_differ(fields)


def _amounts_differ(fields: Mapping[str, tuple[FieldReading, ...]]) -> Iterator[Problem]:
    """The sum in figures and the sum in capitals must be one sum; where they are not, a person decides (rules.md §2)."""
    figures = [one.value for one in fields.get("amount", ())]
    for words in fields.get("amount_in_words", ()):
        cents = money.words_to_cents(words.value)
        misread = money.words_to_cents(fold(words.raw, simplify=True)) is None
        if cents is not None and misread and not _STRUCK_OUT.search(words.raw):
            yield Problem(
                "amount_in_words_repaired",
                f"One or more characters of the amount in words ({words.value}) were misread: compare it with the page.",
                words.page,
            )
        if cents is None:
            yield Problem(
                "amount_in_words_unreadable",
                f"The amount in words ({words.value}) is not a well-formed sum: compare it with the page.",
                words.page,
            )
        if figures and cents is not None and money.yuan(cents) not in figures:
            yield Problem(
                "amount_mismatch",
                f"The amount in figures ({figures[0]}) is not the amount in words ({words.value}): "
                "look at the page and decide.",
                words.page,
            )


def _card_contradicts_itself(fields: Mapping[str, tuple[FieldReading, ...]]) -> Iterator[Problem]:
    """A valid ID number states birth date and sex; a card that prints others was misread, or is not genuine."""
    for number in fields.get("id_number", ()):
        if not identifiers.id_number_ok(number.value):
            continue
        # of several cards on one page, what was found on each was compared when it was read
        unnamed = ("birth_date or gender",) if number.check == "failed" else ()
        for name in contradicted(fields, number.page, number.value) or unnamed:
            detail = f"The ID number does not agree with the {name.replace('_', ' ')} beside it: compare both with the page."
            yield Problem("id_number_contradicts", detail, number.page)


def _shares_differ(fields: Mapping[str, tuple[FieldReading, ...]]) -> Iterator[Problem]:
    for name in shares.HOLDERS:
        if shares.differ(fields.get(name, ())):
            told = " + ".join(f"{one.share} %" for one in fields[name])
            yield Problem(
                "shares_differ", f"The shares {told} do not come to the whole: look at the page.", fields[name][0].page
            )


def _on_the_sheet(pages: Sequence[PageReading]) -> Iterator[Problem]:
    """What the paper itself has wrong: dates that are none, rows that do not come to their total."""
    sheet = Sheet(pages)
    for page in pages:
        if any(True for cell in sheet.on_page(page.number) for _ in dates.impossible(cell.text)):
            yield Problem(
                "impossible_date", "A date on this page is not in the calendar: compare it with the page.", page.number
            )
    for column in sums.columns(sheet):
        if not column.adds_up:
            detail = (
                f"The rows come to {money.yuan(sum(column.rows))}, but the total says {money.yuan(column.total)}: "
                "look at the page and decide."
            )
            yield Problem("rows_differ", detail, column.page)


def masked(value: str) -> str:
    """First and last character only (rules.md, Masks): problems travel further than fields may."""
    return value[0] + "*" * (len(value) - 2) + value[-1] if len(value) > 2 else "*" * len(value)
