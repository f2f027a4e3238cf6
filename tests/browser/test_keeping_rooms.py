"""Custody, retention and destruction in a real Chromium, as far as each page is walked to and used once."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from services.kernel.model import ItemState, Role
from services.kernel.tables import Item
from tests.browser.conftest import House

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800)]


def test_rooms_are_read_and_plans_inspected(house: House) -> None:
    archivist = house.at(Role.ARCHIVIST, "周档案")
    archivist.go("/custody")
    archivist.follow("库房")
    archivist.page.locator("form[action='/custody/rooms'] input[name=name]").fill("一号库")
    archivist.press("添加")
    archivist.page.locator("input[name=temperature]").fill("30")
    archivist.page.locator("input[name=humidity]").fill("50")
    archivist.page.locator("form[action$='/readings']").get_by_role("button").click()
    expect(archivist.page.locator("main")).to_contain_text("超出范围")
    archivist.look()
    archivist.follow("巡检")
    archivist.page.fill("#title", "八防巡检")
    archivist.press("添加")
    expect(archivist.page.locator("main")).to_contain_text("每 30 天")
    archivist.look()
    for tab in ("四性检测", "移交包", "备份"):
        archivist.follow(tab)


def test_a_hold_is_placed_by_one_and_released_by_another(house: House) -> None:
    head, archivist = house.at(Role.DEPARTMENT_HEAD, "钱经理", "营销部"), house.at(Role.ARCHIVIST, "周档案")
    item = house.desk.item(house.desk.client(Role.CLERK), "投诉记录\n投诉人：张伟")
    with house.desk.kernel.database.write() as session:
        session.get_one(Item, item).state = ItemState.ARCHIVED
    head.go("/retention/holds")
    head.page.fill("#target", item)
    head.page.fill("#reason", "诉讼保全")
    head.press("设置保留")
    expect(head.page.locator("main")).to_contain_text("本人设置的，由他人解除")
    head.look()
    archivist.go("/retention/holds")
    archivist.page.get_by_placeholder("解除原因").fill("案件已结")
    archivist.press("解除")
    expect(archivist.page.locator("main")).to_contain_text("没有保留")
    archivist.go("/retention")
    archivist.follow("保管期限表")
    archivist.go(f"/retention/items/{item}")
    archivist.go("/destruction")
    archivist.page.fill("#title", "2026 年第一批")
    archivist.press("新建")
    expect(archivist.page.locator("h1")).to_contain_text("2026 年第一批")
    archivist.look()
