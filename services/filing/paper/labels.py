"""Box labels (档案盒标签): name, number, period of retention (E七), and a QR code that says which box it is to a scanner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import segno

if TYPE_CHECKING:
    from services.kernel.sheet import Sheet

COLUMNS, ROWS = 2, 4
WIDTH, HEIGHT = 88.0, 62.0
GAP = 4.0
QR = 26.0
"""Millimetres."""
LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class LabelText:
    """``mark`` is what the QR code says."""

    name: str
    number: str
    period: str
    kind: str
    mark: str


def labels_pdf(labels: Sequence[LabelText]) -> bytes:
    """Eight on an A4 sheet, with lines to cut along."""
    from services.kernel.sheet import Sheet  # slow to load, and seldom needed

    sheet = Sheet("档案盒标签", bare=True)
    for place, label in enumerate(labels):
        on_page = place % (COLUMNS * ROWS)
        if place and not on_page:
            sheet.add_page()
        x = sheet.margin + on_page % COLUMNS * (WIDTH + GAP)
        y = sheet.margin + on_page // COLUMNS * (HEIGHT + GAP)
        _draw(sheet, label, x, y)
    return sheet.to_bytes()


def _draw(sheet: Sheet, label: LabelText, x: float, y: float) -> None:
    sheet.set_draw_color(150)
    sheet.rect(x, y, WIDTH, HEIGHT)
    name = label.name if len(label.name) <= LONGEST_NAME else f"{label.name[: LONGEST_NAME - 1]}…"
    sheet.set_font(sheet.family, size=13)
    sheet.set_xy(x + 4, y + 4)
    sheet.multi_cell(WIDTH - 8, 6.5, name, align="L")
    for text, size, height in ((label.kind, 9, 33), (f"保管期限 {label.period}", 12, 40), (label.number, 10, 51)):
        sheet.set_font(sheet.family, size=size)
        sheet.set_xy(x + 4, y + height)
        sheet.cell(WIDTH - 12 - QR, 6, text)
    _qr(sheet, label.mark, x + WIDTH - QR - 3, y + HEIGHT - QR - 3)


def _qr(sheet: Sheet, mark: str, x: float, y: float) -> None:
    matrix = segno.make(mark, error="m", micro=False).matrix
    module = QR / len(matrix)
    sheet.set_fill_color(0)
    for down, line in enumerate(matrix):
        for right, dark in enumerate(line):
            if dark:
                sheet.rect(x + right * module, y + down * module, module, module, style="F")
