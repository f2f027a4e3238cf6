"""银行回单: the bank's electronic receipt of a transfer, about a third of an A4 page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from random import Random

from samples import people
from samples.document import Document, Facts, single
from samples.forms import layout
from samples.marks import Stamp
from samples.sheet import Cell, Frame, Sheet

PURPOSES = ("购房款", "首付款", "房屋租金", "物业费", "定金", "按揭贷款放款", "维修资金")
TITLES = ("业务回单", "电子回单", "客户专用回单", "网上银行电子回单")


@dataclass(frozen=True)
class Account:
    """One end of a transfer."""

    holder: str
    number: str
    bank: str


def bank_slip(rng: Random, name: str | None = None) -> Document:
    """A transfer from a person to a company; ``name`` is the payer's."""
    sheet, facts = Sheet(margin=16, size=3.6, role=rng.choice(("song", "hei"))), Facts()
    payee, person = people.company(rng), people.person(rng, name)
    payer = Account(person.name, people.bank_card(rng), f"{rng.choice(people.BANKS)}{person.area[1].removesuffix('市')}分行")
    receiver = Account(payee.name, payee.account, payee.bank)
    amount = Decimal(rng.randrange(1_000_00, 3_000_000_00)) / 100
    paid = people.day(rng, date(2018, 1, 1), date(2026, 6, 30))
    sheet.y = rng.uniform(18, 30)
    sheet.put(sheet.margin, sheet.y, payer.bank[:-4].removesuffix("分行"), size=5.2, role="heibold", colour=(30, 70, 140))
    sheet.put(sheet.width / 2 + 12, sheet.y, rng.choice(TITLES), size=6.2, role="heibold", align="centre")
    sheet.space(11)
    _head(sheet, rng, facts, paid)
    (_parties_beside if rng.random() < 0.6 else _parties_below)(sheet, facts, payer, receiver)
    label, inner = 26.0, sheet.inner
    words, figures = facts.words(amount), facts.money("amount", amount)
    caption = Cell(rng.choice(("金额（大写）", "大写金额")), label, True)
    sheet.row(sheet.margin, [caption, Cell(words, inner - label - 62), Cell("小写", 16, True), Cell(f"￥{figures}", 46)])
    purpose = facts.note("purpose", rng.choice(PURPOSES))
    layout.form_row(sheet, label, (rng.choice(("用途", "摘要")), purpose), ("业务种类", "普通汇兑"))
    top = sheet.y
    sheet.add(Frame(sheet.margin, top, inner, 16))
    sheet.put(
        sheet.margin + 2, top + 3, f"交易机构：{people.digits(rng, 5)}　　交易柜员：{people.digits(rng, 6)}　　币种：人民币"
    )
    sheet.put(sheet.margin + 2, top + 9.5, f"验证码：{_code(rng)}　　打印次数：1次")
    layout.seal(sheet, rng, sheet.width - 42, top + rng.uniform(3, 9), payer.bank, "回单专用章", 15)
    sheet.put(sheet.margin, top + 19, "提示：本回单仅证明客户已提交并完成付款，请勿重复记账。", size=3.2)
    if rng.random() < 0.4:
        sheet.add(Stamp(70, top + 8, "已入账", 6, rng.uniform(-15, 15), rng.randrange(1 << 30)))
        sheet.stamps.append("已入账")
    return single("bank_slip", [sheet], facts)


def _head(sheet: Sheet, rng: Random, facts: Facts, paid: date) -> None:
    label = rng.choice(("交易流水号", "回单编号", "电子回单号码"))
    number = facts.note("voucher_number", f"{paid:%Y%m%d}{people.digits(rng, 8)}")
    sheet.put(
        sheet.margin, sheet.y, f"{rng.choice(('交易日期', '记账日期', '日期'))}：{facts.day('paid_on', paid, rng.randrange(3))}"
    )
    sheet.put(sheet.width - sheet.margin, sheet.y, f"{label}：{number}", align="right")
    sheet.space(6.5)


def _parties_beside(sheet: Sheet, facts: Facts, payer: Account, receiver: Account) -> None:
    """Payer left, payee right, as most banks print it."""
    names = (facts.note("payer", payer.holder), facts.note("payee", receiver.holder))
    numbers = (facts.note("bank_account", payer.number), facts.note("bank_account", receiver.number))
    side, label, top = 8.0, 18.0, sheet.y
    value = sheet.inner / 2 - side - label
    for caption, left, right in (("户名", *names), ("账号", *numbers), ("开户行", payer.bank, receiver.bank)):
        gap = Cell("", side)
        ends = (Cell(left, value), gap, Cell(caption, label, True), Cell(right, value))
        sheet.row(sheet.margin, [gap, Cell(caption, label, True), *ends])
    bottom, height = sheet.y, sheet.y - top
    for x, text in ((sheet.margin, "付款人"), (sheet.margin + sheet.inner / 2, "收款人")):
        sheet.add(Frame(x, top, side, height, fill=sheet.paper))
        sheet.y = top
        sheet.row(x, [Cell(text, side, upright=True)], height=height)
    sheet.y = bottom


def _parties_below(sheet: Sheet, facts: Facts, payer: Account, receiver: Account) -> None:
    """One party a row, each value behind its own label."""
    for caption, field, account in (("付款人", "payer", payer), ("收款人", "payee", receiver)):
        holder, number = facts.note(field, account.holder), facts.note("bank_account", account.number)
        layout.form_row(sheet, 28, (f"{caption}名称", holder), (f"{caption}账号", number))
        layout.form_row(sheet, 28, (f"{caption}开户行", account.bank))


def _code(rng: Random) -> str:
    return "".join(rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZ23456789") for _ in range(12))
