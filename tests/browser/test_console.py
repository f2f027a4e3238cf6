"""The console in a real Chromium, on a real archive: what a clerk, an archivist, a member of staff and an auditor meet."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.archive import RunningArchive
from tests.browser.conftest import Paper, Visitor

pytestmark = pytest.mark.browser

CENTRES = """
(shapes) => {
  const picture = document.getElementById("picture").getBoundingClientRect();
  return shapes.map((shape) => {
    const box = shape.getBoundingClientRect();
    const points = [...shape.points].map((point) => [point.x, point.y]);
    return {
      left: (box.left - picture.left) / picture.width, right: (box.right - picture.left) / picture.width,
      top: (box.top - picture.top) / picture.height, bottom: (box.bottom - picture.top) / picture.height,
      points,
    };
  });
}
"""


def open_item(page: Page, archive: RunningArchive, query: str, kind: str) -> None:
    page.goto(f"{archive.url}/search?q={query}&type={kind}")
    page.locator(".hit-link").first.click()
    expect(page.locator("#picture")).to_be_visible()
    expect(page.locator("#picture")).not_to_have_js_property("naturalWidth", 0)


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id || document.activeElement.className || document.activeElement.tagName"))


def test_without_a_session_only_the_sign_in_page_answers(visitor: Visitor) -> None:
    for path in ("/", "/search?q=张伟", "/audit", "/jobs", "/items/01a20f3c-0000-7000-8000-000000000000"):
        visitor.go(path)
        assert "/sign-in?next=" in visitor.page.url
    expect(visitor.page.locator("nav")).to_have_count(0)


def test_a_wrong_password_is_told_in_a_summary_that_has_the_focus(visitor: Visitor, archive: RunningArchive) -> None:
    visitor.forgiven = ("401", "422")
    page = visitor.page
    visitor.go("/sign-in?next=/search%3Fq%3D合同")
    page.fill("#name", archive.user("clerk").name)
    page.fill("#password", "not the password")
    page.click("main button")
    expect(page).to_have_title(re.compile("^错误："))
    summary = page.locator(".error-summary")
    expect(summary).to_contain_text("姓名或密码不对")
    expect(summary).to_be_focused()
    expect(page.locator("#name-error")).to_contain_text("姓名或密码不对")
    expect(page.locator("#name")).to_have_value(archive.user("clerk").name)
    page.click("main button")
    expect(summary).to_contain_text("请输入密码")
    page.fill("#password", archive.user("clerk").password)
    page.click("main button")
    expect(page.locator("#q")).to_have_value("合同")


def test_nobody_is_sent_to_another_site_after_signing_in(visitor: Visitor, archive: RunningArchive) -> None:
    for target in ("https://example.com/", "//example.com/", "/\\example.com"):
        visitor.sign_in("clerk", f"/sign-in?next={target}")
        expect(visitor.page).to_have_url(f"{archive.url}/")


def test_the_session_cookie_is_out_of_reach_and_dies_on_signing_out(visitor: Visitor) -> None:
    visitor.sign_in("clerk")
    cookie = next(each for each in visitor.page.context.cookies() if each["name"] == "muniment_session")
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Strict"
    visitor.page.get_by_role("button", name="退出").click()
    expect(visitor.page).to_have_url(re.compile("/sign-in$"))
    visitor.page.context.add_cookies([cookie])
    visitor.go("/")
    expect(visitor.page).to_have_url(re.compile("/sign-in"))


def test_files_are_handed_in_and_watched_until_they_are_read(visitor: Visitor, paper: Paper) -> None:
    visitor.sign_in("clerk")
    page = visitor.page
    page.fill("#title", "新收据")
    page.set_input_files("#files", [paper.fresh, paper.folder / "收据.png"])
    expect(page.locator("#count")).to_contain_text("共 2 个文件")
    page.click("#send")
    expect(page.locator("#uploads tbody tr").nth(0)).to_contain_text("已入库")
    expect(page.locator("#uploads tbody tr").nth(1)).to_contain_text("未重复保存")
    expect(page.locator("#reading-words")).to_have_text("全部读完，可以检索了", timeout=40_000)
    expect(page.locator("#recent")).to_contain_text("新收据")
    expect(page.locator("#recent .label-ok").first).to_have_text("已完成")
    page.click("#reading-link")
    expect(page.locator("#items tbody tr")).to_have_count(1)
    expect(page.locator("#items")).to_contain_text("收款收据")
    expect(page.locator("main")).to_contain_text("档案里已有相同的文件")


def test_dropped_files_are_queued(visitor: Visitor) -> None:
    visitor.sign_in("clerk")
    page = visitor.page
    expect(page.locator("#intake")).to_be_visible()
    transfer = page.evaluate_handle(
        """() => {
          const transfer = new DataTransfer();
          transfer.items.add(new File(["one"], "一.pdf"));
          transfer.items.add(new File(["two"], "二.pdf"));
          return transfer;
        }"""
    )
    page.dispatch_event("#drop", "drop", {"dataTransfer": transfer})
    expect(page.locator("#uploads tbody tr")).to_have_count(2)
    page.locator("#uploads .remove").first.click()
    expect(page.locator("#uploads tbody tr")).to_have_count(1)


def test_a_batch_tells_its_problems_in_words(visitor: Visitor, paper: Paper) -> None:
    visitor.sign_in("archivist")
    visitor.go(f"/batches/{paper.batch}")
    page = visitor.page
    expect(page.locator("h1 + .label")).to_have_text("有问题")
    first = page.locator(".problems li").first
    expect(first).to_contain_text("错误")
    expect(first).to_contain_text("文件不完整")
    expect(first).to_contain_text("坏.pdf")
    expect(page.locator("#items tbody tr")).to_have_count(2)


def test_a_search_marks_what_it_found(visitor: Visitor, paper: Paper) -> None:
    visitor.sign_in("archivist", "/sign-in?next=/search")
    page = visitor.page
    expect(page.locator("#hits")).to_have_count(0)
    page.fill("#q", "张伟")
    page.press("#q", "Enter")
    expect(page.locator("#total")).to_have_text("共 2 条")
    expect(page.locator("#hits mark").first).to_have_text("张伟")
    page.locator(".facet a", has_text="收款收据").click()
    expect(page).to_have_url(re.compile("type=payment_voucher"))
    expect(page.locator("#total")).to_have_text("共 1 条")
    page.locator(".chip").click()
    expect(page.locator("#total")).to_have_text("共 2 条")
    page.get_by_role("link", name="重置").click()
    expect(page.locator("#q")).to_have_value("")


def test_a_query_that_cannot_be_meant_is_explained(visitor: Visitor) -> None:
    visitor.forgiven = ("422",)
    visitor.sign_in("archivist")
    visitor.go("/search?q=(张伟&amount_min=abc")
    expect(visitor.page.locator(".error-summary")).to_be_focused()
    expect(visitor.page.locator("#amount_min-error")).to_contain_text("最低金额应为数字")
    visitor.go("/search?q=(张伟")
    expect(visitor.page.locator("#q-error")).to_have_text("检索式有误：有括号没有闭合。请补上 ) ，或用引号把文字括起来。")
    expect(visitor.page.locator("#q")).to_have_value("(张伟")


def test_the_boxes_lie_over_the_words(visitor: Visitor, archive: RunningArchive, paper: Paper) -> None:
    visitor.sign_in("archivist")
    page = visitor.page
    open_item(page, archive, "张伟", "payment_voucher")
    truth = paper.receipt.pages[1]
    left, top, right, bottom = truth.boxes[truth.lines.index("张伟")]
    for act in (None, "in", "out", "fit"):
        if act is not None:
            page.click(f"[data-do={act}]")
        found = page.locator(".hit-box").evaluate_all(CENTRES)
        # The reader's boxes are a little wider than the ink; the middle is what must be right.
        matching = [
            box
            for box in found
            if left < (box["left"] + box["right"]) / 2 < right and top < (box["top"] + box["bottom"]) / 2 < bottom
        ]
        assert len(matching) == 1, (act, found)
        assert matching[0]["right"] - matching[0]["left"] < 2.5 * (right - left)
    sizes = page.evaluate(
        """() => {
          const [picture, boxes] = [document.getElementById("picture"), document.getElementById("boxes")];
          const [a, b] = [picture.getBoundingClientRect(), boxes.getBoundingClientRect()];
          const apart = ["left", "top", "width", "height"].map((side) => Math.abs(a[side] - b[side]));
          const own = boxes.viewBox.baseVal;
          return [picture.naturalWidth, picture.naturalHeight, own.width, own.height, Math.max(...apart)];
        }"""
    )
    assert sizes[:2] == sizes[2:4], "the boxes are in the picture's own pixels"
    assert sizes[4] < 1, "the overlay covers the picture exactly"


def test_a_field_shows_where_it_was_read(visitor: Visitor, archive: RunningArchive, paper: Paper) -> None:
    visitor.sign_in("archivist")
    page = visitor.page
    open_item(page, archive, "张伟", "payment_voucher")
    page.locator(".field-link", has_text="张伟").first.click()
    expect(page.locator(".field-box.shown")).to_have_count(1)
    box = page.locator(".field-box.shown").evaluate_all(CENTRES)[0]
    left, top, right, bottom = paper.receipt.pages[1].boxes[paper.receipt.pages[1].lines.index("张伟")]
    assert left < (box["left"] + box["right"]) / 2 < right
    assert top < (box["top"] + box["bottom"]) / 2 < bottom
    page.keyboard.press("r")
    turned = page.locator("#sheet").evaluate(
        "sheet => [sheet.style.transform, sheet.getBoundingClientRect().width > sheet.offsetWidth]"
    )
    assert turned == ["rotate(90deg)", True]


def test_seals_stand_beside_the_page_and_show_where_they_are(visitor: Visitor, archive: RunningArchive, paper: Paper) -> None:
    visitor.sign_in("archivist")
    page = visitor.page
    open_item(page, archive, "张伟", "payment_voucher")
    seal = page.locator("#seals .field-link", has_text=paper.receipt.pages[1].stamps[1])
    expect(seal).to_have_count(1)
    seal.click()
    expect(page.locator(".seal-box.shown")).to_have_count(1)
    expect(page.locator("#seals li.shown")).to_contain_text("圆形章")


def test_pages_are_turned_and_other_hits_are_pointed_at(visitor: Visitor, archive: RunningArchive, paper: Paper) -> None:
    visitor.sign_in("archivist")
    page = visitor.page
    open_item(page, archive, "买受人", "sale_contract")
    assert page.locator(".pages a").count() > 1
    assert page.locator(".pages .has-hits").count() >= 1
    page.keyboard.press("j")
    expect(page.locator("#sheet")).to_have_attribute("data-page", "2")
    expect(page.locator("#find")).to_have_value("买受人")
    page.keyboard.press("k")
    expect(page.locator("#sheet")).to_have_attribute("data-page", "1")
    link = page.get_by_role("link", name="打开 PDF/A").get_attribute("href")
    answer = page.context.request.get(f"{archive.url}{link}")
    assert answer.ok
    assert answer.body().startswith(b"%PDF")


def test_staff_see_masks_and_no_picture(visitor: Visitor, archive: RunningArchive, paper: Paper) -> None:
    visitor.sign_in("staff")
    page = visitor.page
    expect(page).to_have_url(re.compile("/search$"))
    expect(page.locator("nav[aria-label=主导航] a")).to_have_text(["检索", "利用"])
    page.fill("#q", "张伟")
    page.press("#q", "Enter")
    expect(page.locator("#total")).to_have_text("共 2 条")
    assert "张伟" not in page.locator("#hits").inner_text()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.locator(".hit-link").first.click()
    expect(page.locator("#masked")).to_contain_text("未对您开放")
    expect(page.locator("#masked")).to_contain_text("申请")
    expect(page.locator("#picture")).to_have_count(0)
    expect(page.locator("#fields")).to_contain_text("张**")
    assert "张伟" not in page.locator("main").inner_text()
    assert not [url for url in asked if url.endswith(("/image", "/pdf", "/text"))]


def test_keys_work_and_are_silent_while_an_input_method_composes(visitor: Visitor, paper: Paper) -> None:
    visitor.sign_in("archivist")
    visitor.go("/search?q=张伟")
    page = visitor.page
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.locator(".hit-link").first).to_be_focused()
    composing = "options => document.body.dispatchEvent(new KeyboardEvent('keydown', { bubbles: true, ...options }))"
    page.evaluate(composing, {"key": "j", "isComposing": True})
    page.evaluate(composing, {"key": "/", "keyCode": 229})
    expect(page.locator(".hit-link").first).to_be_focused()
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("j")
    expect(page.locator("#q")).to_have_value("j")
    devtools = page.context.new_cdp_session(page)
    page.fill("#q", "")
    devtools.send("Input.imeSetComposition", {"text": "zhang", "selectionStart": 5, "selectionEnd": 5})
    for kind in ("rawKeyDown", "keyUp"):
        devtools.send("Input.dispatchKeyEvent", {"type": kind, "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 229})
    devtools.send("Input.insertText", {"text": "张"})
    expect(page.locator("#q")).to_have_value("张")
    expect(page.locator("#total")).to_have_text("共 2 条")
    assert page.url.endswith("q=%E5%BC%A0%E4%BC%9F"), "picking a candidate with Enter does not search"
    page.locator("#q").blur()
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.uncheck("#keys-on")
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.locator("#q")).not_to_be_focused()
    page.keyboard.press("j")
    page.reload()
    page.keyboard.press("/")
    expect(page.locator("#q")).not_to_be_focused()


def test_enter_opens_the_chosen_hit(visitor: Visitor, paper: Paper) -> None:
    visitor.sign_in("archivist")
    visitor.go("/search?q=张伟")
    visitor.page.keyboard.press("j")
    visitor.page.keyboard.press("Enter")
    expect(visitor.page).to_have_url(re.compile("/items/"))


def test_the_language_is_switched_and_kept(visitor: Visitor, paper: Paper) -> None:
    visitor.sign_in("archivist")
    visitor.go("/search?q=张伟")
    page = visitor.page
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("#total")).to_have_text("2 found")
    visitor.go(f"/batches/{paper.batch}")
    expect(page.locator(".problems")).to_contain_text("error")
    page.get_by_role("button", name="中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")


def test_the_auditor_reads_the_ledger_and_nothing_else(visitor: Visitor, paper: Paper) -> None:
    visitor.forgiven = ("403",)
    visitor.sign_in("auditor")
    page = visitor.page
    expect(page).to_have_url(re.compile("/audit$"))
    assert page.locator("#entries tbody tr").count() > 5
    page.select_option("#act", "file.receive")
    page.get_by_role("button", name="查询").click()
    expect(page.locator("#entries tbody tr").first).to_contain_text("收文件")
    with page.expect_download() as download:
        page.get_by_role("link", name="下载整本台账").click()
    assert download.value.path().read_bytes().count(b"\n") > 5
    visitor.go("/search?q=张伟")
    expect(page.locator("h1")).to_have_text("无法显示")


def test_the_administrator_sees_parked_jobs(visitor: Visitor) -> None:
    visitor.sign_in("admin")
    expect(visitor.page).to_have_url(re.compile("/jobs$"))
    expect(visitor.page.locator("main")).to_contain_text("没有搁置的任务")


@pytest.mark.parametrize("width", [1280, 390])
def test_every_page_fits_and_names_its_controls(visitor: Visitor, archive: RunningArchive, paper: Paper, width: int) -> None:
    visitor.page.set_viewport_size({"width": width, "height": 844})
    visitor.sign_in("archivist")
    with archive.client("archivist") as client:
        item = client.get(f"/api/v1/batches/{paper.batch}").json()["items"][0]["id"]
    for path in ("/", f"/batches/{paper.batch}", "/search?q=张伟&from=2020-01-01", f"/items/{item}?q=张伟", "/jobs"):
        visitor.go(path)
        page = visitor.page
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        assert page.locator("h1").count() == 1, path
        unnamed = page.evaluate(
            """() => [...document.querySelectorAll("input:not([type=hidden]), select, button, a")].filter((each) => {
              const label = each.getAttribute("aria-label") ?? each.labels?.[0]?.textContent ?? each.textContent;
              return label.trim() === "";
            }).map((each) => each.outerHTML)"""
        )
        assert unnamed == [], path
