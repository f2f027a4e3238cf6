"""The catalogue as a workbook and as a printed list."""

from __future__ import annotations

import io
from collections.abc import Sequence

import xlsxwriter

from services.filing.catalogue.service import Row
from services.filing.paper import words

HEADS = ("序号", "档号", "题名", "类别", "收件日期", "页数", "保管期限")
PDF_WIDTHS = (12, 52, 104, 32, 26, 13, 22)
XLSX_WIDTHS = (6, 28, 60, 18, 13, 7, 11)


def cells(row: Row) -> tuple[int | str, ...]:
    return (
        row.number,
        row.reference_code,
        row.title,
        row.type_title,
        row.received_on,
        row.pages,
        words.period(row.period),
    )


def catalogue_xlsx(rows: Sequence[Row]) -> bytes:
    """Text is written as text: a title that begins with “=” is no formula."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    page = book.add_worksheet("档案目录")
    head = book.add_format({"bold": True, "border": 1, "bg_color": "#EEEAE0"})
    body = book.add_format({"border": 1, "text_wrap": True, "valign": "top"})
    for column, (title, width) in enumerate(zip(HEADS, XLSX_WIDTHS, strict=True)):
        page.set_column(column, column, width)
        page.write_string(0, column, title, head)
    for line, row in enumerate(rows, 1):
        for column, value in enumerate(cells(row)):
            if isinstance(value, int):
                page.write_number(line, column, value, body)
            else:
                page.write_string(line, column, value, body)
    page.freeze_panes(1, 0)
    page.autofilter(0, 0, max(len(rows), 1), len(HEADS) - 1)
    page.repeat_rows(0)
    page.set_landscape()
    page.set_paper(9)  # A4
    page.fit_to_pages(1, 0)
    book.close()
    return target.getvalue()


def catalogue_pdf(rows: Sequence[Row]) -> bytes:
    from services.kernel.sheet import Sheet  # slow to load, and seldom needed

    sheet = Sheet("档案目录", landscape=True)
    sheet.write_table(HEADS, [tuple(str(cell) for cell in cells(row)) for row in rows], PDF_WIDTHS)
    sheet.write_line(f"共 {len(rows)} 件", align="R")
    return sheet.to_bytes()
