"""Rows as files that an office opens: CSV and XLSX. Text stays text: what begins like a formula is none."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import xlsxwriter

CSV, XLSX = "text/csv; charset=utf-8", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
BOM = "\ufeff"
"""By which Excel knows UTF-8."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
WIDTHS = {"position": 9, "at": 28, "details": 50, "entry": 30, "proof": 30}


def csv_lines(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """Head and rows, one piece each."""
    target = io.StringIO()
    writer = csv.writer(target)
    target.write(BOM)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_harmless(row.get(name)) for name in columns])
        yield target.getvalue().encode()
        target.seek(0)
        target.truncate()
    yield target.getvalue().encode()


def xlsx(title: str, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    page, bold = book.add_worksheet(title), book.add_format({"bold": True})
    for column, name in enumerate(columns):
        page.set_column(column, column, WIDTHS.get(name, 18))
        page.write_string(0, column, name, bold)
    for line, row in enumerate(rows, 1):
        for column, name in enumerate(columns):
            value = row.get(name)
            if isinstance(value, int) and not isinstance(value, bool):
                page.write_number(line, column, value)
            elif value is not None:
                page.write_string(line, column, str(value))
    page.freeze_panes(1, 0)
    book.close()
    return target.getvalue()


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
