"""Where one document ends and the next begins, in a stack that was fed without cover sheets.

Signs, in the order in which they are believed: page numbers that go on or begin anew; the second side of a card; a title at
the head of a page; a form that is another than that of the pages before. A page without any sign goes with those before it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from services.kernel.paper import PageReading
from services.ocr.classify import classify, headed, titled
from services.ocr.fields.text import fold
from services.ocr.numbering import PageNumber, page_number

_SURE = 0.55  # of a lone page's type, for it to part two documents
_FRONT, _BACK = re.compile("公民身份号码"), re.compile("签发机关|有效期限")
_HEAD, _NUMBER = 0.3, re.compile(r"编号:?([0-9A-Za-z-]{5,})")  # of the page's height; the number of a form
_HEAD_LINES, _LABELS, _VALUES = 9, 4, 2  # lines that are compared; how many must be the same, and how many others
_ANNEX = re.compile(r"附件|附图|附表|附录|续页|接上页")
_ONE_SHEET = frozenset(
    {"id_card", "payment_voucher", "invoice", "bank_slip", "business_licence", "property_certificate", "household_register"}
)


def documents(pages: Sequence[PageReading]) -> list[tuple[PageReading, ...]]:
    """The pages of one stack, in order, cut into documents. Blank pages stay with the page before them: they are its back."""
    parts: list[list[PageReading]] = []
    for page in pages:
        if parts and (page.blank or not page.lines or not _begins(page, parts[-1])):
            parts[-1].append(page)
        else:
            parts.append([page])
    return [tuple(part) for part in parts]


def _begins(page: PageReading, before: Sequence[PageReading]) -> bool:
    """Whether ``page`` is the first of a document, after the pages of the one before."""
    written = [each for each in before if each.lines]
    if not written:
        return False
    by_number = _by_number(page_number(page), page_number(written[-1]), page)
    if by_number is not None:
        return by_number
    if _is_other_side(page, written):
        return False
    return _by_content(page, written)


def _by_number(here: PageNumber | None, last: PageNumber | None, page: PageReading) -> bool | None:
    """What the printed page numbers say; None where they say nothing."""
    if here is not None and here.number == 1:
        return True
    if here is not None and here.total is not None:
        # else its first pages are missing, or it stands in the wrong place: no page of the document before
        return last is None or last.total != here.total or last.number >= here.number
    if here is not None and last is not None and here.number == last.number + 1:
        return False
    if last is not None and last.total is not None and last.number == last.total and here is None:
        return None if _annexed(page) else headed(page) or None
    return None


def _is_other_side(page: PageReading, before: Sequence[PageReading]) -> bool:
    """The back of the card whose front lies before it, or its front after its back."""
    if len(before) != 1:
        return False
    here, there = (re.sub(r"\s", "", fold(each.text)) for each in (page, before[0]))
    one, other = bool(_FRONT.search(here)), bool(_BACK.search(here))
    return one != other and (bool(_FRONT.search(there)), bool(_BACK.search(there))) == (other, one)


def _by_content(page: PageReading, before: Sequence[PageReading]) -> bool:
    if _annexed(page):
        return False
    if headed(page) or (titled(page) and (_has_another_number(page, before[0]) or _is_filled_in_anew(page, before[0]))):
        return True
    kind, sure, _ = classify([page])
    of_before, _, _ = classify(before)
    if kind == "other" or sure < _SURE:
        return False
    return kind != of_before or kind in _ONE_SHEET


def _has_another_number(page: PageReading, first: PageReading) -> bool:
    """Whether both bear a number at their heads, and not the same; in one character they may differ by misreading."""
    here, there = _own_number(page), _own_number(first)
    if here is None or there is None:
        return False
    return abs(len(here) - len(there)) + sum(a != b for a, b in zip(here, there, strict=False)) > 1


def _is_filled_in_anew(page: PageReading, first: PageReading) -> bool:
    """Whether both have the same labels at their heads, and other values: a head that is repeated has the same."""
    here, there = ({re.sub(r"\s", "", fold(line.text)) for line in each.lines[:_HEAD_LINES]} for each in (page, first))
    return len(here & there) >= _LABELS and len(here - there) >= _VALUES


def _own_number(page: PageReading) -> str | None:
    for line in page.lines:
        if min(y for _, y in line.box) < _HEAD * page.height and (found := _NUMBER.search(re.sub(r"\s", "", fold(line.text)))):
            return found[1]
    return None


def _annexed(page: PageReading) -> bool:
    return any(_ANNEX.match(re.sub(r"\s", "", line.text)) for line in page.lines[:3])
