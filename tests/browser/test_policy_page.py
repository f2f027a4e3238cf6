"""Policy in a real Chromium: proposed by one person, put in force by another."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from services.kernel.model import Role
from tests.browser.conftest import House

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800)]


def test_one_proposes_and_another_puts_in_force(house: House) -> None:
    editor, leader = house.at(Role.ARCHIVIST, "周档案"), house.at(Role.COMPANY_LEADER, "孙总")
    editor.go("/policy")
    expect(editor.page.locator("#in-force")).to_have_text("现行：第 0 版")
    held = editor.page.input_value("#body")
    editor.forgiven = ("422", "403")
    editor.page.fill("#body", held.replace("loan_days: 14", "loan_weeks: 2"))
    editor.page.fill("#reason", "借阅放宽")
    editor.press("提交审批")
    expect(editor.page.locator(".error-summary")).to_contain_text("loan_weeks")
    expect(editor.page.locator("#reason")).to_have_value("借阅放宽")
    editor.look()
    editor.page.fill("#body", held.replace("loan_days: 14", "loan_days: 21"))
    editor.press("提交审批")
    expect(editor.page.locator("#changes .added")).to_have_text("+  loan_days: 21")
    editor.look()
    expect(editor.page.get_by_role("button", name="批准生效")).to_have_count(0)

    leader.go("/policy")
    expect(leader.page.locator("#held")).to_contain_text("loan_days: 14")
    leader.follow("制度第 1 版")
    expect(leader.page.locator("#changes .gone")).to_have_text("-  loan_days: 14")
    leader.press("批准生效")
    expect(leader.page.locator("#in-force")).to_have_text("现行：第 1 版")
    expect(leader.page.locator("#versions")).to_contain_text("周档案")
    expect(leader.page.locator("#held")).to_contain_text("loan_days: 21")
