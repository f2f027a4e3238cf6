"""投资合作协议 and 补充协议."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from random import Random

from samples import money, people
from samples.document import Document, Facts, single
from samples.forms import layout
from samples.sheet import Sheet


def investment_agreement(rng: Random, name: str | None = None) -> Document:
    """A person puts money into a company's project; two pages. ``name`` is the investor's."""
    facts = Facts()
    firm, investor = people.company(rng, "投资管理有限公司"), people.person(rng, name)
    signed = people.day(rng, date(2016, 1, 1), date(2026, 6, 30))
    first, second = layout.following(layout.office(rng), 2)
    number = facts.note("contract_number", f"TZ{signed.year}-{people.digits(rng, 4)}")
    first.title(rng.choice(("投资合作协议", "项目投资协议书", "房地产项目投资协议")), 7.0)
    first.put(first.width - first.margin, first.y, f"协议编号：{number}", align="right")
    first.space(12)
    first.line(f"{rng.choice(('甲方（融资方）', '融资方'))}：[[{facts.note('name', firm.name)}]]")
    first.line(f"统一社会信用代码：[[{facts.note('credit_code', firm.credit_code)}]]")
    first.line(f"注册地址：[[{facts.note('address', firm.address)}]]")
    first.space(3)
    first.line(f"{rng.choice(('乙方（投资方）', '投资人'))}：[[{facts.note('name', investor.name)}]]")
    layout.person_lines(first, facts, investor)
    first.space(3)
    amount = Decimal(rng.randrange(10, 900)) * 10_000
    years = rng.randrange(1, 5)
    start = signed + timedelta(days=rng.randrange(1, 20))
    start = start.replace(day=min(start.day, 28))
    end = start.replace(year=start.year + years) - timedelta(days=1)
    estate = rng.choice(people.ESTATES)
    first.clause("双方在平等互利的基础上，就共同投资房地产项目达成以下协议：")
    first.clause(f"一、合作项目。甲方负责开发建设的[[{estate}]]项目，由甲方统一经营管理，乙方不参与日常经营。")
    first.clause(
        f"二、投资金额。乙方投资金额为人民币[[{facts.money('amount', amount)}]]元（大写：[[{facts.words(amount)}]]）。"
    )
    first.clause(
        f"三、投资期限。投资期限为[[{years}]]年，自[[{facts.day('valid_from', start)}]]起至"
        f"[[{facts.day('valid_until', end)}]]止。"
    )
    first.clause(
        f"四、付款账户。乙方应将投资款汇入甲方账户，开户行：{firm.bank}，账号：[[{facts.note('bank_account', firm.account)}]]。"
    )
    first.clause("五、收益分配。项目净利润按双方实际出资比例分配，每一会计年度结束后三个月内结算一次。")
    _investment_rest(second, rng, firm.name)
    second.put(second.margin, second.y, f"签订日期：{facts.day('signed_on', signed, 0)}")
    layout.number_pages(rng, (first, second))
    return single("investment_agreement", (first, second), facts)


def _investment_rest(sheet: Sheet, rng: Random, firm: str) -> None:
    for text in (
        "六、风险承担。项目发生亏损的，双方以各自出资额为限按比例承担。甲方不承诺固定收益。",
        "七、信息披露。甲方每季度向乙方提供项目进度报告和财务报表，乙方有权查阅与项目有关的账簿。",
        "八、转让限制。未经甲方书面同意，乙方不得将本协议项下的权利义务转让给第三人。",
        "九、退出机制。投资期限届满，甲方应在六十日内完成清算，并将乙方应得款项汇入乙方指定账户。",
        "十、保密义务。双方对合作过程中知悉的商业秘密负有保密义务，该义务不因协议终止而解除。",
        "十一、违约责任。任何一方违反本协议造成对方损失的，应当赔偿对方的全部直接损失。",
        "十二、争议解决。因本协议产生的争议，提交甲方所在地仲裁委员会仲裁。",
        "十三、本协议自双方签字盖章之日起生效，一式两份，双方各执一份。",
    ):
        sheet.clause(text)
    sheet.space(14)
    sheet.put(sheet.margin, sheet.y, "甲方（盖章）：")
    sheet.put(sheet.width / 2 + 5, sheet.y, "乙方（签字）：")
    layout.seal(sheet, rng, sheet.margin + 40, sheet.y + 8, firm, "合同专用章")
    layout.sign(sheet, rng, sheet.width / 2 + 36, sheet.y + 1)
    sheet.space(30)


CHANGES = (
    "买受人申请将付款方式由一次性付款变更为银行按揭贷款，出卖人同意该变更。",
    "因规划调整，该商品房的交付日期顺延九十日，出卖人不承担逾期交付责任。",
    "出卖人同意将该商品房的装修标准由毛坯变更为精装修，装修价款另行计算。",
    "双方同意增加一名共同买受人，原合同约定的权利义务由全体买受人共同承担。",
)


def supplementary_agreement(rng: Random, name: str | None = None) -> Document:
    """Changes to a sale contract, one page; ``name`` is the buyer's."""
    facts, sheet = Facts(), layout.office(rng)
    seller, buyer, unit = people.company(rng, "房地产开发有限公司"), people.person(rng, name), people.unit(rng)
    signed = people.day(rng, date(2018, 1, 1), date(2026, 6, 30))
    number = facts.note("contract_number", f"YS{signed.year}{people.digits(rng, 6)}")
    sheet.title(rng.choice(("补充协议", "商品房买卖合同补充协议", "补充协议书")), 7.0)
    sheet.put(sheet.width - sheet.margin, sheet.y, f"原合同编号：{number}", align="right")
    sheet.space(12)
    sheet.line(f"{rng.choice(('甲方（出卖人）', '出卖人'))}：[[{facts.note('party_seller', seller.name)}]]")
    sheet.line(f"{rng.choice(('乙方（买受人）', '买受人'))}：[[{facts.note('party_buyer', buyer.name)}]]")
    sheet.line(f"身份证号码：[[{facts.note('id_number', buyer.id_number)}]]")
    sheet.line(f"联系电话：[[{facts.note('phone', buyer.phone)}]]")
    sheet.space(4)
    sheet.clause(
        f"双方就买受人购买的商品房（房号：[[{facts.note('property_unit', unit.short)}]]）签订了编号为{number}的"
        "商品房买卖合同，现经协商一致，对原合同补充约定如下："
    )
    changes = rng.sample(CHANGES, 3)
    total = Decimal(rng.randrange(500_000, 4_000_000))
    for index, change in enumerate(changes):
        sheet.clause(f"{'一二三'[index]}、{change}")
    sheet.clause(f"四、调整后该商品房的总价款为人民币[[{facts.money('amount', total)}]]元（大写：[[{facts.words(total)}]]）。")
    sheet.clause(
        f"五、差额部分由买受人于{money.written(signed + timedelta(days=30))}前一次性付清，逾期按原合同约定承担违约责任。"
    )
    sheet.clause("六、本补充协议与原合同不一致的，以本补充协议为准；未涉及的内容仍按原合同执行。")
    sheet.clause("七、本补充协议自双方签字盖章之日起生效，一式四份，与原合同具有同等法律效力。")
    sheet.space(14)
    sheet.put(sheet.margin, sheet.y, "出卖人（盖章）：")
    sheet.put(sheet.width / 2 + 5, sheet.y, "买受人（签字）：")
    layout.seal(sheet, rng, sheet.margin + 45, sheet.y + 8, seller.name, "合同专用章")
    layout.sign(sheet, rng, sheet.width / 2 + 40, sheet.y + 1)
    sheet.space(30)
    sheet.put(sheet.margin, sheet.y, f"签订日期：{facts.day('signed_on', signed, rng.choice((0, 2)))}")
    return single("supplementary_agreement", [sheet], facts)
