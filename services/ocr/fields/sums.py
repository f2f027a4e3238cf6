"""The rows of a form that lists sums (收据, 记账凭证, 发票): what stands under 金额 comes to what stands in the row 合计."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from services.ocr.fields import money
from services.ocr.fields.sheet import Cell, Sheet

_HEAD = re.compile(r"^(?:金\s*额|小\s*计|税\s*额|借方金额|贷方金额)(?:\((?:元|人民币)\))?$")
_TOTAL = re.compile(r"^(?:合\s*计|总\s*计|共\s*计)")
_STRAY = 1.5  # heights by which a figure may stand beside its column


@dataclass(frozen=True, slots=True)
class Column:
    """The sums under one head, in cents, and the total that the form gives them; ``page`` is where."""

    rows: tuple[int, ...]
    total: int
    page: int

    @property
    def adds_up(self) -> bool:
        return sum(self.rows) == self.total


def columns(sheet: Sheet) -> Iterator[Column]:
    """Every column of sums with its total. One without rows, or with a row that is no sum, tells nothing."""
    for cell in sheet.cells:
        if _TOTAL.match(cell.text):
            yield from _over(sheet, cell)


def _over(sheet: Sheet, total: Cell) -> Iterator[Column]:
    cells = sheet.on_page(total.page)
    heads = [cell for cell in cells if _HEAD.match(cell.text) and cell.middle < total.top]
    for figure in [total, *sheet.right_of(total)]:
        cents = _cents(figure)
        head = max((one for one in heads if _in_column(one, figure)), key=lambda one: one.middle, default=None)
        if cents is None or head is None:
            continue
        between = [cell for cell in cells if head.bottom < cell.middle < total.top and _in_column(head, cell)]
        rows = [_cents(cell) for cell in between]
        known = [row for row in rows if row is not None]
        if known and len(known) == len(rows):
            yield Column(tuple(known), cents, total.page)


def _in_column(one: Cell, other: Cell) -> bool:
    return min(one.right, other.right) - max(one.left, other.left) > -_STRAY * one.height


def _cents(cell: Cell) -> int | None:
    """The sum that is all, or the end, of a cell."""
    found = list(money.find_figures(cell.text))
    if not found or not re.fullmatch(r"[^\d]*", cell.text[: found[-1].start]) or cell.text[found[-1].end :].strip(" 元整|"):
        return None
    return found[-1].cents
