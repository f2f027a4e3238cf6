"""What the customer's file gathers after the sale: 验收报告, 授权委托书, 投诉记录."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from samples import money, people
from samples.document import Document, Facts, single
from samples.forms import layout
from samples.sheet import Cell, Sheet

CHECKS = (
    "入户门及门锁",
    "墙面与顶棚",
    "地面平整度",
    "门窗开启与密封",
    "厨房给排水",
    "卫生间防水",
    "强弱电箱",
    "燃气与地暖",
    "阳台栏杆",
    "对讲与可视系统",
)
FAULTS = ("合格", "合格", "合格", "合格", "轻微划痕，已记录", "需调整", "合格")
DEPARTMENTS = ("工程部", "客服部", "秩序部")
COMPLAINTS = (
    "卫生间顶棚渗水，楼上住户多次沟通无果，要求物业公司协调维修。",
    "电梯频繁停运，老人出行不便，要求尽快更换配件并公示维修进度。",
    "交付的户型与销售宣传不一致，客户要求说明情况并给予书面答复。",
    "小区夜间施工噪声扰民，影响孩子休息，请求限制施工时间。",
    "地下车位被他人长期占用，客户要求协助清理并加强管理。",
)
RESULTS = (
    "已安排工程人员现场查看并完成维修，回访客户表示满意。",
    "已向相关部门反映，承诺三个工作日内答复，客户表示理解。",
    "经核实情况属实，已出具整改方案并与客户约定复查时间。",
)


def acceptance_report(rng: Random, name: str | None = None) -> Document:
    """The checklist of a handover, one page; ``name`` is the owner's."""
    sheet, facts = Sheet(margin=20, size=3.9, fill_role=rng.choice(("kai", "song"))), Facts()
    owner, firm, unit = people.person(rng, name), people.company(rng, "物业服务有限公司"), people.unit(rng)
    signed = people.day(rng, date(2018, 1, 1), date(2026, 6, 30))
    sheet.title(rng.choice(("房屋验收报告", "商品房交付验收报告", "房屋交付验收单")), 6.8)
    sheet.space(2)
    caption, phone = rng.choice(("业主姓名", "业主")), facts.note("phone", owner.phone)
    layout.form_row(sheet, 28, (caption, facts.note("name", owner.name)), ("联系电话", phone), height=10)
    area = f"{facts.note('area', unit.gross)}平方米"
    layout.form_row(sheet, 28, ("房号", facts.note("property_unit", unit.short)), ("建筑面积", area), height=10)
    _checks(sheet, rng)
    verdict = rng.choice(("经双方共同查验，房屋符合交付条件，同意接收。", "房屋基本符合交付条件，上述问题整改后予以接收。"))
    layout.form_row(sheet, 28, ("验收结论", verdict), height=16)
    sheet.space(8)
    sheet.put(sheet.margin, sheet.y, f"物业公司（盖章）：{facts.note('organisation', firm.name)}")
    sheet.put(sheet.margin + 112, sheet.y, "业主（签字）：")
    layout.seal(sheet, rng, sheet.margin + 60, sheet.y + 10, firm.name, "业务专用章", 18)
    layout.sign(sheet, rng, sheet.margin + 138, sheet.y)
    sheet.put(sheet.margin + 112, sheet.y + 14, f"验收日期：{facts.day('signed_on', signed, rng.choice((0, 1, 2)))}")
    return single("acceptance_report", [sheet], facts)


def _checks(sheet: Sheet, rng: Random) -> None:
    """The list of what was looked at, and the meters."""
    widths = (16.0, 52.0, sheet.inner - 68 - 34, 34.0)
    captions = ("序号", "验收项目", "验收情况", "备注")
    sheet.row(sheet.margin, [Cell(text, width, True) for text, width in zip(captions, widths, strict=True)])
    for index, check in enumerate(CHECKS[: rng.randrange(7, 11)], start=1):
        found = rng.choice(FAULTS)
        texts = (str(index), check, found, "" if found == "合格" else "限期整改")
        sheet.row(sheet.margin, [Cell(text, width, align="centre") for text, width in zip(texts, widths, strict=True)])
    water, power, gas = rng.randrange(1, 90), rng.randrange(1, 400), rng.randrange(60)
    readings = f"水表读数：{water}吨　　电表读数：{power}度　　燃气表读数：{gas}立方米"
    sheet.row(sheet.margin, [Cell(readings, sheet.inner)], height=10)


def power_of_attorney(rng: Random, name: str | None = None) -> Document:
    """Someone lets another act in a sale, one page; ``name`` is the principal's."""
    sheet, facts = layout.office(rng, size=12.5), Facts()
    principal, agent, unit = people.person(rng, name), people.person(rng), people.unit(rng)
    signed = people.day(rng, date(2018, 1, 1), date(2026, 6, 30))
    signed = signed.replace(day=min(signed.day, 28))
    sheet.space(6)
    sheet.title(rng.choice(("授权委托书", "委托书")), 8.0, gap=rng.choice((0.0, 2.0)))
    sheet.space(8)
    for label, someone in (("委托人", principal), (rng.choice(("受托人", "被委托人")), agent)):
        sheet.line(f"{label}：[[{facts.note('name', someone.name)}]]　　性别：{someone.gender}")
        layout.person_lines(sheet, facts, someone, address="住址")
        sheet.space(4)
    sheet.clause(
        f"委托人因工作原因，不能亲自办理坐落于[[{facts.note('property_unit', unit.full)}]]的房屋买卖手续，"
        "现委托受托人为合法代理人，代为办理下列事项："
    )
    for number, task in enumerate(rng.sample((
        "签署商品房买卖合同及相关补充协议", "办理合同备案、预告登记和不动产转移登记", "缴纳契税、维修资金及相关费用",
        "办理银行按揭贷款的申请和签约手续", "领取不动产权证书、发票及其他文件", "办理房屋交付验收和入住手续",
    ), 4), start=1):  # fmt: skip
        sheet.clause(f"{number}．{task}；")
    sheet.clause("受托人在上述权限范围内签署的文件，委托人均予以承认，由此产生的法律后果由委托人承担。受托人无转委托权。")
    end = signed.replace(year=signed.year + 1)
    sheet.clause(f"委托期限：自[[{facts.day('valid_from', signed, 0)}]]起至[[{facts.day('valid_until', end, 0)}]]止。")
    sheet.space(16)
    sheet.put(sheet.width / 2, sheet.y, "委托人（签字、按印）：")
    layout.sign(sheet, rng, sheet.width / 2 + 50, sheet.y)
    printed = money.chinese_day(signed) if rng.random() < 0.3 else money.written(signed)
    sheet.put(sheet.width / 2, sheet.y + 14, facts.day("signed_on", signed, printed=printed))
    return single("power_of_attorney", [sheet], facts)


def complaint_record(rng: Random, name: str | None = None) -> Document:
    """A complaint and how it was settled, one page; ``name`` is the complainant's."""
    sheet, facts = Sheet(margin=20, size=4.1, fill_role=rng.choice(("kai", "song"))), Facts()
    customer, unit, firm = people.person(rng, name), people.unit(rng), people.company(rng, "物业服务有限公司")
    taken = people.day(rng, date(2018, 1, 1), date(2026, 6, 30))
    sheet.put(sheet.width / 2, sheet.y, facts.note("organisation", firm.name), size=4.6, role="hei", align="centre")
    sheet.space(9)
    sheet.title(rng.choice(("客户投诉记录表", "客户投诉处理记录", "投诉受理登记表")), 6.8)
    number = facts.note("voucher_number", f"TS{taken:%Y%m}{people.digits(rng, 3)}")
    sheet.put(sheet.width - sheet.margin, sheet.y, f"编号：{number}", align="right")
    sheet.space(8)
    caption, phone = rng.choice(("投诉人", "客户姓名")), facts.note("phone", customer.phone)
    layout.form_row(sheet, 28, (caption, facts.note("name", customer.name)), ("联系电话", phone), height=11)
    day = (rng.choice(("受理日期", "投诉日期")), facts.day("signed_on", taken, rng.randrange(3)))
    layout.form_row(sheet, 28, ("房号", facts.note("property_unit", unit.short)), day, height=11)
    way = rng.choice(("电话", "来访", "书面", "网络"))
    layout.form_row(sheet, 28, ("投诉方式", way), ("受理人", people.person(rng).name), height=11)
    _settlement(sheet, rng, taken)
    sheet.space(8)
    sheet.put(sheet.margin, sheet.y, "部门负责人（签字）：")
    layout.sign(sheet, rng, sheet.margin + 40, sheet.y)
    sheet.put(sheet.margin + 100, sheet.y, "客户（签字）：")
    layout.sign(sheet, rng, sheet.margin + 128, sheet.y)
    return single("complaint_record", [sheet], facts)


def _settlement(sheet: Sheet, rng: Random, taken: date) -> None:
    closed = money.written(taken + timedelta(days=rng.randrange(2, 30)))
    found = f"经{rng.choice(DEPARTMENTS)}现场核实，情况{rng.choice(('属实', '基本属实', '部分属实'))}，责任单位已通知到位。"
    rows = (
        ("投诉内容", rng.choice(COMPLAINTS), 48.0),
        ("调查情况", found, 30.0),
        ("处理结果", rng.choice(RESULTS), 36.0),
        ("客户意见", f"{rng.choice(('满意', '基本满意', '不满意'))}。回访时间：{closed}", 22.0),
    )
    for caption, text, height in rows:
        layout.form_row(sheet, 28, (caption, text), height=height, role=sheet.fill_role)
