"""A stack that was fed without cover sheets becomes several items, each with its own pages, key and PDF."""

from __future__ import annotations

import pytest

from services.kernel.model import Role
from tests.desk import Desk, scan

FRONT = "姓名 张伟\n性别 男 民族 汉\n住址 大连市中山区学府大道26号\n公民身份号码 210202198805213913"
BACK = "居民身份证\n签发机关 大连市公安局\n有效期限 2022.12.14-2042.12.14"
RECEIPT = "收款收据\n交款人：李娜\n收款事由：房款\n记账联"


@pytest.fixture
def desk(settings) -> Desk:
    return Desk(settings)


def test_each_document_of_a_stack_is_an_item_of_its_own(desk: Desk) -> None:
    clerk = desk.client(Role.CLERK)
    batch = desk.deliver(clerk, scan(FRONT, BACK, RECEIPT, ""))
    desk.work()
    items = clerk.get(f"/api/v1/batches/{batch}").json()["items"]
    assert sorted((item["type"], item["pages"]) for item in items) == [("id_card", 2), ("payment_voucher", 2)]
