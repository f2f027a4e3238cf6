"""房屋租赁合同: two pages."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from random import Random

from samples import money, people
from samples.document import Document, Facts, single
from samples.forms import layout
from samples.people import Person, Unit
from samples.sheet import Sheet

HABITS = ("本合同租金不含税费", "租金含物业服务费", "租金不含水、电、燃气费用")


def lease_contract(rng: Random, name: str | None = None) -> Document:
    """A lease between two people; ``name`` is the lessee's."""
    facts = Facts()
    lessor, lessee, unit = people.person(rng), people.person(rng, name), people.unit(rng)
    signed = people.day(rng, date(2018, 1, 1), date(2026, 6, 30))
    sheets = layout.following(layout.office(rng), 2)
    labels = rng.choice((("出租人", "承租人"), ("出租方（甲方）", "承租方（乙方）"), ("出租人（甲方）", "承租人（乙方）")))
    _first_page(sheets[0], rng, facts, (lessor, lessee), labels, unit, signed)
    _second_page(sheets[1], rng, facts, labels, signed)
    layout.number_pages(rng, sheets)
    return single("lease_contract", sheets, facts)


def _first_page(
    sheet: Sheet, rng: Random, facts: Facts, parties: tuple[Person, Person], labels: tuple[str, str], unit: Unit,
    signed: date,
) -> None:  # fmt: skip
    number = facts.note("contract_number", f"{rng.choice(('ZL', 'FZ', 'LZ'))}{signed.year}-{people.digits(rng, 5)}")
    sheet.title(rng.choice(("房屋租赁合同", "住房租赁合同", "房屋出租合同书")), 7.0, gap=rng.choice((0.0, 1.2)))
    sheet.put(sheet.width - sheet.margin, sheet.y, f"合同编号：{number}", align="right")
    sheet.space(11)
    for label, field, party in zip(labels, ("party_lessor", "party_lessee"), parties, strict=True):
        sheet.line(f"{label}：[[{facts.note(field, party.name)}]]")
        layout.person_lines(sheet, facts, party, address="住址")
        sheet.space(2)
    sheet.clause("双方经协商一致，就房屋租赁事宜订立本合同，内容如下：")
    area = facts.note("area", unit.gross)
    sheet.clause(f"一、出租房屋坐落于[[{facts.note('property_unit', unit.full)}]]，建筑面积[[{area}]]平方米，用途为居住。")
    years = rng.randrange(1, 4)
    start = signed + timedelta(days=rng.randrange(1, 15))
    end = start.replace(year=start.year + years, day=min(start.day, 28)) - timedelta(days=1)
    style = rng.choice((0, 2))
    sheet.clause(f"二、租赁期限为[[{years}]]年，自[[{facts.day('valid_from', start, style)}]]起至"
                 f"[[{facts.day('valid_until', end, style)}]]止。")  # fmt: skip
    rent = Decimal(rng.randrange(18, 160)) * 100
    sheet.clause(
        f"三、月租金为人民币[[{facts.money('amount', rent)}]]元（大写：[[{facts.words(rent)}]]），{rng.choice(HABITS)}。"
    )
    deposit = rent * rng.choice((1, 2))
    sheet.clause(f"四、承租人于签约当日支付押金人民币[[{money.grouped(deposit)}]]元，租期届满结清费用后无息退还。")
    account = facts.note("bank_account", people.bank_card(rng))
    sheet.clause(
        f"五、租金每[[{rng.choice(('三', '六'))}]]个月支付一次，付至{labels[0]}指定账户：{rng.choice(people.BANKS)}，"
        f"账号[[{account}]]。"
    )


def _second_page(sheet: Sheet, rng: Random, facts: Facts, labels: tuple[str, str], signed: date) -> None:
    clauses = [
        "出租人保证房屋权属清楚，交付时设施能够正常使用，并负责房屋主体结构的维修。",
        "承租人应当合理使用房屋，不得擅自改变房屋结构和用途，未经书面同意不得转租。",
        "租赁期间水、电、燃气、网络和物业服务等费用由承租人按实际用量承担。",
        "任何一方提前解除合同的，应当提前三十日书面通知对方，并支付一个月租金作为违约金。",
        "房屋因不可抗力毁损，致使租赁目的不能实现的，本合同终止，双方互不承担责任。",
        "租期届满前三十日，承租人需要续租的应当书面提出，同等条件下享有优先承租权。",
        "承租人逾期支付租金超过十五日的，出租人有权解除合同并收回房屋。",
        "交接时双方应当共同清点家具家电，填写清单并签字，清单为本合同的附件。",
        "本合同未尽事宜由双方另行协商并签订补充协议，补充协议与本合同具有同等效力。",
        "本合同一式三份，双方各执一份，一份交房屋租赁管理部门登记备案。",
    ]
    head, tail = clauses[:7], clauses[7:]
    rng.shuffle(head)
    for number, clause in zip("六七八九", (head[:4]), strict=True):
        sheet.clause(f"{number}、{clause}")
    for index, clause in enumerate([*head[4:], *tail]):
        sheet.clause(f"{('十', '十一', '十二', '十三', '十四', '十五')[index]}、{clause}")
    sheet.space(14)
    left, right, top = sheet.margin, sheet.width / 2 + 5, sheet.y
    sheet.put(left, top, f"{labels[0]}（签字）：")
    sheet.put(right, top, f"{labels[1]}（签字）：")
    layout.sign(sheet, rng, left + 44, top + 3)
    layout.sign(sheet, rng, right + 44, top + 3)
    if rng.random() < 0.2:
        printed = facts.day("signed_on", signed, printed=money.chinese_day(signed))
    else:
        printed = facts.day("signed_on", signed, rng.choice((0, 2)))
    sheet.put(left, top + 16, f"{rng.choice(('签订日期', '签约日期', '日期'))}：{printed}")
