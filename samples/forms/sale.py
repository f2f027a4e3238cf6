"""商品房买卖合同: three pages with the fields that the national form GF-2014-0171 asks for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random

from samples import money, people
from samples.document import Document, Facts, single
from samples.forms import layout
from samples.people import Company, Person, Unit
from samples.sheet import Cell, Sheet

CENT = Decimal("0.01")
RISKS = (
    "第七条　逾期付款。买受人未按约定期限付款的，自逾期之日起按日计付应付未付款万分之二的违约金；"
    "逾期超过六十日的，出卖人可以解除合同。",
    "第八条　面积差异。实测面积与约定面积误差比在百分之三以内的，据实结算；"
    "超出百分之三的，买受人有权退房并要求返还已付款及利息。",
    "第九条　设计变更。出卖人变更规划或者户型设计影响房屋质量和使用功能的，应当在批准之日起十日内书面告知买受人。",
    "第十条　抵押情况。签订本合同时，该商品房未设定抵押，也不存在被查封或者以其他形式限制转让的情形。",
    "第十一条　权利瑕疵。出卖人保证该商品房没有产权纠纷，因出卖人原因造成该商品房不能办理产权登记或者发生债权债务纠纷的，"
    "由出卖人承担相应责任，并赔偿买受人因此受到的损失。",
    "第十二条　贷款约定。因买受人原因未能获得贷款批准的，买受人应当在收到通知之日起十五日内自行筹足余款；"
    "因其他原因未能订立贷款合同的，双方均可以解除本合同，出卖人退还已收款项。",
    "第十三条　税费承担。办理转移登记所需的契税、维修资金由买受人承担，其余税费按照国家和本市的规定由双方各自承担。",
)


@dataclass(frozen=True)
class Sale:
    """The bargain that a contract puts into words."""

    seller: Company
    buyers: tuple[Person, ...]
    shares: tuple[int, ...]
    unit: Unit
    price: Decimal
    total: Decimal
    signed: date
    delivery: date
    style: int


def bargain(rng: Random, name: str | None = None) -> Sale:
    unit = people.unit(rng)
    price = Decimal(rng.randrange(80_00, 520_00)) * 100 / 100
    buyers = [people.person(rng, name)]
    if rng.random() < 0.5:
        buyers.append(people.person(rng, gender="女" if buyers[0].gender == "男" else "男"))
    first = rng.choice((50, 60, 70, 99)) if len(buyers) == 2 else 100
    signed = people.day(rng, date(2017, 1, 1), date(2026, 6, 30))
    return Sale(
        seller=people.company(rng, "房地产开发有限公司"),
        buyers=tuple(buyers),
        shares=(first, 100 - first)[: len(buyers)],
        unit=unit,
        price=price.quantize(CENT),
        total=(price * Decimal(unit.gross)).quantize(CENT, ROUND_HALF_UP),
        signed=signed,
        delivery=signed + timedelta(days=rng.randrange(180, 900)),
        style=rng.randrange(3),
    )


def sale_contract(rng: Random, name: str | None = None) -> Document:
    """A contract of three pages; ``name`` is the first buyer's."""
    sale, facts = bargain(rng, name), Facts()
    sheets = layout.following(layout.office(rng), 3)
    _parties(sheets[0], rng, sale, facts)
    _unit_and_price(sheets[1], rng, sale, facts)
    _delivery_and_signatures(sheets[2], rng, sale, facts)
    layout.number_pages(rng, sheets)
    return single("sale_contract", sheets, facts)


def _parties(sheet: Sheet, rng: Random, sale: Sale, facts: Facts) -> None:
    year = sale.signed.year
    number = facts.note(
        "contract_number", rng.choice((f"YS{year}{people.digits(rng, 6)}", f"XS-{year}-{people.digits(rng, 5)}"))
    )
    filing = facts.note("filing_number", f"{sale.unit.district[0]}备{year}{people.digits(rng, 7)}")
    sheet.put(sheet.width - sheet.margin, sheet.y, f"{rng.choice(('合同编号', '合同编码'))}：{number}", align="right")
    sheet.space(7)
    sheet.put(sheet.width - sheet.margin, sheet.y, f"备案号：{filing}", align="right")
    sheet.space(14)
    sheet.title(rng.choice(("商品房买卖合同（预售）", "商品房买卖合同", "商品房预售合同")), 7.2)
    sheet.space(5)
    sheet.line(f"{rng.choice(('出卖人', '出卖人（甲方）'))}：[[{facts.note('party_seller', sale.seller.name)}]]")
    sheet.line(f"统一社会信用代码：[[{facts.note('credit_code', sale.seller.credit_code)}]]")
    sheet.line(f"注册地址：[[{facts.note('address', sale.seller.address)}]]")
    phone = facts.note("phone", sale.seller.phone)
    sheet.line(f"法定代表人：[[{sale.seller.representative}]]　　联系电话：[[{phone}]]")
    sheet.space(3)
    for index, (buyer, share) in enumerate(zip(sale.buyers, sale.shares, strict=True)):
        label = "买受人" if index == 0 else "共同买受人"
        held = f"　　所占份额：[[{share}%]]" if len(sale.buyers) > 1 else ""
        sheet.line(f"{label}：[[{facts.note('party_buyer', buyer.name)}]]　　性别：{buyer.gender}{held}")
        layout.person_lines(sheet, facts, buyer)
        sheet.space(2)
    sheet.space(2)
    sheet.clause("甲乙双方本着自愿、公平和诚实守信的原则，就买受人向出卖人购买预售商品房一事商定如下各条，以资共同遵守。")
    permit = facts.note("permit_number", f"{sale.unit.city[0]}房预售证第{year - 1}{people.digits(rng, 4)}号")
    site = f"{sale.unit.city}{sale.unit.district}{sale.unit.road}"
    sheet.clause(
        f"第一条　项目依据。出卖人以出让方式取得坐落于{site}的建设用地使用权，"
        f"在该地块上建造的商品房，项目名称为[[{sale.unit.estate}]]。"
    )
    sheet.clause(f"第二条　预售依据。该商品房已经主管部门批准预售，预售许可证号为[[{permit}]]。")
    sheet.clause(
        "出卖人保证上述许可在本合同签订时真实、有效。项目的规划总平面图、分层平面图作为本合同附件，买受人已经查阅并确认。"
    )


def _unit_and_price(sheet: Sheet, rng: Random, sale: Sale, facts: Facts) -> None:
    unit = sale.unit
    sheet.clause(f"第三条　房屋基本情况。买受人所购房屋为：[[{facts.note('property_unit', unit.short)}]]，规划用途为住宅，"
                 f"钢筋混凝土结构，层高[[2.{rng.randrange(85, 99)}]]米。")  # fmt: skip
    sheet.space(2)
    _areas(sheet, unit, facts)
    sheet.space(5)
    sheet.clause(
        f"第四条　计价方式与价款。双方同意按建筑面积计价，单价为每平方米人民币[[{facts.money('unit_price', sale.price)}]]元，"
        f"总价款为人民币[[{facts.money('amount', sale.total)}]]元（大写：[[{facts.words(sale.total)}]]）。"
    )
    sheet.clause(_payment(rng, sale))
    sheet.clause(
        f"第六条　预售资金监管。上述价款应全部存入监管账户，开户银行为[[{sale.seller.bank}]]，"
        f"账号为[[{facts.note('bank_account', sale.seller.account)}]]。"
    )
    for clause in RISKS:
        sheet.clause(clause)


def _areas(sheet: Sheet, unit: Unit, facts: Facts) -> None:
    gross, inner = facts.note("area", unit.gross), facts.note("area", unit.inner)
    shared = Decimal(unit.gross) - Decimal(unit.inner)
    quarter = sheet.inner / 4
    captions = ("建筑面积", "套内建筑面积", "分摊共有面积", "用途")
    values = (f"{gross}平方米", f"{inner}平方米", f"{shared}平方米", "住宅")
    sheet.row(sheet.margin, [Cell(text, quarter, True) for text in captions])
    sheet.row(sheet.margin, [Cell(text, quarter, align="centre") for text in values])


def _payment(rng: Random, sale: Sale) -> str:
    """The fifth clause: by loan, at once, or by instalments."""
    loan = (sale.total * Decimal(rng.choice(("0.5", "0.6", "0.7")))).quantize(Decimal("1E4"))
    first = sale.total - loan
    due = money.written(sale.signed, sale.style)
    ways = (
        f"第五条　付款方式。买受人选择贷款方式付款：于[[{due}]]前支付首付款人民币[[{money.grouped(first)}]]元，"
        f"余款人民币[[{money.grouped(loan)}]]元申请银行按揭贷款支付。",
        f"第五条　付款方式。买受人选择一次性付款，于[[{due}]]前付清全部房价款。",
        f"第五条　付款方式。买受人选择分期付款：首期人民币[[{money.grouped(first)}]]元于[[{due}]]前支付，"
        f"第二期人民币[[{money.grouped(loan)}]]元于主体结构封顶后十日内支付。",
    )
    return rng.choice(ways)


def _delivery_and_signatures(sheet: Sheet, rng: Random, sale: Sale, facts: Facts) -> None:
    delivery = money.written(sale.delivery, sale.style)
    sheet.clause(f"第十四条　交付期限。出卖人应当在[[{delivery}]]前，将竣工验收合格的商品房交付买受人使用。")
    sheet.clause("第十五条　逾期交付。出卖人未按期交房的，自约定期限届满次日起，按日向买受人支付已付房价款万分之二的违约金。")
    sheet.clause("第十六条　产权登记。双方应当自交付之日起九十日内，共同向不动产登记机构申请办理房屋转移登记。")
    sheet.clause("第十七条　保修责任。出卖人自交付之日起按照质量保证书的承诺承担保修责任，防水保修期为五年。")
    sheet.clause("第十八条　前期物业。买受人同意遵守临时管理规约，并自交付之日起按照约定标准缴纳物业服务费。")
    sheet.clause("第十九条　通知送达。双方确认本合同载明的地址为送达地址，一方变更地址的，应当在七日内书面通知对方。")
    sheet.clause("第二十条　交付条件。该商品房交付时应当具备通水、通电、通路的条件，并附有质量保证书和使用说明书。")
    sheet.clause("第二十一条　争议解决。履行本合同发生的争议由双方协商；协商不成的，向房屋所在地人民法院提起诉讼。")
    sheet.clause("第二十二条　合同份数。本合同自双方签字或者盖章之日起生效，一式四份，出卖人两份，买受人一份，登记机构一份。")
    sheet.space(12)
    left, right, top = sheet.margin, sheet.width / 2 + 5, sheet.y
    sheet.put(left, top, "出卖人（签章）：")
    sheet.put(right, top, "买受人（签字）：")
    layout.seal(sheet, rng, left + 42, top + 10, sale.seller.name, "合同专用章")
    for index, _ in enumerate(sale.buyers):
        layout.sign(sheet, rng, right + 32, top + 9 * index)
    sheet.put(left, top + 14, "法定代表人或委托代理人：")
    sheet.put(right, top + 20, "委托代理人：")
    day = facts.day("signed_on", sale.signed, sale.style)
    sheet.put(left, top + 32, f"{rng.choice(('签订日期', '签约日期', '签订时间'))}：{day}")
    sheet.put(right, top + 32, f"签订地点：{sale.unit.city}{sale.unit.district}")
