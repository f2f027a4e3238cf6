"""What several forms share: sheets in an office's habits, footers, signature blocks, parties."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from samples.document import Facts
from samples.marks import SIGNATURE_INKS, Seal, Signature
from samples.people import Person
from samples.sheet import MM_PER_POINT, Cell, Sheet


def office(rng: Random, *, size: float = 11.5) -> Sheet:
    """An A4 sheet with one office's habits: margins, leading, typefaces."""
    sheet = Sheet(
        margin=rng.choice((23.0, 25.0, 27.0)),
        size=rng.choice((size, size + 0.5, size + 1)) * MM_PER_POINT,
        leading=rng.choice((1.65, 1.75, 1.85)),
        role=rng.choice(("song", "song", "song", "ming")),
        fill_role=rng.choice(("kai", "song", "hei")),
    )
    sheet.y = rng.uniform(22, 28)
    return sheet


def following(first: Sheet, count: int) -> list[Sheet]:
    """``first`` and further sheets with the same habits, ``count`` in all."""
    sheets = [first]
    for _ in range(count - 1):
        sheet = Sheet(margin=first.margin, size=first.size, leading=first.leading, role=first.role, fill_role=first.fill_role)
        sheets.append(sheet)
    return sheets


def number_pages(rng: Random, sheets: Sequence[Sheet]) -> None:
    """Page numbers at the foot, in one of the usual ways."""
    style = rng.choice(("第{n}页 共{t}页", "第 {n} 页 共 {t} 页", "第{n}页/共{t}页"))
    for number, sheet in enumerate(sheets, start=1):
        foot = style.format(n=number, t=len(sheets))
        sheet.put(sheet.width / 2, sheet.height - 15, foot, size=3.2, align="centre")


def form_row(sheet: Sheet, label: float, *pairs: tuple[str, str], height: float = 9.0, role: str = "song") -> None:
    """A table row of captions, each ``label`` mm wide, and their values, in equal shares of the inner width."""
    value = sheet.inner / len(pairs) - label
    cells = [cell for caption, text in pairs for cell in (Cell(caption, label, True), Cell(text, value, role=role))]
    sheet.row(sheet.margin, cells, height=height)


def sign(sheet: Sheet, rng: Random, x: float, y: float) -> None:
    """A signature over the line that begins at ``x``/``y``."""
    ink = rng.choice(SIGNATURE_INKS)
    sheet.add(Signature(x, y + 1.5, rng.uniform(18, 26), rng.randrange(1 << 30), ink))


def seal(sheet: Sheet, rng: Random, x: float, y: float, name: str, purpose: str = "", radius: float = 20.0) -> None:
    sheet.add(Seal(x, y, name, purpose, radius, rng.randrange(1 << 30)))
    sheet.stamps.extend(text for text in (name, purpose) if text)


def person_lines(sheet: Sheet, facts: Facts, someone: Person, *, address: str = "通讯地址") -> None:
    """The lines that follow a party's name: ID number, address, telephone."""
    label = "身份证号码"
    sheet.line(f"{label}：[[{facts.note('id_number', someone.id_number)}]]")
    sheet.line(f"{address}：[[{facts.note('address', someone.address)}]]")
    sheet.line(f"联系电话：[[{facts.note('phone', someone.phone)}]]")
