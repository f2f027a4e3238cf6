"""Papers written in columns from right to left: an old deed of sale (卖契), alone or on a sheet with print across it, and the
front of an envelope."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from random import Random

from samples import money, people
from samples.document import Document, Facts, single
from samples.sheet import BLACK, Frame, Rule, Run, Segment, Sheet

COLUMN_PITCH = 1.55  # ems from one column to the next


def deed(rng: Random, name: str | None = None) -> Document:
    """An old deed in columns, framed by a double rule or bare; ``name`` is the seller's."""
    sheet = Sheet(role=rng.choice(("kai", "song", "ming")))
    _columns(sheet, _words(rng, name), rng, top=30.0, bottom=rng.choice((180.0, 230.0, 262.0)))
    return single("other", [sheet], Facts())


def filed_deed(rng: Random, name: str | None = None) -> Document:
    """A deed copied onto a sheet whose head and foot are printed from left to right."""
    sheet = Sheet(role=rng.choice(("kai", "song", "ming")))
    sheet.title("房屋历史契证复制件")
    sheet.line(
        f"档案编号：{people.digits(rng, 8)}　　复制日期：{money.written(people.day(rng, date(2015, 1, 1), date(2025, 1, 1)))}"
    )
    sheet.line("说明：下为原契全文，自右至左竖行书写，复制时未作改动。")
    _columns(sheet, _words(rng, name), rng, top=sheet.y + 8, bottom=228.0)
    sheet.y = 240.0
    sheet.line(f"复制人：{people.person(rng).name}　　审核人：{people.person(rng).name}")
    sheet.line("本复制件仅供查证产权来源使用，加盖档案管理专用章后有效。")
    return single("other", [sheet], Facts())


def envelope(rng: Random, name: str | None = None) -> Document:
    """The front of an old envelope: address, name in large signs, sender; from right to left."""
    sheet = Sheet(width=110.0, height=220.0, role=rng.choice(("kai", "song")))
    receiver, sender = people.person(rng, name), people.person(rng)
    sheet.add(Frame(34.0, 22.0, 42.0, 176.0, 0.5, (150, 40, 40)))
    block = (0.0, 20.0)
    _column(sheet, 88.0, 26.0, 6.2, receiver.address[:24], block)
    _column(sheet, 50.0, 44.0, 10.0, f"{receiver.name}{'先生' if receiver.gender == '男' else '女士'}收", block)
    _column(sheet, 18.0, 70.0, 5.2, f"{sender.address[:18]}{sender.name}寄", block)
    return single("other", [sheet], Facts())


def _words(rng: Random, name: str | None) -> tuple[str, ...]:
    seller, buyer, witness, writer = people.person(rng, name), *(people.person(rng) for _ in range(3))
    sold = people.day(rng, date(1936, 1, 1), date(1962, 12, 31))
    size, road = people.unit(rng), rng.choice(people.ROADS)
    price = money.words(Decimal(rng.randrange(12, 980) * 10))
    return (
        f"立杜绝卖契人{seller.name}",
        f"今将祖遗坐落{seller.area[1]}{seller.area[2]}{road}房屋壹所计{size.short[0] if size.short else '叁'}间",
        "东至官街西至河沿南至本主北至邻墙四至分明界石为凭",
        f"凭中说合情愿出卖与{buyer.name}名下永远为业",
        f"三面议定时值房价{price.removesuffix('整')}正当日银契两交并无短少",
        "自卖之后任凭买主拆修居住卖主亲族人等不得异言",
        "恐后无凭立此卖契永远存照",
        f"中见人{witness.name}代笔人{writer.name}",
        f"{money.chinese_day(sold)}立",
    )


def _columns(sheet: Sheet, texts: tuple[str, ...], rng: Random, *, top: float, bottom: float) -> None:
    size = rng.uniform(4.8, 7.0)
    gap = size * rng.choice((0.0, 0.05, 0.15))
    pitch = size * COLUMN_PITCH * rng.uniform(0.95, 1.2)
    right, block = sheet.width - sheet.margin - size, (0.0, top)
    fits = max(4, int((bottom - top) / (size + gap)))
    columns = [text[start : start + fits] for text in texts for start in range(0, len(text), fits)]
    ruled, left = rng.random() < 0.4, right
    for text in columns:
        if left < sheet.margin:
            break
        _column(sheet, left, top, size, text, block, gap)
        if ruled:
            edge = left - (pitch - size) / 2
            sheet.add(Rule(edge, top - 3, edge, bottom + 3, 0.15, (150, 40, 40)))
        left -= pitch


def _column(sheet: Sheet, x: float, y: float, size: float, text: str, block: tuple[float, float], gap: float = 0.0) -> None:
    run = Run(x, y, size, (Segment(text, sheet.role),), BLACK, gap, box=block, upright=True)
    sheet.marks.append(run)
    sheet.runs.append(run)
