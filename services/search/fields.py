"""What can be asked for by ``field:value``, and how each field answers.

Text fields are found by fragments like all text; keywords only whole; identifiers only whole and by digest.
"""

from __future__ import annotations

import difflib
import re
from decimal import Decimal

from services.kernel.errors import InvalidInput
from services.kernel.paper import DOCUMENT_TYPES, FIELD_NAMES
from services.kernel.policy.lookup import LOOKUP_FIELDS

MONEY_FIELDS = ("amount", "unit_price")
KEYWORD_FIELDS = ("type", "state", "department", "customer_type", "business_type", *MONEY_FIELDS)
TEXT_FIELDS = tuple(name for name in FIELD_NAMES if name not in (*LOOKUP_FIELDS, *MONEY_FIELDS))
CATALOGUE_FIELDS = ("title", "reference_code")
PARTY_FIELDS = ("party_seller", "party_buyer", "party_lessor", "party_lessee")
NAME_FIELDS = ("name", *PARTY_FIELDS, "payer", "payee")

_GROUPS: dict[str, tuple[str, ...]] = {
    "name": NAME_FIELDS,
    "party": PARTY_FIELDS,
    "date": ("signed_on", "paid_on", "valid_from", "valid_until"),
    "text": ("text",),
}

ALIASES = {
    "合同编号": "contract_number", "合同号": "contract_number", "档号": "reference_code", "题名": "title", "标题": "title",
    "姓名": "name", "名称": "name", "当事人": "party", "出卖人": "party_seller", "买受人": "party_buyer",
    "出租人": "party_lessor", "承租人": "party_lessee", "身份证": "id_number", "身份证号": "id_number",
    "身份证号码": "id_number", "证件号码": "id_number", "电话": "phone", "手机": "phone", "联系电话": "phone",
    "手机号": "phone",
    "tel": "phone", "账号": "bank_account", "帐号": "bank_account", "卡号": "bank_account", "account": "bank_account",
    "地址": "address", "住址": "address", "房号": "property_unit", "单位": "organisation", "金额": "amount", "总价": "amount",
    "单价": "unit_price", "面积": "area", "用途": "purpose", "信用代码": "credit_code", "统一社会信用代码": "credit_code",
    "付款人": "payer", "收款人": "payee", "凭证号": "voucher_number", "备案号": "filing_number", "日期": "date",
    "签订日期": "signed_on", "类型": "type", "状态": "state", "部门": "department", "客户类型": "customer_type",
    "业务类型": "business_type", "正文": "text",
}  # fmt: skip

_TYPE_NAMES = {
    "买卖合同": "sale_contract", "购房合同": "sale_contract", "商品房买卖合同": "sale_contract", "租赁合同": "lease_contract",
    "投资协议": "investment_agreement", "补充协议": "supplementary_agreement", "支付凭证": "payment_voucher",
    "付款凭证": "payment_voucher", "收据": "payment_voucher", "发票": "invoice", "银行回单": "bank_slip", "回单": "bank_slip",
    "身份证": "id_card", "户口簿": "household_register", "户口本": "household_register", "营业执照": "business_licence",
    "产权证": "property_certificate", "不动产权证": "property_certificate", "房产证": "property_certificate",
    "验收报告": "acceptance_report", "委托书": "power_of_attorney", "授权委托书": "power_of_attorney",
    "投诉记录": "complaint_record", "其他": "other",
}  # fmt: skip

_AMOUNT = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,8})?")
_KNOWN = tuple(dict.fromkeys([*_GROUPS, *CATALOGUE_FIELDS, *TEXT_FIELDS, *KEYWORD_FIELDS, *LOOKUP_FIELDS]))


def resolve(written: str, position: int) -> str:
    """Return the field that ``written`` names, in English or Chinese. Raises ``InvalidInput``."""
    name = written.strip().casefold()
    name = ALIASES.get(name, name)
    if name in _KNOWN:
        return name
    near = difflib.get_close_matches(name, [*_KNOWN, *ALIASES], n=1)
    hint = f"did you mean {near[0]}:?" if near else "known are " + ", ".join(f"{field}:" for field in _KNOWN) + "."
    place = f"There is no field {written.strip()!r} (character {position}); {hint}"
    detail = f"{place} To search for the text itself, put it in quotes."
    raise InvalidInput(detail, code="query-no-field")


def columns(field: str) -> tuple[str, ...]:
    """Return the text fields that a field of the query stands for: ``name:`` asks for a person in any part."""
    return _GROUPS.get(field, (field,))


def keyword_value(field: str, written: str) -> str:
    """Return the value under which a keyword field is indexed. Raises ``InvalidInput`` for what it can never be."""
    if field in MONEY_FIELDS:
        return str(cents(written))
    if field != "type":
        return written
    name = _TYPE_NAMES.get(written, written.casefold())
    if name not in DOCUMENT_TYPES:
        near = difflib.get_close_matches(name, [*DOCUMENT_TYPES, *_TYPE_NAMES], n=1)
        hint = f"did you mean {near[0]}?" if near else f"types are {', '.join(DOCUMENT_TYPES)}."
        raise InvalidInput(f"There is no document type {written!r}; {hint}", code="query-no-type")
    return name


def cents(yuan: str) -> int:
    """Return an amount in yuan as integer cents; thousands separators are allowed. Raises ``InvalidInput``."""
    written = yuan.replace(",", "").strip("¥￥元 ")
    if not _AMOUNT.fullmatch(written):
        detail = f"{yuan!r} is not an amount; write it in yuan, as in amount:1680000 or amount:16409.02"
        raise InvalidInput(detail, code="query-amount")
    return int((Decimal(written) * 100).to_integral_value())
