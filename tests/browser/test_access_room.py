"""Access in a real Chromium: asked for, approved, read while the grant lives, and closed the moment it ends."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from random import Random

import cv2
import pytest
from playwright.sync_api import expect

from services.access.marking import register
from services.kernel.clock import now
from services.kernel.grants.tables import Grant, GrantItem
from services.kernel.model import ItemState, Role
from services.kernel.tables import Item
from tests.browser.conftest import House
from tests.unit.test_access_marks import printed_and_scanned, sheet, shown

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800)]
SALES = "营销部"
CONTRACT = "商品房买卖合同\n合同编号：HT-2024-0001\n买受人：张伟"


@pytest.fixture
def item(house: House) -> str:
    """What is in the archive."""
    found = house.desk.item(house.desk.client(Role.CLERK), CONTRACT)
    with house.desk.kernel.database.write() as session:
        session.get_one(Item, found).state = ItemState.ARCHIVED
    return found


def test_a_page_is_asked_for_approved_read_and_closed_when_the_grant_ends(house: House, item: str) -> None:
    sales, head = house.at(Role.STAFF, "冯销售", SALES), house.at(Role.DEPARTMENT_HEAD, "钱经理", SALES)
    archivist = house.at(Role.ARCHIVIST, "周档案")
    sales.go(f"/items/{item}")
    expect(sales.page.locator("#masked")).to_contain_text("未对您开放")
    assert "张伟" not in sales.page.locator("main").inner_text()
    sales.page.fill("#purpose", "客户核对付款日期")
    sales.press("提出申请")
    expect(sales.page.locator(".heading .label")).to_have_text("审批中")
    sales.look()
    head.go("/access/waiting")
    head.page.locator("td a").first.click()
    head.look()
    head.press("同意")
    sales.go(f"/items/{item}")
    expect(sales.page.locator("#grant")).to_contain_text("依授权")
    expect(sales.page.locator("#picture")).to_be_visible()
    expect(sales.page.locator("#picture")).not_to_have_js_property("naturalWidth", 0)

    archivist.go("/access/registers")
    expect(archivist.page.locator("#register")).to_contain_text("客户核对付款日期")
    archivist.follow("授权登记")
    expect(archivist.page.locator("#register")).to_contain_text("有效")
    grant = archivist.api.get("/api/v1/grants", params={"mine": False}).json()["grants"][0]["id"]
    assert archivist.api.post(f"/api/v1/grants/{grant}/revocation").status_code == 200
    expect(sales.page.locator("#masked")).to_be_visible(timeout=120_000)  # nobody has touched that window
    expect(sales.page.locator("#picture")).to_have_count(0)


def test_paper_is_flagged_lent_taken_back_and_its_damage_settled(house: House, item: str) -> None:
    sales, archivist = house.at(Role.STAFF, "冯销售", SALES), house.at(Role.ARCHIVIST, "周档案")
    archivist.go(f"/items/{item}")
    archivist.press("标为易损、易丢失")
    expect(archivist.page.locator("#original .label")).to_have_text("易损")
    archivist.press("取消易损标记")
    with house.desk.kernel.database.write() as session:
        until = now() + timedelta(days=3)
        grant = Grant(person_id=sales.id, request_id="r", kind="loan", policy=0, since=now(), until=until)
        session.add(grant)
        session.flush()
        session.add(GrantItem(grant_id=grant.id, item_id=item))
    archivist.go("/access/desk")
    archivist.press("借出")
    archivist.look()
    archivist.page.locator("#loans select").select_option("damaged")
    archivist.page.locator("#loans").get_by_placeholder("备注").fill("封面撕破")
    archivist.page.locator("#loans").get_by_role("button", name="登记").click()
    expect(archivist.page.locator("#incidents")).to_contain_text("封面撕破")
    archivist.page.locator("#incidents").get_by_placeholder("备注").fill("已修裱")
    archivist.page.locator("#incidents select").select_option("repaired")
    archivist.press("了结")
    archivist.go("/access/registers?book=incidents")
    expect(archivist.page.locator("#register")).to_contain_text("已修裱")
    archivist.go("/access/registers?book=loans")
    expect(archivist.page.locator("#register")).to_contain_text("损坏")
    for book in ("copies", "reveals"):
        archivist.go(f"/access/registers?book={book}")
        expect(archivist.page.locator("main")).to_contain_text("还是空的")


def test_a_leaked_page_tells_its_reader(house: House, item: str, tmp_path: Path) -> None:
    """A page with the mark of somebody's grant, printed and scanned; and a page without one."""
    sales, archivist = house.at(Role.STAFF, "冯销售", SALES), house.at(Role.ARCHIVIST, "周档案")
    with house.desk.kernel.database.write() as session:
        until = now() + timedelta(days=3)
        grant = Grant(person_id=sales.id, request_id="r", kind="read", policy=0, since=now(), until=until)
        session.add(grant)
        session.flush()
        number = register.mark_of(session, grant.id)
    rng = Random(3)
    page = sheet(rng)
    cv2.imwrite(str(tmp_path / "leaked.jpg"), printed_and_scanned(shown(page, number), rng))
    cv2.imwrite(str(tmp_path / "clean.jpg"), page)
    archivist.forgiven = ("404",)
    archivist.go("/access/marks")
    archivist.page.set_input_files("#picture", tmp_path / "leaked.jpg")
    archivist.press("鉴别")
    expect(archivist.page.locator("#whose h2")).to_have_text("这一页是显示给 冯销售 的")
    archivist.look()
    archivist.page.set_input_files("#picture", tmp_path / "clean.jpg")
    archivist.press("鉴别")
    expect(archivist.page.locator(".error-summary")).to_contain_text("没有可辨认的标记")


def test_a_deputy_is_named_and_conduct_is_recorded(house: House) -> None:
    head, deputy = house.at(Role.DEPARTMENT_HEAD, "钱经理", SALES), house.at(Role.STAFF, "冯销售", SALES)
    head.go("/access/deputies")
    head.page.select_option("#taker_id", deputy.id)
    head.page.fill("#until", str((now() + timedelta(days=3)).date()))
    head.page.fill("#reason", "出差")
    head.press("委托")
    expect(head.page.locator("tbody")).to_contain_text("冯销售")
    head.look()
    head.follow("奖惩")
    head.page.select_option("#person_id", deputy.id)
    head.page.select_option("#cause", "private-copy")
    head.page.fill("#text", "将档案存于个人电脑")
    head.press("登记")
    expect(head.page.locator("#records")).to_contain_text("私自保存客户档案")
    deputy.go("/access")
    expect(deputy.page.locator("#notices")).to_contain_text("有一条违规记录")
    deputy.follow("奖惩")
    expect(deputy.page.locator("#records")).to_contain_text("将档案存于个人电脑")
    expect(deputy.page.locator("#person_id")).to_have_count(0)
