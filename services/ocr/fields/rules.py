"""Which fields each type of document has, and how they stand on it."""

from __future__ import annotations

from collections.abc import Mapping

from services.ocr.fields import labels, parsers
from services.ocr.fields.finder import Rule

_SUM = r"(?:人民币|RMB)?\s*[¥Y]?\s*\d[\d,. ]*\s*[万亿]?元"
_ID_SHAPE = r"(?P<v>(?<![0-9A-Za-z])\d{17}[\dXx](?![0-9A-Za-z]))"
_YUAN_SIGN = r"(?P<v>[¥Y]\s*\d[\d,. ]*)"
_CREDIT_SHAPE = r"(?P<v>(?<![0-9A-Za-z])[159][1-39]\d{6}[0-9A-Z]{10}(?![0-9A-Za-z]))"

CONTRACT_NUMBER = Rule("contract_number", parsers.numbering, labels.CONTRACT_NUMBER)
SIGNED_ON = Rule(
    "signed_on",
    parsers.day,
    labels.SIGNED,
    patterns=(r"(?:^|\n)\s*(?P<v>[^\n,。;:]{4,10}年[^\n,。;:]{1,6}月[^\n,。;:]{1,6}日)\s*(?:\n|$)",),
)
ID_NUMBER = Rule("id_number", parsers.id_numbers, labels.ID_NUMBER, patterns=(_ID_SHAPE,), many=True)
CREDIT_CODE = Rule("credit_code", parsers.credit_codes, labels.CREDIT_CODE, patterns=(_CREDIT_SHAPE,), many=True)
PHONE = Rule("phone", parsers.phones, labels.PHONE, patterns=(r"(?P<v>(?<![\dA-Za-z])1[3-9]\d{9}(?!\d))",), many=True)
ADDRESS = Rule("address", parsers.address, labels.ADDRESS, many=True, lines=True)
ACCOUNT = Rule(
    "bank_account",
    parsers.accounts,
    labels.ACCOUNT,
    patterns=(r"(?:账号|帐号|卡号|账户)(?:为|是|:)?\s*(?P<v>\d[\d ]{7,35})",),
    many=True,
)
AREA = Rule(
    "area",
    parsers.square_metres,
    (*labels.GROSS_AREA, *labels.INNER_AREA),
    patterns=(r"(?<![摊有])(?<!共有建筑)面积(?:共?计?为?|约为?|:)?\s*(?P<v>\d+(?:\.\d+)?\s*(?:平方米|m2|平米))",),
    many=True,
)
WORDS = Rule(
    "amount_in_words", parsers.words, labels.WORDS, patterns=(r"大写\)?[:]?\s*(?:人民币)?[:]?\s*(?P<v>[^)\n,;。]{3,40})",)
)
_FROM_TO = (r"[自从]\s*(?P<v>[^\n,。;]{12,60})", r"有效期限?(?:为|:)?[^\n\d]{0,6}(?P<v>\d[^\n,。;]{12,60})")
VALID_FROM = Rule("valid_from", parsers.first_day, labels.PERIOD, patterns=_FROM_TO)
VALID_UNTIL = Rule("valid_until", parsers.second_day, labels.PERIOD, patterns=_FROM_TO)
PROPERTY = Rule(
    "property_unit",
    parsers.address,
    labels.PROPERTY_UNIT,
    patterns=(
        r"项目中的\s*(?P<v>第[^\n。;,]{4,50}?[号室房])",
        r"(?:所购房屋|所购商品房|房屋)(?:为|坐落于?|座落于?|位于|:)+\s*(?P<v>[^\n,。;:]{4,60}?(?:[号室房层]|\d))\s*[,。;(]",
        r"(?:坐落于|座落于|坐落在|位于)\s*(?P<v>[^\n,。;]{4,60}?(?:[室房]|\d号?))\s*(?:[,。;(]|的|$)",
    ),
    lines=True,
)


def _party(field: str, names: tuple[str, ...], *, many: bool = True) -> Rule:
    return Rule(field, parsers.names, names, many=many)


def _amount(*subjects: str, names: tuple[str, ...] = (*labels.TOTAL, *labels.FIGURES)) -> Rule:
    clause = "|".join(subjects)
    patterns = (rf"(?:{clause})(?:总?计|共计|合计)?(?:为|是|:)?[^\d\n。;,]{{0,12}}?(?P<v>{_SUM})",) if subjects else ()
    return Rule("amount", parsers.figures, names, patterns=patterns)


SALE = (
    CONTRACT_NUMBER,
    Rule("filing_number", parsers.numbering, labels.FILING_NUMBER),
    _party("party_seller", labels.SELLER),
    _party("party_buyer", labels.BUYER),
    CREDIT_CODE,
    ID_NUMBER,
    PHONE,
    ADDRESS,
    Rule(
        "permit_number",
        parsers.numbering,
        labels.PERMIT,
        patterns=(r"许可证(?:编?号码?)?(?:为|是|:)\s*(?P<v>[^,。;\n]{4,40}号?)",),
    ),
    PROPERTY,
    AREA,
    Rule(
        "unit_price",
        parsers.figures,
        labels.UNIT_PRICE,
        patterns=(rf"单价(?:为|是|:)?\s*(?:每平方米|每平米)?(?:为)?\s*(?P<v>{_SUM})",),
    ),
    _amount("总价款?", "总房价款?", "房屋总价", "成交价格?", "转让价款"),
    WORDS,
    ACCOUNT,
    SIGNED_ON,
)
LEASE = (
    CONTRACT_NUMBER,
    _party("party_lessor", labels.LESSOR),
    _party("party_lessee", labels.LESSEE),
    CREDIT_CODE,
    ID_NUMBER,
    PHONE,
    ADDRESS,
    PROPERTY,
    AREA,
    _amount("月租金", "每月租金", "租金(?:标准)?", names=("月租金", "租金", "租金标准", "每月租金", "年租金", "合同金额")),
    WORDS,
    ACCOUNT,
    VALID_FROM,
    VALID_UNTIL,
    SIGNED_ON,
)
INVESTMENT = (
    CONTRACT_NUMBER,
    _party("name", (*labels.INVESTOR, *labels.INVESTED, *labels.PARTY_A, *labels.PARTY_B)),
    CREDIT_CODE,
    ID_NUMBER,
    PHONE,
    ADDRESS,
    _amount("投资(?:总)?(?:金额|额|款)", "出资(?:额|金额)?", "认购金额", names=(*labels.INVESTED_SUM, *labels.FIGURES)),
    WORDS,
    ACCOUNT,
    VALID_FROM,
    VALID_UNTIL,
    SIGNED_ON,
)
SUPPLEMENTARY = (
    CONTRACT_NUMBER,
    _party("party_seller", (*labels.SELLER, *labels.PARTY_A)),
    _party("party_buyer", (*labels.BUYER, *labels.PARTY_B)),
    CREDIT_CODE,
    ID_NUMBER,
    PHONE,
    ADDRESS,
    PROPERTY,
    AREA,
    _amount("总价款?", "调整为", "变更为", "金额"),
    WORDS,
    SIGNED_ON,
)
VOUCHER = (
    Rule(
        "voucher_number",
        parsers.receipt_number,
        labels.RECEIPT_NUMBER,
        patterns=(r"(?:^|\n)\W*N?[eo0u°º]?[.:]?\s*(?P<v>\d{6,12})\s*\n",),
    ),
    Rule("paid_on", parsers.day, labels.PAID, patterns=(r"(?P<v>\d{4}\s*年[^\n]{3,12}日)",)),
    Rule("payer", parsers.name, labels.PAYER),
    Rule("payee", parsers.organisation_or_name, labels.PAYEE, ("收款人",)),
    Rule("purpose", parsers.free, labels.PURPOSE, patterns=(r"(?:交来|系付|缴来)\s*(?P<v>[^\n,。:¥\d]{2,20})",)),
    PROPERTY,
    Rule("amount", parsers.figures, labels.FIGURES, labels.TOTAL, patterns=(_YUAN_SIGN,)),
    WORDS,
    PHONE,
)
INVOICE = (
    Rule("voucher_number", parsers.receipt_number, labels.INVOICE_NUMBER, labels.RECEIPT_NUMBER),
    Rule("paid_on", parsers.day, ("开票日期",), labels.PAID, patterns=(r"(?P<v>\d{4}\s*年[^\n]{3,12}日)",)),
    Rule("payer", parsers.name, ("购买方名称", "购方名称", "购货单位", "购货方", "付款方", "付款方名称", "购买方")),
    Rule(
        "payee",
        parsers.organisation_or_name,
        ("销售方名称", "销方名称", "销货单位", "销货方", "收款方", "收款方名称", "销售方", "开票单位"),
    ),
    Rule("id_number", parsers.id_numbers, (*labels.CREDIT_CODE, *labels.ID_NUMBER), patterns=(_ID_SHAPE,), many=True),
    CREDIT_CODE,
    PROPERTY,
    Rule("amount", parsers.figures, labels.FIGURES, ("价税合计", "合计金额", "金额")),
    WORDS,
)
BANK_SLIP = (
    Rule("voucher_number", parsers.receipt_number, labels.SLIP_NUMBER),
    Rule("paid_on", parsers.day, labels.PAID, patterns=(r"(?P<v>\d{4}\s*年[^\n]{3,12}日)",)),
    Rule("payer", parsers.name, labels.SLIP_PAYER),
    Rule("payee", parsers.organisation_or_name, labels.SLIP_PAYEE),
    ACCOUNT,
    Rule("amount", parsers.figures, labels.FIGURES, labels.TOTAL, patterns=(_YUAN_SIGN,)),
    WORDS,
    Rule("purpose", parsers.free, labels.PURPOSE),
)
ID_CARD = (
    Rule("name", parsers.name, ("姓名",)),
    Rule("gender", parsers.gender, labels.GENDER),
    Rule("ethnicity", parsers.ethnicity, labels.ETHNICITY),
    Rule("birth_date", parsers.day, labels.BIRTH),
    Rule("address", parsers.address, ("住址", "地址"), lines=True),
    Rule("id_number", parsers.id_numbers, labels.ID_NUMBER, patterns=(_ID_SHAPE,)),
    Rule(
        "organisation",
        parsers.organisation,
        labels.ISSUER,
        patterns=(r"(?:^|\n)(?P<v>[^\n]{2,20}公安局[^\n]{0,8})\n",),
        lines=True,
    ),
    Rule("valid_from", parsers.day, labels.PERIOD, patterns=(r"(?P<v>\d{4}\.\d{2}\.\d{2})\s*-",)),
    Rule("valid_until", parsers.second_day, labels.PERIOD, patterns=(r"(?P<v>\d{4}\.\d{2}\.\d{2}\s*-\s*[^\n]{2,12})",)),
)
HOUSEHOLD = (
    Rule("name", parsers.name, ("姓名",), many=True),
    Rule("gender", parsers.gender, labels.GENDER, many=True),
    Rule("ethnicity", parsers.ethnicity, labels.ETHNICITY, many=True),
    Rule("birth_date", parsers.day, labels.BIRTH, many=True),
    Rule("id_number", parsers.id_numbers, labels.ID_NUMBER, patterns=(_ID_SHAPE,), many=True),
    Rule("address", parsers.address, labels.HOUSEHOLD_ADDRESS, many=True, lines=True),
)
LICENCE = (
    CREDIT_CODE,
    Rule("organisation", parsers.organisation, ("名称", "企业名称", "公司名称", "字号名称"), lines=True),
    Rule("name", parsers.name, ("法定代表人", "负责人", "经营者", "执行事务合伙人", "经营者姓名", "投资人")),
    Rule("address", parsers.address, ("住所", "经营场所", "营业场所", "主要经营场所", "地址"), lines=True),
    Rule("valid_from", parsers.day, labels.PERIOD, ("成立日期", "注册日期")),
    Rule("valid_until", parsers.second_day, labels.PERIOD),
)
CERTIFICATE = (
    Rule(
        "filing_number",
        parsers.numbering,
        ("不动产权证号", "权证号", "房产证号", "证书编号", "产权证号"),
        patterns=(r"(?P<v>[\u4e00-\u9fff]\s*[(\[]\s*\d{4}\s*[)\]][^\n]{2,16}?第\s*\d{4,12}\s*号)",),
    ),
    Rule("name", parsers.names, ("权利人", "房屋所有权人", "所有权人", "共有人"), many=True, lines=True),
    Rule("id_number", parsers.id_numbers, labels.ID_NUMBER, patterns=(_ID_SHAPE,), many=True, lines=True),
    PROPERTY,
    AREA,
    VALID_FROM,
    VALID_UNTIL,
    SIGNED_ON,
)
ACCEPTANCE = (
    Rule("name", parsers.name, ("业主姓名", "业主", "客户姓名", "买受人", "姓名", "验收人")),
    PHONE,
    PROPERTY,
    AREA,
    Rule("organisation", parsers.organisation, labels.COMPANY),
    SIGNED_ON,
)
ATTORNEY = (
    Rule("name", parsers.name, ("委托人", "受托人", "被委托人", "代理人", "受委托人", "授权人", "被授权人"), many=True),
    ID_NUMBER,
    PHONE,
    ADDRESS,
    PROPERTY,
    VALID_FROM,
    VALID_UNTIL,
    SIGNED_ON,
)
COMPLAINT = (
    Rule("organisation", parsers.organisation, labels.COMPANY, patterns=(r"^(?P<v>[^\n]{4,30})\n",)),
    Rule("voucher_number", parsers.receipt_number, ("编号", "投诉编号", "登记编号", "受理编号", "工单号", "记录编号")),
    Rule("name", parsers.name, ("投诉人", "客户姓名", "投诉人姓名", "业主姓名", "姓名", "来访人"), ("业主", "客户")),
    PHONE,
    PROPERTY,
    SIGNED_ON,
)

RULES: Mapping[str, tuple[Rule, ...]] = {
    "sale_contract": SALE,
    "lease_contract": LEASE,
    "investment_agreement": INVESTMENT,
    "supplementary_agreement": SUPPLEMENTARY,
    "payment_voucher": VOUCHER,
    "invoice": INVOICE,
    "bank_slip": BANK_SLIP,
    "id_card": ID_CARD,
    "household_register": HOUSEHOLD,
    "business_licence": LICENCE,
    "property_certificate": CERTIFICATE,
    "acceptance_report": ACCEPTANCE,
    "power_of_attorney": ATTORNEY,
    "complaint_record": COMPLAINT,
}
CARDS = frozenset({"id_card"})
"""Types whose labels stand without colons, one right after the other."""
TABLES = frozenset(
    {
        "payment_voucher",
        "invoice",
        "bank_slip",
        "household_register",
        "business_licence",
        "property_certificate",
        "acceptance_report",
        "complaint_record",
    }
)
"""Types that are tables of labels and values rather than prose."""
REGISTERS = frozenset({"id_card", "household_register", "business_licence", "property_certificate"})
"""Printed registers: even a common word (名称) is a label when a line begins with it."""
