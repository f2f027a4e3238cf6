"""增值税发票 in its electronic form: parties, lines, tax and the total in words."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from random import Random

from samples import money, people
from samples.document import Document, Facts, single
from samples.forms import layout
from samples.marks import Barcode
from samples.people import Company, Person
from samples.sheet import Cell, Frame, Sheet

BROWN = (150, 70, 40)
GOODS = (
    ("*不动产*销售住宅", Decimal("0.09")),
    ("*经营租赁*房屋租金", Decimal("0.05")),
    ("*物业管理服务*物业服务费", Decimal("0.06")),
    ("*经纪代理服务*居间服务费", Decimal("0.06")),
)
COLUMNS = (
    ("项目名称", 50.0),
    ("规格型号", 18.0),
    ("单位", 15.0),
    ("数量", 17.0),
    ("单价", 26.0),
    ("金额", 26.0),
    ("税率", 14.0),
    ("税额", 24.0),
)


def invoice(rng: Random, name: str | None = None) -> Document:
    """An invoice of a company to a person; ``name`` is the purchaser's."""
    sheet, facts = Sheet(width=210, height=297, margin=10, size=3.3), Facts()
    seller, buyer = people.company(rng), people.person(rng, name)
    issued = people.day(rng, date(2019, 1, 1), date(2026, 6, 30))
    kind = rng.choice(("电子发票（普通发票）", "增值税电子普通发票", "电子发票（增值税专用发票）"))
    sheet.y = 16
    sheet.title(kind, 6.6, role="song", gap=0.5)
    sheet.add(
        Frame(sheet.width / 2 - 38, sheet.y - 3.2, 76, 0.1, 0.3, BROWN),
        Frame(sheet.width / 2 - 38, sheet.y - 2.2, 76, 0.1, 0.3, BROWN),
    )
    number = facts.note("voucher_number", people.digits(rng, 20) if issued.year >= 2022 else people.digits(rng, 8))
    sheet.put(150, 17, f"发票号码：{number}", size=3.2)
    sheet.put(150, 23, f"开票日期：{facts.day('paid_on', issued, 2)}", size=3.2)
    sheet.add(Barcode(14, 12, 18, f"01,10,,{number},{issued:%Y%m%d}"))
    sheet.y = 33
    _parties(sheet, rng, facts, buyer, seller)
    _lines(sheet, rng, facts)
    remark = people.unit(rng)
    sheet.row(
        sheet.margin,
        [Cell("备注", 10, upright=True), Cell(f"房屋坐落：{facts.note('property_unit', remark.full)}", sheet.inner - 10)],
        height=22,
    )
    layout.seal(sheet, rng, 160, sheet.y - 9, seller.name, "发票专用章", 16)
    sheet.put(
        sheet.margin + 4,
        sheet.y + 4,
        f"收款人：{people.person(rng).name}　　　复核：{people.person(rng).name}　　　开票人：{people.person(rng).name}",
    )
    return single("invoice", [sheet], facts)


def _parties(sheet: Sheet, rng: Random, facts: Facts, buyer: Person, seller: Company) -> None:
    half = sheet.inner / 2
    top = sheet.y
    payer, number = facts.note("payer", buyer.name), facts.note("id_number", buyer.id_number)
    payee, code = facts.note("payee", seller.name), facts.note("credit_code", seller.credit_code)
    caption = rng.choice(("统一社会信用代码/纳税人识别号：", "纳税人识别号："))
    for x, side, title, tax in ((0.0, "购买方信息", payer, number), (half, "销售方信息", payee, code)):
        sheet.y = top
        sheet.row(sheet.margin + x, [Cell(side, 8, upright=True), Cell(f"名称：{title}\n{caption}{tax}", half - 8)], height=24)


def _lines(sheet: Sheet, rng: Random, facts: Facts) -> None:
    goods, rate = rng.choice(GOODS)
    quantity = Decimal(rng.randrange(4000, 15000)) / 100
    total = Decimal(rng.randrange(1_000_00, 2_000_000_00)) / 100
    net = (total / (1 + rate)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    price = (net / quantity).quantize(Decimal("0.0001"))
    sheet.row(sheet.margin, [Cell(text, width, True) for text, width in COLUMNS], height=8)
    shown = (
        goods,
        "",
        "平方米",
        money.plain(quantity),
        str(price),
        money.plain(net),
        f"{rate * 100:.0f}%",
        money.plain(total - net),
    )
    sheet.row(
        sheet.margin,
        [
            Cell(text, width, align="left" if n == 0 else "right")
            for n, (text, (_, width)) in enumerate(zip(shown, COLUMNS, strict=True))
        ],
        height=26,
    )
    widths = [sum(width for _, width in COLUMNS[:5]), 26.0, 14.0, 24.0]
    sums = ("合　　　计", f"￥{money.plain(net)}", "", f"￥{money.plain(total - net)}")
    sheet.row(sheet.margin, [Cell(text, width, align="centre") for text, width in zip(sums, widths, strict=True)], height=8)
    words, figures = facts.words(total), facts.money("amount", total, money.plain(total))
    last = Cell(f"（小写）￥{figures}", sheet.inner - 120)
    sheet.row(sheet.margin, [Cell("价税合计（大写）", 40, True), Cell(words, 80), last], height=10)
