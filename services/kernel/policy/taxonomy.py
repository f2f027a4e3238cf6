"""Taxonomy of document types: Chinese title, category code, business type, and the period of retention that a draft 档号
carries (DA/T 22-2015). Defaults, to be replaced by versioned policy; the periods are proposals (rules.md section 3)."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class TypeRule:
    """``category`` is two letters of the 档号; ``period`` is Y (permanent), D30 or D10."""

    title: str
    category: str
    period: str
    business_type: str = ""


TYPES = MappingProxyType(
    {
        "sale_contract": TypeRule("商品房买卖合同", "HT", "D30", "sale"),
        "lease_contract": TypeRule("房屋租赁合同", "HT", "D10", "lease"),
        "investment_agreement": TypeRule("投资协议", "HT", "D30", "investment"),
        "supplementary_agreement": TypeRule("补充协议", "HT", "D30"),
        "payment_voucher": TypeRule("收款收据", "PZ", "D30"),
        "invoice": TypeRule("发票", "PZ", "D30"),
        "bank_slip": TypeRule("银行回单", "PZ", "D30"),
        "id_card": TypeRule("居民身份证", "ZJ", "D10"),
        "household_register": TypeRule("户口簿", "ZJ", "D10"),
        "business_licence": TypeRule("营业执照", "ZJ", "D10"),
        "property_certificate": TypeRule("不动产权证书", "CQ", "D30"),
        "acceptance_report": TypeRule("验收报告", "YS", "D30"),
        "power_of_attorney": TypeRule("授权委托书", "ZJ", "D10"),
        "complaint_record": TypeRule("投诉记录", "KF", "D10"),
        "other": TypeRule("其他文件", "QT", "D10"),
    }
)
