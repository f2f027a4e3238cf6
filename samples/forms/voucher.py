"""收款收据: a receipt on half a page's height at the top of an A4 sheet."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from random import Random

from samples import people
from samples.document import Document, Facts, single
from samples.forms import layout
from samples.marks import Stamp
from samples.sheet import Sheet

NUMBERING_RED = (180, 30, 30)
PURPOSES = ("购房定金", "购房首付款", "房款", "物业服务费", "房屋租赁押金", "契税代收款", "维修资金", "车位款")


def payment_voucher(rng: Random, name: str | None = None) -> Document:
    """A receipt of a company; ``name`` is the payer's."""
    sheet, facts = Sheet(margin=20, size=4.2, fill_role=rng.choice(("kai", "song"))), Facts()
    payee, payer = people.company(rng), people.person(rng, name)
    cents = rng.randrange(2_000_00, 600_000_00) if rng.random() < 0.5 else rng.randrange(2, 300) * 1000_00
    amount = Decimal(cents) / 100
    paid = people.day(rng, date(2018, 1, 1), date(2026, 6, 30))
    purpose, unit = rng.choice(PURPOSES), people.unit(rng)
    sheet.y = 24
    sheet.title(rng.choice(("收款收据", "收　据", "专用收款收据")), 8.0, gap=rng.choice((0.0, 2.0)))
    number = facts.note("voucher_number", people.digits(rng, rng.choice((7, 8))))
    day = facts.day("paid_on", paid, rng.randrange(3))
    sheet.put(sheet.margin, sheet.y, f"{rng.choice(('收款日期', '日期', '开票日期'))}：{day}")
    mark = rng.choice(("№ ", "No.", "编号："))
    sheet.put(sheet.width - sheet.margin, sheet.y, f"{mark}{number}", align="right", colour=NUMBERING_RED)
    sheet.space(8)
    rows = [
        (rng.choice(("交款人", "付款人", "今收到")), facts.note("payer", payer.name)),
        (rng.choice(("收款事由", "收款项目", "摘要")), facts.note("purpose", purpose)),
        ("房号", facts.note("property_unit", unit.short)),
        (rng.choice(("人民币（大写）", "金额（大写）")), facts.words(amount)),
        (rng.choice(("人民币（小写）", "金额（小写）")), "￥" + facts.money("amount", amount)),
        (rng.choice(("收款方式", "支付方式")), rng.choice(("现金", "银行转账", "刷卡", "支票"))),
    ]
    for row in rows:
        layout.form_row(sheet, 34, row, height=11, role=sheet.fill_role)
    sheet.space(5)
    _foot(sheet, rng, facts.note("payee", payee.name))
    return single("payment_voucher", [sheet], facts)


def _foot(sheet: Sheet, rng: Random, payee: str) -> None:
    foot = sheet.y
    sheet.put(sheet.margin, foot, f"{rng.choice(('收款单位', '收款单位（盖章）'))}：{payee}")
    sheet.put(sheet.margin, foot + 10, "收款人：")
    sheet.put(sheet.margin + 70, foot + 10, f"经办人：{people.person(rng).name}")
    layout.sign(sheet, rng, sheet.margin + 20, foot + 10)
    layout.seal(sheet, rng, sheet.margin + 128, foot + 2, payee, "财务专用章", 19)
    if rng.random() < 0.7:
        text = rng.choice(("现金收讫", "转账收讫", "已入账"))
        sheet.add(Stamp(sheet.margin + 120, foot - 16, text, 6.5, rng.uniform(-14, 14), rng.randrange(1 << 30)))
        sheet.stamps.append(text)
    third = ("第一联：存根", "第二联：收据联", "第三联：记账联")
    sheet.put(sheet.margin, foot + 22, f"{rng.choice(third)}　　手写无效，加盖财务专用章有效", size=3.2)
