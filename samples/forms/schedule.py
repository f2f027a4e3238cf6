"""附件：房源明细表, a table whose cells are hardly wider than what stands in them, as spreadsheets print it."""

from __future__ import annotations

from decimal import Decimal
from random import Random

from samples import money, people
from samples.document import Document, Facts, single
from samples.sheet import Cell, Sheet

_HEADS = ("序号", "买受人", "房号", "建筑面积", "单价（元）", "总价（元）", "签约日期")
_WIDTHS = (2.4, 4.0, 5.8, 4.0, 5.4, 7.4, 5.8)  # of the type's size
_MARGIN, _PADDING, _ROWS = 17.0, 2.4, 24


def schedule(rng: Random) -> Document:
    """One page; each cell is a line of its truth, in reading order."""
    sheet = Sheet()
    size = rng.choice((3.2, 3.5, 3.8))
    sheet.y = 24 + rng.uniform(0, 12)
    sheet.put(sheet.width / 2, sheet.y, "附件：房源明细表", size=5.0, role="hei", align="centre")
    sheet.y += 12
    _row(sheet, _HEADS, size, label=True)
    for number in range(1, _ROWS + 1):
        area, price = Decimal(rng.randint(6000, 18000)) / 100, Decimal(rng.randint(900000, 9000000)) / 100
        signed = f"{rng.randint(2015, 2024)}.{rng.randint(1, 12):02d}.{rng.randint(1, 28):02d}"
        unit = f"{rng.randint(1, 20)}-{rng.randint(1, 3)}-{rng.randint(1, 33)}{rng.randint(1, 4):02d}"
        total = (area * price).quantize(Decimal("0.01"))
        told = (str(number), people.person(rng).name, unit, f"{area:.2f}", money.grouped(price), money.grouped(total), signed)
        _row(sheet, told, size)
    return single("schedule", [sheet], Facts())


def _row(sheet: Sheet, texts: tuple[str, ...], size: float, *, label: bool = False) -> None:
    cells = [Cell(text, width * size + _PADDING, label) for text, width in zip(texts, _WIDTHS, strict=True)]
    sheet.row(_MARGIN, cells, height=1.8 * size, size=size)
