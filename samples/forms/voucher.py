"""收款收据: a receipt on half a page's height at the top of an A4 sheet."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from random import Random

from samples import money, people
from samples.document import Document, Facts, single
from samples.forms import layout
from samples.marks import Stamp
from samples.sheet import Cell, Sheet

PURPOSES = ("购房定金", "购房首付款", "房款", "物业服务费", "房屋租赁押金", "契税代收款", "维修资金", "车位款")


def payment_voucher(rng: Random, name: str | None = None) -> Document:
    """A receipt of a company; ``name`` is the payer's."""
    sheet, facts = Sheet(margin=20, size=4.2, fill_role=rng.choice(("kai", "song"))), Facts()
    payee, payer = people.company(rng), people.person(rng, name)
    amount = Decimal(rng.randrange(2_000_00, 600_000_00)) / 100 if rng.random() < 0.5 else Decimal(rng.randrange(2, 300)) * 1000
    paid = people.day(rng, date(2018, 1, 1), date(2026, 6, 30))
    purpose, unit = rng.choice(PURPOSES), people.unit(rng)
    sheet.y = 24
    sheet.title(rng.choice(("收款收据", "收　据", "专用收款收据")), 8.0, gap=rng.choice((0.0, 2.0)))
    number = facts.note("voucher_number", people.digits(rng, rng.choice((7, 8))))
    sheet.put(sheet.margin, sheet.y, f"{rng.choice(('收款日期', '日期', '开票日期'))}：{facts.day('paid_on', paid, rng.randrange(3))}")
    sheet.put(sheet.width - sheet.margin, sheet.y, f"{rng.choice(('№ ', 'No.', '编号：'))}{number}", align="right", colour=(180, 30, 30))
    sheet.space(8)
    inner, label = sheet.inner, 34.0
    top = sheet.y
    rows = [
        (rng.choice(("交款人", "付款人", "今收到")), facts.note("payer", payer.name)),
        (rng.choice(("收款事由", "收款项目", "摘要")), facts.note("purpose", purpose)),
        ("房号", facts.note("property_unit", unit.short)),
        (rng.choice(("人民币（大写）", "金额（大写）")), facts.words(amount)),
        (rng.choice(("人民币（小写）", "金额（小写）")), "￥" + facts.money("amount", amount)),
        (rng.choice(("收款方式", "支付方式")), rng.choice(("现金", "银行转账", "刷卡", "支票"))),
    ]
    for text, value in rows:
        sheet.row(sheet.margin, [Cell(text, label, True), Cell(value, inner - label, role=sheet.fill_role)], height=11)
    sheet.space(5)
    foot = sheet.y
    sheet.put(sheet.margin, foot, f"{rng.choice(('收款单位', '收款单位（盖章）'))}：{facts.note('payee', payee.name)}")
    sheet.put(sheet.margin, foot + 10, "收款人：")
    sheet.put(sheet.margin + 70, foot + 10, f"经办人：{people.person(rng).name}")
    layout.sign(sheet, rng, sheet.margin + 20, foot + 10)
    layout.seal(sheet, rng, sheet.margin + 128, foot + 2, payee.name, "财务专用章", 19)
    if rng.random() < 0.7:
        text = rng.choice(("现金收讫", "转账收讫", "已入账"))
        sheet.add(Stamp(sheet.margin + 120, top + 55, text, 6.5, rng.uniform(-14, 14), rng.randrange(1 << 30)))
        sheet.stamps.append(text)
    third = ("第一联：存根", "第二联：收据联", "第三联：记账联")
    sheet.put(sheet.margin, foot + 22, f"{rng.choice(third)}　　手写无效，加盖财务专用章有效", size=3.2)
    return single("payment_voucher", [sheet], facts)
