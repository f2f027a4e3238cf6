"""The copy register (复制登记表) as a workbook."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import xlsxwriter

HEADS = ("档号", "复制件号", "形式", "持有人", "制作人", "制作时间", "申请编号", "目的", "状态", "归还或销毁时间")
WIDTHS = (30, 9, 8, 12, 12, 20, 16, 40, 9, 20)
FORMS = {"paper": "纸质", "file": "电子"}
STATES = {"out": "在外", "returned": "已归还", "destroyed": "已销毁", "lost": "遗失"}


def register_xlsx(copies: Sequence[Mapping[str, Any]]) -> bytes:
    """``copies`` as the API shows them. Text is written as text: what begins with “=” is no formula."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    page, bold = book.add_worksheet("复制登记表"), book.add_format({"bold": True})
    for column, (head, width) in enumerate(zip(HEADS, WIDTHS, strict=True)):
        page.set_column(column, column, width)
        page.write_string(0, column, head, bold)
    for line, copy in enumerate(copies, 1):
        for column, value in enumerate(_cells(copy)):
            page.write_string(line, column, value)
    page.freeze_panes(1, 0)
    book.close()
    return target.getvalue()


def _cells(copy: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        copy["reference_code"] or copy["item_id"],
        str(copy["number"]),
        FORMS.get(copy["form"], copy["form"]),
        copy["holder"]["name"],
        copy["made_by"]["name"],
        copy["made_at"],
        copy["request_number"] or "",
        copy["purpose"] or "",
        STATES.get(copy["state"], copy["state"]),
        copy["ended_at"] or "",
    )
