"""The auditor's room in a real Chromium: the ledger by its questions, extracts, reports, signed checkpoints, inspections."""

from __future__ import annotations

from datetime import datetime

import pytest
from playwright.sync_api import expect

from services import work
from services.kernel.clock import OFFICE
from services.kernel.model import Role
from tests.browser.conftest import House

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800)]


def test_the_ledger_is_asked_taken_along_and_proven(house: House) -> None:
    auditor, clerk = house.at(Role.AUDITOR, "郑审计"), house.at(Role.CLERK, "赵扫描")
    house.desk.item(clerk.api, "关于办公用品管理的通知")
    assert clerk.api.get("/api/v1/audit/entries").status_code == 403
    auditor.go("/audit")
    auditor.page.select_option("#act", "access.refuse")
    auditor.press("查询")
    expect(auditor.page.locator("#entries tbody tr")).to_have_count(1)
    expect(auditor.page.locator("#entries")).to_contain_text("赵扫描")
    auditor.look()
    for form in ("CSV", "XLSX", "JSONL"):
        with auditor.page.expect_download() as extract:
            auditor.page.get_by_role("link", name=form, exact=True).click()
        assert extract.value.path().stat().st_size > 100
    auditor.follow("报告")
    auditor.page.select_option("#report", "unused-grants")
    auditor.press("查询")
    expect(auditor.page.locator("h1")).to_have_text("从未使用的授权")
    auditor.look()
    for duty in work.seconds(house.desk.archive_of("schedule")):
        duty()
    auditor.follow("签名检查点")
    expect(auditor.page.locator("main")).to_contain_text("muniment/ledger+")
    with auditor.page.expect_download() as note:
        auditor.page.get_by_role("link", name="现在签一个检查点").click()
    assert note.value.path().read_text("utf-8").startswith("muniment/ledger\n")
    auditor.go("/access/registers")
    auditor.go("/policy")
    expect(auditor.page.locator("#held")).to_contain_text("taxonomy:")


def test_a_leader_inspects_and_the_archivist_answers(house: House) -> None:
    leader, archivist = house.at(Role.COMPANY_LEADER, "孙总"), house.at(Role.ARCHIVIST, "周档案")
    today = str(datetime.now(OFFICE).date())
    leader.go("/inspections")
    expect(leader.page.locator("#overdue")).to_be_visible()
    for name, text in (("scope", "库房与借阅登记"), ("findings", "三件逾期未还"), ("due", today)):
        leader.page.fill(f"#{name}", text)
    leader.press("登记")
    archivist.go("/inspections")
    archivist.page.get_by_placeholder("整改答复").fill("已催还")
    archivist.press("答复")
    leader.go("/inspections")
    leader.press("认可并了结")
    expect(leader.page.locator(".inspection .label")).to_have_text("已了结")
