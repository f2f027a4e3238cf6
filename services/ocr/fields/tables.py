"""Forms with two sides: bank slips and invoices print payer and payee beside (or under) each other with the same labels.

Which side is whose is told by the captions 付款人 and 收款人 (购买方 and 销售方), often set upright along the edge; where
engines lose those, the payer stands left of, or above, the payee, as on the usual forms of banks and tax offices.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from services.kernel.paper import FieldReading
from services.ocr.fields import labels, parsers
from services.ocr.fields.finder import Finder, Mark, Rule
from services.ocr.fields.sheet import Sheet

_CAPTIONS = {"payer": re.compile("付款|购买|购货|汇款|付方"), "payee": re.compile("收款|销售|销货|收方")}
SIDES: Mapping[str, tuple[str, ...]] = {"bank_slip": labels.ACCOUNT_NAME, "invoice": ("名称", "单位名称")}


def two_sided(finder: Finder, document_type: str) -> dict[str, tuple[FieldReading, ...]]:
    """``payer`` and ``payee`` from the labels that both sides of a form share; nothing for other forms, or for one side."""
    names = SIDES.get(document_type, ())
    found = [(mark, values) for mark in finder.marks(names) if (values := finder.at(mark, Rule("payer", parsers.name)))][:2]
    if len(found) < 2:
        return {}
    beside = _beside(found[0][0], found[1][0])
    (one, first), (_, second) = sorted(found, key=lambda pair: pair[0].cell.left if beside else pair[0].cell.middle)
    order = ("payee", "payer") if _payee_first(finder.sheet, one.cell.page, beside=beside) else ("payer", "payee")
    sides = zip(order, (first, second), strict=True)
    return {field: tuple(replace(value, name=field) for value in values) for field, values in sides}


def _beside(one: Mark, two: Mark) -> bool:
    return one.cell.right <= two.cell.left or two.cell.right <= one.cell.left


def _payee_first(sheet: Sheet, page: int, *, beside: bool) -> bool:
    """Whether the captions put the payee on the left, or on top."""
    places: dict[str, float] = {}
    for field, pattern in _CAPTIONS.items():
        for cell in sheet.cells:
            if len(cell.text) <= 6 and pattern.match(re.sub(r"\s", "", cell.text)) and cell.page == page:
                places.setdefault(field, cell.left if beside else cell.middle)
    return len(places) == 2 and places["payer"] > places["payee"]
