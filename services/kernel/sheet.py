"""A printed sheet: A4, Chinese type embedded, page numbers. ``fpdf2`` does the work."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from io import BytesIO

import pikepdf
from fpdf import FPDF
from fpdf.enums import TableCellFillMode
from fpdf.fonts import FontFace

from services.kernel import fonts

FAMILY = "cjk"
MARGIN = 15.0
LINE = 7.0
"""Millimetres."""


class Sheet(FPDF):
    """``title`` stands on top and in the document's properties: it names no person. ``archival``: as PDF/A-2b."""

    family, margin = FAMILY, MARGIN

    def __init__(self, title: str, *, landscape: bool = False, bare: bool = False, archival: bool = False) -> None:
        kept = "PDF/A-2B" if archival else None
        super().__init__("landscape" if landscape else "portrait", "mm", "A4", enforce_compliance=kept)
        self._bare, self._archival = bare, archival
        self.add_font(FAMILY, fname=fonts.chinese(), collection_font_number=fonts.SIMPLIFIED)
        self.set_title(title)
        self.set_creator("Muniment")
        self.set_margins(MARGIN, MARGIN, MARGIN)
        self.set_auto_page_break(auto=not bare, margin=MARGIN + LINE)
        self.add_page()
        if not bare:
            self.write_line(title, size=18, align="C", gap=4)

    def footer(self) -> None:
        if self._bare:
            return
        self.set_y(-MARGIN)
        self.set_font(FAMILY, size=8)
        self.cell(0, 5, f"第 {self.page_no()} 页 共 {{nb}} 页", align="C")

    def write_line(self, text: str, *, size: float = 10, align: str = "L", gap: float = 1) -> None:
        self.set_font(FAMILY, size=size)
        self.multi_cell(0, size * 0.55, text, align=align, new_x="LMARGIN", new_y="NEXT")
        self.ln(gap)

    def write_table(
        self, heads: Sequence[str], rows: Iterable[Sequence[str]], widths: Sequence[int], *, size: float = 9
    ) -> None:
        """A ruled table, whose heads stand on each page again."""
        self.set_font(FAMILY, size=size)
        with self.table(
            col_widths=tuple(widths),
            line_height=size * 0.6,
            padding=(1, 1.5),
            cell_fill_mode=TableCellFillMode.NONE,
            headings_style=FontFace(emphasis="", fill_color=(238, 234, 224)),
        ) as table:
            for cells in (heads, *rows):
                row = table.row()
                for cell in cells:
                    row.cell(cell)
        self.ln(4)

    def to_bytes(self) -> bytes:
        made = bytes(self.output())
        return _without_action(made) if self._archival else made


def _without_action(made: bytes) -> bytes:
    """The zoom that the library asks viewers for is an action, which whoever checks PDF/A may refuse."""
    target = BytesIO()
    with pikepdf.open(BytesIO(made)) as document:
        del document.Root.OpenAction
        document.save(target)
    return target.getvalue()
