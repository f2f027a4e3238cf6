"""The register as a workbook and as a printed list, with those who sign it. Pure layout."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import xlsxwriter

from services.kernel.clock import OFFICE
from services.retention.batches.register import HEADS, Row

TITLE = "档案销毁清册"
PDF_WIDTHS = (10, 32, 26, 10, 10, 20, 46, 18, 20, 18, 22, 32)
XLSX_WIDTHS = (6, 22, 18, 6, 6, 12, 30, 11, 13, 10, 12, 20)
ROLES = {
    "department_head": "部门负责人",
    "company_leader": "单位负责人",
    "archivist": "档案管理机构负责人",
}
CAPACITIES = {"supervisor": "监销人", "electronic": "电子档案监销人"}
STATES = {
    "DRAFT": "拟稿",
    "APPRAISED": "已鉴定",
    "SUBMITTED": "待批准",
    "APPROVED": "已批准",
    "REJECTED": "未批准",
    "NOTIFIED": "已通知",
    "WITNESS_PRECHECKED": "已清点",
    "EXECUTING": "销毁中",
    "PARTIAL_FAILED": "部分未销毁",
    "VERIFYING": "核验中",
    "CLOSED": "已销毁",
    "CANCELLED": "已取消",
}


def register_xlsx(batch: Mapping[str, Any], rows: Iterable[Row]) -> bytes:
    """``batch`` is what ``view.whole`` gives. Text is written as text: a title that begins with “=” is no formula."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    head = book.add_format({"bold": True, "border": 1, "bg_color": "#EEEAE0"})
    page = book.add_worksheet(TITLE)
    for column, width in enumerate(XLSX_WIDTHS):
        page.set_column(column, column, width)
    for line, text in enumerate(_heading(batch)):
        page.write_string(line, 0, text)
    top = len(_heading(batch))
    for column, title in enumerate(HEADS):
        page.write_string(top, column, title, head)
    for line, row in enumerate(rows, top + 1):
        for column, value in enumerate(row.cells):
            if isinstance(value, int):
                page.write_number(line, column, value)
            else:
                page.write_string(line, column, value)
    page.freeze_panes(top + 1, 0)
    page.repeat_rows(top)
    page.set_landscape()
    page.set_paper(9)  # A4
    page.fit_to_pages(1, 0)
    people = book.add_worksheet("签署")
    people.set_column(0, 4, 22)
    for line, cells in enumerate((SIGNERS, *signers(batch))):
        for column, text in enumerate(cells):
            people.write_string(line, column, text, head if line == 0 else None)
    book.close()
    return target.getvalue()


def register_pdf(batch: Mapping[str, Any], rows: Iterable[Row]) -> bytes:
    from services.kernel.sheet import Sheet  # slow to load, and seldom needed

    sheet = Sheet(TITLE, landscape=True)
    for text in _heading(batch):
        sheet.write_line(text)
    sheet.write_table(HEADS, [tuple(str(cell) for cell in row.cells) for row in rows], PDF_WIDTHS, size=8)
    sheet.write_table(SIGNERS, signers(batch), (52, 52, 44, 52, 64))
    return sheet.to_bytes()


SIGNERS = ("身份", "姓名", "日期", "内容", "签字")


def signers(batch: Mapping[str, Any]) -> Sequence[tuple[str, ...]]:
    """Who made it, approved it, was told, counted and signed, with room for pen and ink."""
    made = [("经办人（编制）", batch["created_by"]["name"], _day(batch["created_at"]), "", "")]
    if batch["submitted_by"]:
        made.append(("经办人（提交）", batch["submitted_by"]["name"], _day(batch["submitted_at"]), "", ""))
    counting = [each for each in batch["signatures"] if each["manifest"] == batch["manifest_sha256"]]
    made += [
        (
            ROLES.get(each["role"], each["role"]),
            each["person"]["name"],
            _day(each["at"]),
            "同意销毁" if each["approves"] else "不同意",
            "",
        )
        for each in counting
    ]
    told = [each for each in batch["notices"] if each["received_by"]]
    made += [("业务部门回执", each["received_by"]["name"], _day(each["received_at"]), each["department"], "") for each in told]
    if batch["executed_by"]:
        made.append(("销毁执行人", batch["executed_by"]["name"], _day(batch["executing_at"]), "", ""))
    for each in batch["witnesses"]:
        counted = f"销毁前清点 {each['items']} 件 {each['pages']} 页" if each["counted_at"] else ""
        made.append((CAPACITIES[each["capacity"]], each["person"]["name"], _day(each["counted_at"]), counted, ""))
        if each["signed_at"]:
            made.append((CAPACITIES[each["capacity"]], each["person"]["name"], _day(each["signed_at"]), "销毁后签字", ""))
    return made


def _heading(batch: Mapping[str, Any]) -> tuple[str, ...]:
    paper = f"        纸质销毁方式 {batch['paper_method']}" if batch["paper_method"] else ""
    return (
        f"批次编号 {batch['number']}        {batch['title']}        状态 {STATES[batch['state']]}",
        f"电子销毁方式 {batch['method']}{paper}        共 {sum(batch['items'].values())} 件",
        f"清册摘要 SHA-256 {batch['manifest_sha256'] or '—'}",
    )


def _day(moment: str | None) -> str:
    """The day in the office's calendar."""
    return f"{datetime.fromisoformat(moment).astimezone(OFFICE):%Y-%m-%d}" if moment else ""
