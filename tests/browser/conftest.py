"""One archive with some paper in it and one Chromium, for all tests of the console."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

import samples
from samples import Truth
from tests.archive import RunningArchive

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

    archive: RunningArchive
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
        account = self.archive.user(role)
        self.go(path)
        self.page.fill("#name", account.name)
        self.page.fill("#password", account.password)
        self.page.click("main button")

    @property
    def complaints(self) -> list[str]:
        """Errors of the console but for those that the test provoked."""
        return [error for error in self.errors if not any(part in error for part in self.forgiven)]


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
