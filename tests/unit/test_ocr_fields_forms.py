"""Whole forms in other wordings than the generator's: national contract form, plain lease, old invoice, struck-out receipt."""

from __future__ import annotations

from services.kernel.paper import EngineInfo, Line, PageReading
from services.ocr.documents import read_document

ENGINE = EngineInfo("typed", "0", "0")


def page(text: str) -> PageReading:
    """One row a line, boxes parted by ``|``, a title marked by ``#``."""
    lines = []
    for row, printed in enumerate(text.strip().split("\n")):
        parts = printed.split("|")
        for column, part in enumerate(parts):
            em = 70.0 if part.startswith("#") else 40.0
            part = part.lstrip("#")
            x = 800.0 if em > 40 else 220 + column * 2040 / len(parts)
            y = 200 + 70.0 * row
            right = x + sum(em if ord(letter) > 255 else em / 2 for letter in part)
            if part.strip():
                lines.append(Line(part, ((x, y), (right, y), (right, y + em), (x, y + em)), 0.98))
    return PageReading(1, 2480, 3508, 0, 0.0, False, tuple(lines), ENGINE)


def read(text: str) -> tuple[str, dict[str, list[str]]]:
    reading = read_document([page(text)])
    return reading.type, {name: [one.value for one in found] for name, found in reading.fields.items()}


def test_the_national_form_of_a_sale() -> None:
    kind, fields = read(
        """
#商品房买卖合同（预售）
出卖人：杭州恒岳置业有限公司
通讯地址：杭州市西湖区望江路88号
营业执照注册号：91350100M000100Y43
法定代表人：李刚     联系电话：0571-88889999
买受人：张伟，李娜
【国籍】【户籍所在地】：中国
证件类型：【居民身份证】【护照】，证号：11010519491231002X
联系电话：13912345678
该商品房已由主管部门批准预售，预售许可证号为杭售许字（2019）第000123号。
3.该商品房为第一条规定项目中的第3【幢】【座】2【单元】1【层】101号。该商品房的平面图见附件一。
该商品房预测建筑面积为89.50平方米，其中套内建筑面积70.25平方米，分摊共有建筑面积19.25平方米。
1.按照套内建筑面积计算，该商品房单价为每平方米人民币35587.19元，总价款为人民币
（币种）2500000元（大写：贰佰伍拾万元整）。
第十一条 商品房交付时间：出卖人应当在2021年12月31日前向买受人交付该商品房。
出卖人（签字或盖章）：|买受人（签字或盖章）：
签订时间：2019年12月10日|签订时间：2019年12月10日
"""
    )
    assert kind == "sale_contract"
    assert fields == {
        "party_seller": ["杭州恒岳置业有限公司"],
        "party_buyer": ["张伟", "李娜"],
        "address": ["杭州市西湖区望江路88号"],
        "credit_code": ["91350100M000100Y43"],
        "id_number": ["11010519491231002X"],
        "phone": ["0571-88889999", "13912345678"],
        "permit_number": ["杭售许字（2019）第000123号"],
        "property_unit": ["第3幢2单元1层101号"],
        "area": ["89.50", "70.25"],
        "unit_price": ["35587.19"],
        "amount": ["2500000.00"],
        "amount_in_words": ["贰佰伍拾万元整"],
        "signed_on": ["2019-12-10"],
    }


def test_a_plain_lease() -> None:
    kind, fields = read(
        """
#房屋租赁合同
甲方（出租方）：王小明|身份证号：11010519491231002X
乙方（承租方）：深圳启泽投资管理有限公司
甲方将位于深圳市南山区科技路8号云栖雅苑3栋1201的房屋出租给乙方使用，房屋面积共86㎡。
租赁期共 2 年，从 2023 年 3 月 1 日起至 2025 年 2 月 28 日止。
每月租金为￥6,500元，大写：陆仟伍佰元整。押金为一个月租金即人民币6500元。
甲方（签章）：|乙方（签章）：
日期：2023年2月25日|日期：2023年2月25日
"""
    )
    assert kind == "lease_contract"
    assert fields == {
        "party_lessor": ["王小明"],
        "party_lessee": ["深圳启泽投资管理有限公司"],
        "id_number": ["11010519491231002X"],
        "property_unit": ["深圳市南山区科技路8号云栖雅苑3栋1201"],
        "area": ["86.00"],
        "amount": ["6500.00"],
        "amount_in_words": ["陆仟伍佰元整"],
        "valid_from": ["2023-03-01"],
        "valid_until": ["2025-02-28"],
        "signed_on": ["2023-02-25"],
    }


def test_a_receipt_with_struck_out_places() -> None:
    kind, fields = read(
        """
#收 据
No 0012345|2023年 5月 6日
今收到 张伟 交来购房定金
人民币（大写）⊗佰⊗拾贰万零仟零佰零拾零元零角零分 ￥20000.00
收款单位（盖章）杭州恒岳置业有限公司|收款人：李芳
"""
    )
    assert kind == "payment_voucher"
    assert fields == {
        "voucher_number": ["0012345"],
        "paid_on": ["2023-05-06"],
        "payer": ["张伟"],
        "payee": ["杭州恒岳置业有限公司"],
        "purpose": ["购房定金"],
        "amount": ["20000.00"],
        "amount_in_words": ["贰万零仟零佰零拾零元零角零分"],
    }


def test_an_old_invoice_whose_sides_lie_above_each_other() -> None:
    kind, fields = read(
        """
#深圳增值税专用发票
4403201130|No 12345678
开票日期：2021年06月15日
购|名    称：杭州启泽商业管理有限公司
买|纳税人识别号：91350100M000100Y43
方|地址、电话：杭州市西湖区1号 0571-88886666
货物或应税劳务、服务名称|规格型号|单位|数量|单价|金额|税率|税额
*不动产租赁*租金||月|1|10000|10000.00|5%|500.00
合计|||||￥10000.00||￥500.00
价税合计（大写）|⊗壹万零伍佰圆整|（小写）￥10500.00
销|名    称：深圳恒岳置业有限公司
售|纳税人识别号：91350100M000100Y43
收款人：李芳|复核：王小五|开票人：赵六
"""
    )
    assert kind == "invoice"
    assert fields == {
        "voucher_number": ["12345678"],
        "paid_on": ["2021-06-15"],
        "payer": ["杭州启泽商业管理有限公司"],
        "payee": ["深圳恒岳置业有限公司"],
        "credit_code": ["91350100M000100Y43"],
        "amount": ["10500.00"],
        "amount_in_words": ["壹万零伍佰元整"],
    }
