"""Filing in a real Chromium: from the desk to the shelf, and what is printed, counted and handed over on the way."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from services.kernel.model import Role
from tests.browser.conftest import House
from tests.desk import scan

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800)]
NOTICE, CONTRACT = "关于办公用品管理的通知", "商品房买卖合同\n合同编号：HT-2024-0001\n买受人：张伟"


def test_a_paper_goes_from_the_desk_to_the_shelf(house: House) -> None:
    clerk = house.at(Role.CLERK, "赵扫描")
    keeper, signer = house.at(Role.ARCHIVIST, "周质检"), house.at(Role.ARCHIVIST, "吴归档")
    house.desk.item(clerk.api, NOTICE)
    keeper.go("/filing")
    keeper.press("抽样质检")
    expect(keeper.page.locator(".sheet img")).to_be_visible()
    keeper.look()
    keeper.press("合格")
    keeper.press("结束质检")
    expect(keeper.page.locator("main")).to_contain_text("质检合格")
    keeper.follow("整理台")
    keeper.press("确认目录")
    keeper.press("填写归档登记表")
    expect(keeper.page.locator("#forms-title + .soft")).to_have_text("共 1 条")
    keeper.page.locator("#forms-title").locator("xpath=../..").locator("a.code").click()
    keeper.look()
    keeper.forgiven = ("403",)
    keeper.press("签字归档")
    expect(keeper.page.locator("main")).to_contain_text("职责须分开")

    signer.go("/filing/forms")
    signer.page.locator("td a").first.click()
    signer.press("签字归档")
    expect(signer.page.locator(".heading .label")).to_have_text("已归档")
    signer.follow("档案目录")
    row = signer.page.locator("#catalogue tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("10 年")
    row.get_by_role("checkbox").check()
    with signer.page.expect_download() as labels:
        signer.press("打印所选盒签")
    assert labels.value.suggested_filename == "labels.pdf"
    assert labels.value.path().read_bytes().startswith(b"%PDF")
    with signer.page.expect_download() as workbook:
        signer.page.get_by_role("link", name="档案目录 Excel").click()
    assert workbook.value.path().read_bytes().startswith(b"PK")


def test_numbers_are_set_aside_and_explained(house: House) -> None:
    archivist = house.at(Role.ARCHIVIST, "周质检")
    archivist.go("/filing/numbers")
    archivist.page.select_option("#type", "sale_contract")
    archivist.page.fill("#count", "2")
    archivist.page.fill("#reason", "纸质旧档待扫")
    archivist.press("预留")
    expect(archivist.page.locator("#numbers tbody tr")).to_have_count(2)
    archivist.look()
    archivist.page.locator("#numbers tbody tr").first.get_by_placeholder("作废理由").fill("旧档缺失")
    archivist.press("作废")
    expect(archivist.page.locator("#numbers tbody tr").first).to_contain_text("旧档缺失")
    expect(archivist.page.locator("#series")).to_contain_text("连续")
    expect(archivist.page.locator("#series")).to_contain_text("预留 1")


def test_the_daily_report_is_read_by_the_head_and_reminders_go_out(house: House) -> None:
    clerk, head = house.at(Role.CLERK, "赵扫描"), house.at(Role.DEPARTMENT_HEAD, "钱经理", "营销部")
    house.desk.item(clerk.api, NOTICE)
    head.go("/access")
    head.follow("归档")
    expect(head.page.locator("#intake")).to_contain_text("1 件 · 1 页")
    expect(head.page.locator("#week")).to_contain_text("已归档 0 / 1 件")
    expect(head.page.locator("#overdue")).to_have_count(0)
    head.follow("前一天")
    expect(head.page.locator("#intake")).to_contain_text("0 件 · 0 页")
    archivist = house.at(Role.ARCHIVIST, "周质检")
    archivist.go("/filing/reports")
    archivist.press("现在发出提醒")
    expect(archivist.page.get_by_role("status")).to_contain_text("条提醒")


def test_a_field_is_corrected_a_file_put_together_and_paper_handed_over(house: House) -> None:
    clerk, keeper = house.at(Role.CLERK, "赵扫描"), house.at(Role.ARCHIVIST, "周质检")
    batch = house.desk.deliver(clerk.api, scan(CONTRACT))
    house.desk.work()
    item = clerk.api.get(f"/api/v1/batches/{batch}").json()["items"][0]["id"]
    clerk.go(f"/filing/items/{item}")
    row = clerk.page.locator(".correction", has_text="买受人").first
    row.locator("input[name=value]").fill("张炜")
    row.get_by_placeholder("依据、说明").fill("见身份证")
    row.get_by_role("button", name="更正").click()
    expect(clerk.page.locator("del", has_text="张伟").first).to_be_visible()
    clerk.go("/filing/files")
    clerk.page.fill("#title", "张炜 3幢502")
    clerk.page.select_option("#business_type", "sale")
    clerk.press("立卷")
    expect(clerk.page.locator(".heading .label")).to_have_text("不齐全")
    clerk.page.get_by_role("checkbox").first.check()
    clerk.press("放入")
    expect(clerk.page.locator("main")).to_contain_text("张炜")
    clerk.look()
    clerk.go("/filing/handovers")
    clerk.page.select_option("#taker_id", keeper.id)
    clerk.page.get_by_role("checkbox").first.check()
    clerk.press("移交")
    keeper.go("/filing/handovers")
    keeper.page.locator("td a").first.click()
    expect(keeper.page).to_have_url(re.compile("/filing/handovers/"))
    keeper.page.get_by_placeholder("拒收原因").fill("缺页")
    keeper.press("拒收")
    expect(keeper.page.locator("main")).to_contain_text("缺页")
    keeper.look()
    keeper.go("/filing/review")
