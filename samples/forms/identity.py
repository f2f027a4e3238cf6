"""Papers that say who someone is: 居民身份证 (both sides copied onto one A4 page), 户口簿, 营业执照."""

from __future__ import annotations

from datetime import date
from random import Random

from samples import people
from samples.document import Document, Facts, single
from samples.marks import Emblem, Portrait, Waves
from samples.people import Person
from samples.sheet import Frame, Sheet

CARD = (85.6, 54.0)  # ISO/IEC 7810 ID-1, millimetres
LABEL_BLUE = (70, 110, 160)
# Copied cards are usually enlarged on the glass.
ENLARGED = 1.3


def id_card(rng: Random, name: str | None = None) -> Document:
    """A card copied onto one A4 page, front above back; ``name`` is the holder's."""
    sheet, facts, holder = Sheet(), Facts(), people.person(rng, name)
    scale = rng.choice((1.0, 1.15, ENLARGED))
    left = (sheet.width - CARD[0] * scale) / 2 + rng.uniform(-8, 8)
    fronts, backs = (45.0, 150.0) if rng.random() < 0.7 else (40.0, 130.0)
    _front(sheet, facts, holder, left, fronts, scale)
    _back(sheet, facts, rng, holder, left + rng.uniform(-3, 3), backs, scale)
    if rng.random() < 0.4:
        sheet.put(left, backs + CARD[1] * scale + 12, "仅供办理购房手续使用，再次复印无效", size=4.2, role="hei")
    return single("id_card", [sheet], facts)


def id_cards(rng: Random) -> Document:
    """The cards of two people on one A4 page: side by side, one under the other, or only their fronts."""
    sheet, facts = Sheet(), Facts()
    holders = [people.person(rng, None), people.person(rng, None)]
    across, down = CARD[0] + rng.uniform(4, 10), CARD[1] + rng.uniform(4, 12)
    left, top = 12 + rng.uniform(0, 6), 25 + rng.uniform(0, 25)
    fronts, backs = rng.choice(
        (
            ([(0, 0), (1, 0)], [(0, 1), (1, 1)]),
            ([(0, 0), (0, 1)], [(1, 0), (1, 1)]),
            ([(0.5, 0), (0.5, 2)], [(0.5, 1), (0.5, 3)]),
            ([(0.5, 0), (0.5, 1)], []),
        )
    )
    for holder, (column, row) in zip(holders, fronts, strict=True):
        _front(sheet, facts, holder, left + column * across, top + row * down, 1.0)
    for holder, (column, row) in zip(holders, backs, strict=False):
        _back(sheet, facts, rng, holder, left + column * across, top + row * down, 1.0)
    return single("id_card", [sheet], facts)


def _card(sheet: Sheet, x: float, y: float, s: float, tint: tuple[int, int, int]) -> None:
    sheet.add(Frame(x, y, CARD[0] * s, CARD[1] * s, 0.2, (170, 180, 190), tint, 3.2 * s))
    sheet.add(Waves(x + 2 * s, y + 2 * s, CARD[0] * s - 4 * s, CARD[1] * s - 4 * s, (216, 226, 234), 4 * s))


def _front(sheet: Sheet, facts: Facts, holder: Person, x: float, y: float, s: float) -> None:
    _card(sheet, x, y, s, (236, 242, 247))
    birth = holder.birth_date
    label, value = 2.9 * s, 3.6 * s

    def pair(dx: float, dy: float, caption: str, text: str) -> float:
        sheet.put(x + dx * s, y + (dy + 0.3) * s, caption, size=label, role="hei", colour=LABEL_BLUE)
        run = sheet.put(x + (dx + 3.2 * len(caption) + 1.2) * s, y + dy * s, text, size=value, role="hei")
        return (run.x + run.width - x) / s

    pair(5, 6.5, "姓名", facts.note("name", holder.name))
    pair(5, 14, "性别", facts.note("gender", holder.gender))
    pair(24, 14, "民族", facts.note("ethnicity", holder.ethnicity))
    facts.note("birth_date", birth.isoformat(), f"{birth.year}年{birth.month}月{birth.day}日")
    sheet.put(x + 5 * s, y + 21.5 * s, "出生", size=label, role="hei", colour=LABEL_BLUE)
    sheet.put(x + 12.6 * s, y + 21.2 * s, f"{birth.year}年{birth.month}月{birth.day}日", size=value * 0.92, role="hei")
    sheet.put(x + 5 * s, y + 29 * s, "住址", size=label, role="hei", colour=LABEL_BLUE)
    facts.note("address", holder.address)
    for number, line in enumerate(sheet.wrap(holder.address, 40 * s, value * 0.9, role="hei")):
        text = "".join(segment.text for segment in line)
        sheet.put(x + 12.6 * s, y + (28.6 + 4.6 * number) * s, text, size=value * 0.9, role="hei")
    sheet.put(x + 5 * s, y + 46 * s, "公民身份号码", size=label, role="hei", colour=LABEL_BLUE)
    sheet.put(x + 28 * s, y + 45.4 * s, facts.note("id_number", holder.id_number), size=4.3 * s, role="hei", gap=0.35 * s)
    sheet.add(Portrait(x + 58 * s, y + 9 * s, 23 * s, 29 * s))


def _back(sheet: Sheet, facts: Facts, rng: Random, holder: Person, x: float, y: float, s: float) -> None:
    _card(sheet, x, y, s, (240, 240, 244))
    sheet.add(Emblem(x + 14 * s, y + 14 * s, 8 * s))
    sheet.put(x + 53 * s, y + 7 * s, "中华人民共和国", size=5.0 * s, role="heibold", align="centre", gap=0.6 * s)
    sheet.put(x + 53 * s, y + 16 * s, "居民身份证", size=7.2 * s, role="heibold", align="centre", gap=0.8 * s)
    grown = date(holder.birth_date.year + 17, 1, 1)
    issued = people.day(rng, max(grown, date(2008, 1, 1)), date(2024, 12, 31))
    age = issued.year - holder.birth_date.year
    years = 10 if age < 26 else 20  # 居民身份证法, article 5
    issued = issued.replace(day=min(issued.day, 28))
    sheet.put(x + 14 * s, y + 37.4 * s, "签发机关", size=3.0 * s, role="hei")
    issuer = facts.note("organisation", f"{holder.area[1]}公安局{holder.area[2].removesuffix('区')}分局")
    sheet.put(x + 29 * s, y + 37 * s, issuer, size=3.5 * s, role="hei")
    sheet.put(x + 14 * s, y + 44.4 * s, "有效期限", size=3.0 * s, role="hei")
    start = facts.day("valid_from", issued, 3)
    expiry = issued.replace(year=issued.year + years)
    end = facts.note("valid_until", "长期") if age >= 46 else facts.day("valid_until", expiry, 3)
    sheet.put(x + 29 * s, y + 44 * s, f"{start}-{end}", size=3.5 * s, role="hei")
