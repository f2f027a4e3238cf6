"""What offices certify: 营业执照, 不动产权证书, 户口簿."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random

from samples import money, people
from samples.document import Document, Facts, single
from samples.forms import layout
from samples.marks import Barcode, Emblem, Waves
from samples.people import Person, Unit
from samples.sheet import Frame, Sheet

GOLD = (176, 136, 60)
BUSINESS = (
    "房地产开发经营；自有房屋租赁；物业管理；房地产信息咨询。",
    "商品房销售；房地产经纪；非居住房地产租赁；停车场服务。",
    "物业服务；园林绿化工程施工；建筑材料销售；家政服务。",
)


def business_licence(rng: Random, name: str | None = None) -> Document:
    """A licence, the sheet lying on its long side; ``name`` is the legal representative's."""
    sheet, facts = Sheet(width=297, height=210, margin=30, size=5.0, paper=(253, 252, 247)), Facts()
    firm = people.company(rng)
    founded = people.day(rng, date(2001, 1, 1), date(2019, 12, 31))
    sheet.add(
        Waves(14, 14, 269, 182, (240, 232, 214), 5), Frame(10, 10, 277, 190, 1.2, GOLD), Frame(13, 13, 271, 184, 0.4, GOLD)
    )
    sheet.add(Emblem(148.5, 28, 10))
    sheet.put(148.5, 42, "营业执照", size=15, role="bold", align="centre", gap=6)
    sheet.put(148.5, 62, rng.choice(("（副　本）", "（副本）")), size=5, align="centre")
    sheet.put(32, 40, "统一社会信用代码", size=4.2, role="hei")
    sheet.put(32, 47, facts.note("credit_code", firm.credit_code), size=5.4, role="hei")
    sheet.add(Barcode(236, 34, 24, f"https://licence.invalid/{firm.credit_code}"))
    end = founded.replace(year=founded.year + rng.choice((20, 30)), day=min(founded.day, 28)) - timedelta(days=1)
    start = facts.day("valid_from", founded, 2)
    until = facts.day("valid_until", end, 2) if rng.random() < 0.6 else facts.note("valid_until", "长期")
    capital = rng.choice((500, 1000, 2000, 5000, 8000))
    left = (("名　　称", facts.note("organisation", firm.name)), ("类　　型", "有限责任公司（自然人投资或控股）"),
            ("住　　所", facts.note("address", firm.address)),
            ("法定代表人", facts.note("name", name or firm.representative)),
            ("经营范围", f"{rng.choice(BUSINESS)}（依法须经批准的项目，经批准后方可开展经营活动）"))  # fmt: skip
    right = (("注册资本", f"{capital}万元人民币"), ("成立日期", money.written(founded, 2)), ("营业期限", f"自{start}至{until}"))
    _captions(sheet, 32, 76, left, 92)
    _captions(sheet, 168, 76, right, 78)
    sheet.put(176, 164, "登记机关", size=5.2, role="hei")
    layout.seal(sheet, rng, 222, 160, f"{firm.city}市场监督管理局", "", 20)
    sheet.put(262, 182, money.written(founded + timedelta(days=rng.randrange(0, 900)), 0), size=4.6, align="right")
    return single("business_licence", [sheet], facts)


def _captions(sheet: Sheet, x: float, y: float, rows: tuple[tuple[str, str], ...], width: float) -> None:
    for caption, value in rows:
        sheet.put(x, y, caption, size=4.6, role="hei")
        for segments in sheet.wrap(value, width, 4.8):
            sheet.put(x + 30, y - 0.1, "".join(segment.text for segment in segments), size=4.8)
            y += 7
        y += 6


def property_certificate(rng: Random, name: str | None = None) -> Document:
    """The inner leaf of a title; ``name`` is the (first) holder's."""
    sheet, facts = Sheet(margin=22, size=4.2, paper=(254, 250, 244)), Facts()
    holders = [people.person(rng, name)]
    if rng.random() < 0.4:
        holders.append(people.person(rng))
    unit = people.unit(rng)
    registered = people.day(rng, date(2015, 4, 1), date(2026, 6, 30))
    sheet.add(Waves(16, 16, 178, 265, (246, 232, 222), 5))
    number = f"{unit.province}（{registered.year}）{unit.city}不动产权第{people.digits(rng, 7)}号"
    sheet.put(sheet.width / 2, 24, "不动产权证书", size=7.6, role="bold", align="centre", gap=1)
    sheet.put(sheet.width / 2, 38, facts.note("filing_number", number), size=4.8, align="centre")
    sheet.y = 50
    for row in _title_rows(rng, facts, holders, unit, registered):
        layout.form_row(sheet, 38, row, height=13)
    sheet.space(14)
    sheet.put(118, sheet.y, "登记机构（章）")
    layout.seal(sheet, rng, 158, sheet.y - rng.uniform(3, 8), f"{unit.city}不动产登记中心", "登记专用章", 19)
    sheet.put(118, sheet.y + 14, f"登记日期：{facts.day('signed_on', registered)}")
    sheet.add(Barcode(26, sheet.y - 2, 24, f"https://title.invalid/{people.digits(rng, 12)}"))
    return single("property_certificate", [sheet], facts)


def _title_rows(
    rng: Random, facts: Facts, holders: Sequence[Person], unit: Unit, registered: date
) -> tuple[tuple[str, str], ...]:
    start = registered.replace(year=registered.year - 4, day=1)
    end = start.replace(year=start.year + 70) - timedelta(days=1)
    return (
        ("权利人", "、".join(facts.note("name", holder.name) for holder in holders)),
        ("证件号码", "、".join(facts.note("id_number", holder.id_number) for holder in holders)),
        ("共有情况", "单独所有" if len(holders) == 1 else rng.choice(("共同共有", "按份共有"))),
        ("坐落", facts.note("property_unit", unit.full)),
        ("不动产单元号", f"{unit.code} {people.digits(rng, 6)} GB{people.digits(rng, 5)} F{people.digits(rng, 8)}"),
        ("权利类型", "国有建设用地使用权／房屋所有权"),
        ("权利性质", "出让／市场化商品房"),
        ("用途", "城镇住宅用地／住宅"),
        ("面积", f"房屋建筑面积{facts.note('area', unit.gross)}平方米"),
        ("使用期限", f"国有建设用地使用权{facts.day('valid_from', start)}起{facts.day('valid_until', end)}止"),
        (
            "权利其他状况",
            f"房屋结构：钢筋混凝土结构；专有建筑面积：{facts.note('area', unit.inner)}平方米；"
            f"房屋总层数：{rng.randrange(18, 34)}层",
        ),
    )


def household_register(rng: Random, name: str | None = None) -> Document:
    """Two leaves of a register on one page: the head and one more member; ``name`` is the head's."""
    sheet, facts = Sheet(margin=20, size=3.9), Facts()
    head = people.person(rng, name)
    born = head.birth_date.year
    if born < 1980:
        child = people.relative(rng, head, rng.choice("男女"), (date(born + 25, 1, 1), date(born + 31, 12, 31)))
        second = (child, "子" if child.gender == "男" else "女")
    else:
        other = "女" if head.gender == "男" else "男"
        years = (date(born - 4, 1, 1), date(min(born + 4, 2002), 12, 31))
        second = (people.relative(rng, head, other, years, kin=False), "配偶")
    sheet.y = 18
    issued = people.day(rng, date(2012, 1, 1), date(2025, 12, 31))
    for someone, relation in ((head, "户主"), second):
        _member(sheet, rng, facts, someone, relation, issued)
        sheet.space(26)
    return single("household_register", [sheet], facts)


def _member(sheet: Sheet, rng: Random, facts: Facts, someone: Person, relation: str, issued: date) -> None:
    sheet.title("常住人口登记卡", 6, gap=1)
    origin = someone.area[1]
    studied = rng.choice(("大学本科", "大学专科", "高中", "硕士研究生"))
    rows = (
        (("姓名", facts.note("name", someone.name)), ("户主或与户主关系", relation)),
        (("曾用名", ""), ("性别", facts.note("gender", someone.gender))),
        (("出生地", origin), ("民族", facts.note("ethnicity", someone.ethnicity))),
        (("籍贯", origin), ("出生日期", facts.day("birth_date", someone.birth_date, 0))),
        (("公民身份证件编号", facts.note("id_number", someone.id_number)),),
        (("住址", facts.note("address", someone.address)),),
        (("文化程度", studied), ("婚姻状况", rng.choice(("未婚", "有配偶")))),
    )
    for row in rows:
        layout.form_row(sheet, 38, *row, height=10)
    sheet.space(4)
    sheet.put(sheet.margin, sheet.y, f"承办人签章：{people.person(rng).name}")
    sheet.put(sheet.width - sheet.margin, sheet.y, f"登记日期：{money.written(issued)}", align="right")
    layout.seal(sheet, rng, sheet.margin + 78, sheet.y, f"{someone.area[1]}公安局", "户口专用章", 15)
    sheet.space(6)
