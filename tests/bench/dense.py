"""Sheets that hold little but values: the heads of several contracts and receipts under each other, some seventy values a page.

What a misread character does to a value shows on them as on whole documents, at a tenth of the cost; what layout does (a value
taken from the wrong place) hardly shows: that takes whole documents (``paper.py``).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random

import numpy as np

from samples import people
from samples.damage import FIVE, Scan, damaged
from samples.document import Facts
from samples.forms import layout
from samples.forms.sale import bargain
from samples.sheet import MM_PER_POINT, Sheet
from services.kernel.paper import PageReading
from services.ocr.engines import load_engine, load_orientation
from services.ocr.page import read_page
from services.ocr.raster import Raster
from tests.bench.paper import HARD, Read

_GAP, _FOOT = 6.0, 10.0  # mm between two heads, and kept free at the foot
_RESOLUTIONS = (200, 200, 150)


def read(seeds: Sequence[int], path: Path) -> None:
    """Appends one line of JSON a sheet; what the file already has is not read again."""
    done = {json.loads(line)["seed"] for line in path.read_text("utf-8").splitlines()} if path.exists() else set()
    engine, turns = load_engine("auto"), load_orientation()
    with path.open("a", encoding="utf-8") as target:
        for seed in seeds:
            if seed in done:
                continue
            rng = Random(f"dense:{seed}")
            sheet, heads = _drawn(rng)
            damage, dpi = rng.choice((*FIVE, *FIVE, *HARD)), rng.choice(_RESOLUTIONS)
            scan = damaged(Scan(sheet.render(dpi), dpi), damage, rng)
            picture = scan.image if scan.image.mode in ("L", "RGB") else scan.image.convert("L")
            reading, _ = read_page(Raster(np.asarray(picture), float(scan.dpi)), 1, engine, turns)
            told = {"seed": seed, "damage": damage, "dpi": dpi, "page": reading.to_json(), "heads": heads}
            target.write(json.dumps(told, ensure_ascii=False) + "\n")
            target.flush()


def is_dense(path: Path) -> bool:
    """Whether :func:`read` wrote the file."""
    with path.open(encoding="utf-8") as source:
        return "heads" in json.loads(source.readline())


def kept(path: Path) -> Iterator[Read]:
    """What :func:`read` wrote, each head a document of its own."""
    for line in path.read_text("utf-8").splitlines():
        data = json.loads(line)
        page = PageReading.from_json(data["page"])
        for kind, top, bottom, truth in data["heads"]:
            inside = tuple(line for line in page.lines if top <= _height(line.box, page) < bottom)
            seals = tuple(seal for seal in page.seals if top <= _height(seal.box, page) < bottom)
            yield Read(kind, data["seed"], data["damage"], data["dpi"], (replace(page, lines=inside, seals=seals),), truth)


def _height(box: Sequence[tuple[float, float]], page: PageReading) -> float:
    """Of a line's middle, level, in shares of the page's height."""
    x, y = (sum(corner[axis] for corner in box) / 4 for axis in (0, 1))
    return (y - (x - page.width / 2) * math.tan(math.radians(page.skew))) / page.height


def _drawn(rng: Random) -> tuple[Sheet, list[tuple[str, float, float, dict[str, list[str]]]]]:
    """The sheet, and of each head its kind, where it begins and ends, and its true fields."""
    sheet = layout.office(rng, size=9.5)
    sheet.margin, sheet.leading, sheet.y = 14.0, 1.5, 10.0
    foot = sheet.height - _FOOT
    sheet.size = rng.choice((9.5, 10.0, 10.5)) * MM_PER_POINT
    heads = []
    while kinds := [kind for kind, (lines, _) in _HEADS.items() if sheet.y + lines * sheet.size * sheet.leading < foot]:
        facts, top = Facts(), sheet.y
        kind = rng.choice(kinds)
        _HEADS[kind][1](sheet, rng, facts)
        limits = ((top - _GAP / 2) / sheet.height, (sheet.y + _GAP / 2) / sheet.height)
        heads.append((kind, *limits, facts.values))
        sheet.space(_GAP)
    return sheet, heads


def _sale(sheet: Sheet, rng: Random, facts: Facts) -> None:
    sale = bargain(rng)
    year = sale.signed.year
    sheet.title(rng.choice(("商品房买卖合同", "商品房预售合同")), 5.0)
    _line(sheet, facts, ("合同编号", "contract_number", f"YS{year}{people.digits(rng, 6)}"),
          ("备案号", "filing_number", f"{sale.unit.district[0]}备{year}{people.digits(rng, 7)}"))  # fmt: skip
    _company(sheet, facts, "出卖人", "party_seller", sale.seller)
    for buyer in sale.buyers:
        _person(sheet, facts, "买受人", "party_buyer", buyer)
    permit = f"{sale.unit.city[0]}房预售证第{year - 1}{people.digits(rng, 4)}号"
    _line(sheet, facts, ("预售许可证号", "permit_number", permit))
    _line(sheet, facts, ("房屋坐落", "property_unit", sale.unit.full))
    areas = [f"[[{facts.note('area', value)}]]平方米" for value in (sale.unit.gross, sale.unit.inner)]
    sheet.line(f"建筑面积：{areas[0]}　　套内建筑面积：{areas[1]}")
    price, total = facts.money("unit_price", sale.price), facts.money("amount", sale.total)
    sheet.line(f"单价：[[{price}]]元/平方米　　总价款：[[{total}]]元")
    sheet.line(f"大写：[[{facts.words(sale.total)}]]")
    _signed(sheet, rng, facts, sale.signed, ("监管账号", sale.seller.account))


def _lease(sheet: Sheet, rng: Random, facts: Facts) -> None:
    unit, signed = people.unit(rng), people.day(rng, date(2015, 1, 1), date(2026, 6, 30))
    rent = Decimal(rng.randrange(1200, 26000))
    sheet.title("房屋租赁合同", 5.0)
    _line(sheet, facts, ("合同编号", "contract_number", f"ZL-{signed.year}-{people.digits(rng, 5)}"))
    _company(sheet, facts, "出租人", "party_lessor", people.company(rng))
    _person(sheet, facts, "承租人", "party_lessee", people.person(rng))
    _line(sheet, facts, ("房屋坐落", "property_unit", unit.full))
    sheet.line(f"建筑面积：[[{facts.note('area', unit.gross)}]]平方米　　月租金：[[{facts.money('amount', rent)}]]元")
    sheet.line(f"大写：[[{facts.words(rent)}]]")
    _signed(sheet, rng, facts, signed, ("收款账号", people.bank_card(rng)))


def _receipt(sheet: Sheet, rng: Random, facts: Facts) -> None:
    sum_ = Decimal(rng.randrange(10_000, 90_000_000)) / 100
    sheet.title("收款收据", 5.0)
    _line(sheet, facts, ("编号", "voucher_number", people.digits(rng, 8)))
    paid = facts.day("paid_on", people.day(rng, date(2015, 1, 1), date(2026, 6, 30)), rng.randrange(5))
    sheet.line(f"收款日期：[[{paid}]]")
    payer = people.person(rng).name if rng.random() < 0.6 else people.company(rng).name
    _line(sheet, facts, ("交款人", "payer", payer))
    _line(sheet, facts, ("收款单位", "payee", people.company(rng).name))
    _line(
        sheet,
        facts,
        ("收款事由", "purpose", rng.choice(("购房首付款", "购房定金", "租赁押金", "物业服务费", "契税代收款", "维修资金"))),
    )
    sheet.line(f"金额（小写）：[[¥{facts.money('amount', sum_)}]]")
    sheet.line(f"金额（大写）：[[{facts.words(sum_)}]]")


# With the most lines that each takes.
_HEADS: dict[str, tuple[int, Callable[[Sheet, Random, Facts], None]]] = {
    "sale_contract": (18, _sale),
    "lease_contract": (13, _lease),
    "payment_voucher": (10, _receipt),
}


def _line(sheet: Sheet, facts: Facts, *values: tuple[str, str, str]) -> None:
    sheet.line("　　".join(f"{label}：[[{facts.note(name, value)}]]" for label, name, value in values))


def _company(sheet: Sheet, facts: Facts, label: str, name: str, company: people.Company) -> None:
    _line(sheet, facts, (label, name, company.name))
    _line(sheet, facts, ("统一社会信用代码", "credit_code", company.credit_code), ("联系电话", "phone", company.phone))
    _line(sheet, facts, ("通讯地址", "address", company.address))


def _person(sheet: Sheet, facts: Facts, label: str, name: str, person: people.Person) -> None:
    _line(sheet, facts, (label, name, person.name))
    _line(sheet, facts, ("身份证号码", "id_number", person.id_number), ("联系电话", "phone", person.phone))
    _line(sheet, facts, ("通讯地址", "address", person.address))


def _signed(sheet: Sheet, rng: Random, facts: Facts, day: date, account: tuple[str, str]) -> None:
    signed = facts.day("signed_on", day, rng.randrange(5))
    sheet.line(f"{account[0]}：[[{facts.note('bank_account', account[1])}]]　　签订日期：[[{signed}]]")
