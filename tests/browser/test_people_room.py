"""People in a real Chromium: accounts, roles, tokens and two accounts that are one person's; and everybody's own account."""

from __future__ import annotations

import re

import pyotp
import pytest
from playwright.sync_api import expect

from services.kernel.model import Role
from tests.browser.conftest import House
from tests.desk import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800)]


def test_the_administrator_adds_moves_and_joins(house: House) -> None:
    admin, old = house.at(Role.ADMIN, "管理员甲"), house.at(Role.STAFF, "李娜旧")
    admin.go("/people")
    admin.page.fill("#department-name", "营销部")
    admin.press("添加部门")
    admin.page.fill("#name", "李娜")
    admin.page.select_option("#role", "department_head")
    admin.page.fill("#department", "营销部")
    admin.page.fill("#password", PASSWORD)
    admin.press("添加人员")
    expect(admin.page.locator("h1")).to_have_text("李娜")
    admin.look()
    admin.press("发放令牌")
    expect(admin.page.locator("#token")).to_have_text(re.compile("^mnt_"))
    admin.page.fill("#join-name", "李娜旧")
    admin.press("认定为同一人")
    expect(admin.page.locator("#joined")).to_contain_text("没有经手过须分开的环节")
    expect(admin.page.get_by_role("link", name="李娜旧")).to_be_visible()
    admin.look()
    admin.forgiven = ("403", "409")
    admin.page.locator("section form select#role").select_option("auditor")
    admin.press("授予角色")
    expect(admin.page.locator("main")).to_contain_text("职责须分开")
    assert old.api.get("/api/v1/me").json()["roles"] == ["staff"], "each account keeps its own roles"
    admin.go("/people?name=李娜")
    expect(admin.page.locator("tbody tr")).to_have_count(2)


def test_a_second_factor_is_enrolled_and_a_password_changed(house: House) -> None:
    someone = house.at(Role.STAFF, "王芳")
    someone.go("/me")
    someone.page.locator("#password").fill(PASSWORD)
    someone.press("启用")
    expect(someone.page.locator("img.qr")).to_be_visible()
    someone.look()
    uri = str(someone.page.locator("details code").text_content())
    someone.page.fill("#code", pyotp.parse_uri(uri).now())
    someone.press("完成")
    expect(someone.page.locator(".codes li")).to_have_count(10)
    someone.follow("已保存好")
    expect(someone.page.locator("main")).to_contain_text("还有 10 个恢复码可用")
    someone.forgiven = ("422",)
    for name, text in (("current", PASSWORD), ("new", "password1234"), ("again", "password1234")):
        someone.page.fill(f"#{name}", text)
    someone.press("修改")
    expect(someone.page.locator(".error-summary")).to_contain_text("太容易猜到")
