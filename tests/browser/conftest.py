"""One archive with some paper in it and one Chromium, for the tests of intake, search and reading; and a house of its own for
each walk through the other rooms, with typed paper and nobody who reads in the background.

``MUNIMENT_TEST_PICTURES=FOLDER`` keeps a picture of each page that a walk looks at, wide and narrow, to be looked at."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

import samples
from samples import Truth
from services.kernel.config import Settings
from services.kernel.identity import accounts, credentials
from services.kernel.identity.credentials import Whence
from services.kernel.model import Role
from tests.archive import RunningArchive
from tests.desk import PASSWORD, Desk, TestClient
from tests.functional.test_ledger_whence import served

expect.set_options(timeout=60_000)  # a machine may be busy with other tests
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-quic", "--no-first-run",
)  # fmt: skip
REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`violates ${event.effectiveDirective}: ${event.blockedURI}`);
});
"""


@dataclass
class Visitor:
    """A browser window of one person, watched: errors in its console and requests that leave this machine fail the test."""

    archive: RunningArchive | House
    page: Page
    errors: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    forgiven: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.page.add_init_script(REPORT_VIOLATIONS)
        self.page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._note)

    def _note(self, request: Any) -> None:
        if urlsplit(request.url).hostname not in ("127.0.0.1", None):
            self.strangers.append(request.url)

    def go(self, path: str) -> None:
        self.page.goto(self.archive.url + path)

    def sign_in(self, role: str, path: str = "/sign-in") -> None:
        assert isinstance(self.archive, RunningArchive)
        account = self.archive.user(role)
        self.go(path)
        self.page.fill("#name", account.name)
        self.page.fill("#password", account.password)
        self.page.click("main button")

    @property
    def complaints(self) -> list[str]:
        """Errors of the console but for those that the test provoked."""
        return [error for error in self.errors if not any(part in error for part in self.forgiven)]


TOO_WIDE = """
() => document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll("body *")]
  .filter((each) => each.getBoundingClientRect().right > innerWidth + 1).map((each) => each.outerHTML.slice(0, 150))
"""
UNNAMED = """
() => [...document.querySelectorAll("input:not([type=hidden]), select, textarea, button, a")].filter((each) => {
  const label = each.getAttribute("aria-label") ?? each.labels?.[0]?.textContent ?? each.textContent;
  return label.trim() === "";
}).map((each) => each.outerHTML)
"""
PICTURES = os.environ.get("MUNIMENT_TEST_PICTURES")
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


class Walker(Visitor):
    """Somebody who has signed in, in a window of their own; ``api``: the same person as a script."""

    api: TestClient
    id: str

    def go(self, path: str) -> None:
        """Every page fits a telephone too, has one heading, and names its controls."""
        super().go(path)
        self.look()

    def look(self) -> None:
        page = self.page
        expect(page.locator("h1"), page.url).to_have_count(1)
        assert page.evaluate(UNNAMED) == [], page.url
        for size in (NARROW, WIDE):
            page.set_viewport_size(size)
            assert page.evaluate(TOO_WIDE) == [], (page.url, size)
        if PICTURES:
            self._keep(PICTURES)

    def follow(self, name: str) -> None:
        """By a link of this name, to a page that is looked at."""
        with self.page.expect_navigation():  # else it is the page before that is looked at
            self.page.get_by_role("link", name=name, exact=True).first.click()
        self.look()

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).first.click()

    def _keep(self, folder: str) -> None:
        where = urlsplit(self.page.url)
        name = f"{where.path.strip('/')}-{where.query}"[:60].replace("/", "-").replace("?", "-").replace("=", "-")
        page = self.page
        page.screenshot(path=f"{folder}/{name}-zh.png", full_page=True)
        page.set_viewport_size(NARROW)
        page.screenshot(path=f"{folder}/{name}-narrow.png", full_page=True)
        page.set_viewport_size(WIDE)


class House:
    """An archive of this process behind a socket; whoever is in it has a window of their own."""

    def __init__(self, desk: Desk, url: str, browser: Browser) -> None:
        self.desk, self.url, self._browser = desk, url, browser
        self.walkers: list[Walker] = []

    def at(self, role: Role, name: str, department: str | None = None) -> Walker:
        """A new person of that role, at a browser. How one signs in is tried elsewhere."""
        with self.desk.kernel.database.write() as session:
            person = accounts.add_person(session, name, role, department=department, password=PASSWORD)
            token = accounts.issue_token(session, person)
            secret = credentials.open_session(session, person, Whence(), hours=1, idle_minutes=None)
        context = self._browser.new_context(viewport=WIDE, locale="zh-CN", accept_downloads=True)
        context.set_default_timeout(240_000)  # a machine that is busy with other tests
        context.add_cookies([{"name": "muniment_session", "value": secret, "url": self.url, "sameSite": "Strict"}])
        walker = Walker(self, context.new_page())
        headers = {"Authorization": f"Bearer {token}"}
        walker.api, walker.id = TestClient(self.desk.app, headers=headers, raise_server_exceptions=False), person.id
        self.walkers.append(walker)
        return walker

    def close(self) -> None:
        for each in self.walkers:
            each.page.context.close()


@dataclass(frozen=True)
class Paper:
    """What lies in the archive: the batch, the receipt's truth, and a receipt that is not delivered yet."""

    batch: str
    receipt: Truth
    fresh: Path
    folder: Path


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningArchive]:
    with RunningArchive(tmp_path_factory.mktemp("console") / "data") as running:
        yield running


@pytest.fixture(scope="session")
def paper(archive: RunningArchive, tmp_path_factory: pytest.TempPathFactory) -> Paper:
    """A receipt and a contract of 张伟, and a broken file, delivered by the archivist and read."""
    folder = tmp_path_factory.mktemp("paper")
    receipt = samples.write(samples.make("payment_voucher", seed=11, name="张伟"), folder / "收据.png", "png", dpi=200)
    samples.write(samples.make("sale_contract", seed=11, name="张伟"), folder / "合同.pdf", "pdf", dpi=150)
    (folder / "坏.pdf").write_bytes(b"%PDF-1.7\n")
    samples.write(samples.make("payment_voucher", seed=12, name="李娜"), folder / "新.png", "png", dpi=150)
    with archive.client("archivist") as client:
        batch = archive.deliver(client, [folder / name for name in ("收据.png", "合同.pdf", "坏.pdf")], "签约文件")
        archive.wait(client, batch)
    return Paper(batch, receipt, folder / "新.png", folder)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Ends with each file: while it runs, Playwright holds the main thread's event loop, and no other test could run one."""
    chromium = shutil.which("chromium")
    assert chromium is not None, "the browser tests drive Debian's chromium; install it with: apt-get install chromium"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=list(QUIET))
        yield running
        running.close()


@pytest.fixture
def window(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="zh-CN")
    context.set_default_timeout(15_000)
    yield context
    context.close()


@pytest.fixture
def visitor(archive: RunningArchive, window: BrowserContext) -> Iterator[Visitor]:
    watched = Visitor(archive, window.new_page())
    yield watched
    assert watched.complaints == []
    assert watched.strangers == []


@pytest.fixture
def house(settings: Settings, empty_catalogue: Path, browser: Browser) -> Iterator[House]:
    settings.data.mkdir(parents=True)
    shutil.copy(empty_catalogue, settings.data / "catalogue.db")
    with ExitStack() as stack:
        desk = Desk(settings)
        stack.callback(desk.close)
        house = House(desk, stack.enter_context(served(desk, "")), browser)
        stack.callback(house.close)
        yield house
        for each in house.walkers:
            assert each.complaints == []
            assert each.strangers == []
