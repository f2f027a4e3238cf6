"""Which fields each type of document has, and how they stand on it."""

from __future__ import annotations

from collections.abc import Mapping

from services.ocr.fields import labels, parsers
from services.ocr.fields.finder import Rule

_SUM = r"(?:人民币|RMB)?\s*[¥Y]?\s*\d[\d,. ]*\s*[万亿]?元"

CONTRACT_NUMBER = Rule("contract_number", parsers.numbering, labels.CONTRACT_NUMBER)
SIGNED_ON = Rule(
    "signed_on", parsers.day, labels.SIGNED, (r"(?:^|\n)\s*(?P<v>[^\n,。;:]{0,2}\d{4}\s*年[^\n]{3,12}日)\s*(?:\n|$)",)
)
ID_NUMBER = Rule(
    "id_number", parsers.id_numbers, labels.ID_NUMBER, (r"(?P<v>(?<![0-9A-Za-z])\d{17}[\dXx](?![0-9A-Za-z]))",), many=True
)
CREDIT_CODE = Rule("credit_code", parsers.credit_codes, labels.CREDIT_CODE, many=True)
PHONE = Rule("phone", parsers.phones, labels.PHONE, (r"(?P<v>(?<![\dA-Za-z])1[3-9]\d{9}(?!\d))",), many=True)
ADDRESS = Rule("address", parsers.address, labels.ADDRESS, many=True, lines=True)
ACCOUNT = Rule(
    "bank_account",
    parsers.accounts,
    labels.ACCOUNT,
    (r"(?:账号|帐号|卡号|账户)(?:为|是|:)?\s*(?P<v>\d[\d ]{7,35})",),
    many=True,
)
AREA = Rule(
    "area",
    parsers.square_metres,
    (*labels.GROSS_AREA, *labels.INNER_AREA),
    (r"面积(?:共?计?为?|约为?|:)?\s*(?P<v>\d+(?:\.\d+)?\s*(?:平方米|m2|平米))",),
    many=True,
)
WORDS = Rule("amount_in_words", parsers.words, labels.WORDS, (r"大写\)?[:]?\s*(?:人民币)?[:]?\s*(?P<v>[^)\n,;。]{3,40})",))
_FROM_TO = (r"自\s*(?P<v>[^\n,。;]{12,60})", r"有效期限?(?:为|:)?[^\n\d]{0,6}(?P<v>\d[^\n,。;]{12,60})")
VALID_FROM = Rule("valid_from", parsers.first_day, labels.PERIOD, _FROM_TO)
VALID_UNTIL = Rule("valid_until", parsers.second_day, labels.PERIOD, _FROM_TO)
PROPERTY = Rule(
    "property_unit",
    parsers.address,
    labels.PROPERTY_UNIT,
    (
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
    return Rule("amount", parsers.figures, names, patterns)


SALE = (
    CONTRACT_NUMBER,
    Rule("filing_number", parsers.numbering, labels.FILING_NUMBER),
    _party("party_seller", labels.SELLER),
    _party("party_buyer", labels.BUYER),
    CREDIT_CODE,
    ID_NUMBER,
    PHONE,
    ADDRESS,
    Rule("permit_number", parsers.numbering, labels.PERMIT, (r"许可证(?:编?号码?)?(?:为|是|:)\s*(?P<v>[^,。;\n]{4,40}号?)",)),
    PROPERTY,
    AREA,
    Rule(
        "unit_price", parsers.figures, labels.UNIT_PRICE, (rf"单价(?:为|是|:)?\s*(?:每平方米|每平米)?(?:为)?\s*(?P<v>{_SUM})",)
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
    Rule("voucher_number", parsers.receipt_number, labels.RECEIPT_NUMBER),
    Rule("paid_on", parsers.day, labels.PAID, (r"(?P<v>\d{4}\s*年[^\n]{3,12}日)",)),
    Rule("payer", parsers.name, labels.PAYER),
    Rule("payee", parsers.organisation_or_name, labels.PAYEE),
    Rule("purpose", parsers.free, labels.PURPOSE),
    PROPERTY,
    _amount(),
    WORDS,
    PHONE,
)
ID_CARD = (
    Rule("name", parsers.name, ("姓名",)),
    Rule("gender", parsers.gender, labels.GENDER),
    Rule("ethnicity", parsers.ethnicity, labels.ETHNICITY),
    Rule("birth_date", parsers.day, labels.BIRTH),
    Rule("address", parsers.address, ("住址", "地址"), lines=True),
    Rule("id_number", parsers.id_numbers, labels.ID_NUMBER, (r"(?P<v>(?<![0-9A-Za-z])\d{17}[\dXx](?![0-9A-Za-z]))",)),
    Rule("organisation", parsers.organisation, labels.ISSUER, (r"(?:^|\n)(?P<v>[^\n]{2,20}公安局[^\n]{0,8})\n",), lines=True),
    Rule("valid_from", parsers.day, labels.PERIOD, (r"(?P<v>\d{4}\.\d{2}\.\d{2})\s*-",)),
    Rule("valid_until", parsers.second_day, labels.PERIOD, (r"(?P<v>\d{4}\.\d{2}\.\d{2}\s*-\s*[^\n]{2,12})",)),
)

RULES: Mapping[str, tuple[Rule, ...]] = {
    "sale_contract": SALE,
    "lease_contract": LEASE,
    "investment_agreement": INVESTMENT,
    "supplementary_agreement": SUPPLEMENTARY,
    "payment_voucher": VOUCHER,
    "id_card": ID_CARD,
}
DENSE = frozenset({"id_card", "household_register"})
"""Types whose labels stand without colons, one after the other."""
