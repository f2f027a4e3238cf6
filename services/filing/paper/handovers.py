"""The handover list (移交清单) as it is printed, with room for both signatures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

HEADS = ("序号", "档号", "题名", "类别", "页数", "接收", "原因")
WIDTHS = (10, 44, 54, 30, 12, 14, 28)
DECIDED = {True: "接收", False: "拒收", None: ""}


def handover_pdf(handover: Mapping[str, Any], times: Mapping[str, str]) -> bytes:
    """``handover`` is what ``handovers.view.whole`` gives; ``times``: the days on which it was opened and closed."""
    from services.kernel.sheet import Sheet  # slow to load, and seldom needed

    sheet = Sheet("档案移交清单")
    sheet.write_line(f"清单编号 {handover['number']}        共 {handover['items']} 件")
    rows = [
        (
            str(line["position"]),
            line["reference_code"] or "",
            line["title"],
            line["type_title"],
            str(line["pages"]),
            DECIDED[line["accepted"]],
            line["reason"] or "",
        )
        for line in handover["lines"]
    ]
    sheet.write_table(HEADS, rows, WIDTHS)
    signatures = (
        ("移交人", handover["giver"]["name"], times["opened"], ""),
        ("接收人", handover["taker"]["name"], times["closed"], ""),
    )
    sheet.write_table(("", "姓名", "日期", "签字"), signatures, (30, 60, 40, 62))
    return sheet.to_bytes()
