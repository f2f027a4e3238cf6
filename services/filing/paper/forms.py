"""The filing form (归档登记表) as it is printed, with its people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.filing.paper import words

HEADS = ("序号", "档号", "题名", "类别", "页数", "保管期限")
WIDTHS = (10, 46, 64, 32, 13, 21)
STATES = {"submitted": "待签字", "signed": "已归档", "returned": "已退回"}


def form_pdf(form: Mapping[str, Any], times: Mapping[str, str]) -> bytes:
    """``form`` is what ``forms.view.whole`` gives; ``times``: the days of submission and decision."""
    from services.kernel.sheet import Sheet  # slow to load, and seldom needed

    sheet = Sheet("归档登记表")
    sheet.write_line(f"登记表编号 {form['number']}        状态 {STATES[form['state']]}        政策版本 {form['policy']}")
    rows = [
        (
            str(line["position"]),
            line["reference_code"],
            line["title"],
            line["type_title"],
            str(line["pages"]),
            words.period(line["period"]),
        )
        for line in form["lines"]
    ]
    sheet.write_table(HEADS, rows, WIDTHS)
    people = form["people"]
    signatures = (
        ("扫描", _names(people["scan"]), ""),
        ("质检", _names(people["check"]), ""),
        ("移交归档", _names(people["submitted_by"]), times["submitted"]),
        ("归档负责人签字" if form["state"] != "returned" else "退回", _names(people["decided_by"]), times["decided"]),
    )
    sheet.write_table(("环节", "姓名", "日期"), signatures, (40, 100, 46))
    if form["reason"]:
        sheet.write_line(f"退回原因 {form['reason']}")
    sheet.write_line(f"内容摘要 SHA-256 {form['digest']}", size=7)
    return sheet.to_bytes()


def _names(people: Sequence[Mapping[str, str]]) -> str:
    return "、".join(each["name"] for each in people)
