"""Signing in at a provider that runs as a process of its own (oidc-provider-mock, on loopback)."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest
from sqlalchemy import select

from services.kernel.config import Settings
from services.kernel.identity import accounts
from services.kernel.identity.oidc.tables import SignInAttempt
from services.kernel.model import Role
from tests.archive import free_port
from tests.desk import PASSWORD, Desk, TestClient, created, ok

START_SECONDS = 60
BEGIN, BACK = "/api/v1/oidc/sign-in", "/api/v1/oidc/callback"


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port, log = free_port(), tmp_path_factory.mktemp("provider") / "log"
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce", "true"]
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
    url, deadline = f"http://127.0.0.1:{port}", time.monotonic() + START_SECONDS
    try:
        while True:
            try:
                httpx.get(f"{url}/.well-known/openid-configuration", trust_env=False).raise_for_status()
                break
            except httpx.HTTPError:
                assert process.poll() is None and time.monotonic() < deadline, log.read_text()
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait()


class Office:
    def __init__(self, desk: Desk, issuer: str) -> None:
        self.desk, self.issuer = desk, issuer
        self.admin = desk.client(Role.ADMIN)

    def person(self, name: str, role: Role = Role.STAFF) -> str:
        return str(created(self.admin.post("/api/v1/people", json={"name": name, "role": role, "password": PASSWORD}))["id"])

    def tie(self, person: str, subject: str):
        return self.admin.post(f"/api/v1/people/{person}/logins", json={"subject": subject})

    def sent(self, browser: TestClient, next: str = "/search") -> str:
        """The provider's address that the browser is sent to."""
        answer = browser.get(BEGIN, params={"next": next}, follow_redirects=False)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    def agreed(self, address: str, subject: str, **claims: str) -> dict[str, str]:
        """Signs in at the provider; what it sends back with the browser."""
        there = httpx.Client(trust_env=False)
        there.put(f"{self.issuer}/users/{quote(subject, safe='')}", json=claims).raise_for_status()
        answer = there.post(address, data={"sub": subject})
        assert answer.status_code == 302, answer.text
        query = parse_qs(urlsplit(answer.headers["location"]).query)
        return {name: values[0] for name, values in query.items()}

    def came_back(self, browser: TestClient, given: dict[str, str]) -> str:
        """Where the page that answers leads."""
        answer = browser.get(BACK, params=given, follow_redirects=False)
        assert answer.status_code == 200, answer.text
        return unescape(re.search(r'content="0;url=([^"]*)"', answer.text)[1])

    def signed_in(self, subject: str, **claims: str) -> tuple[TestClient, str]:
        browser = self.desk.client()
        return browser, self.came_back(browser, self.agreed(self.sent(browser), subject, **claims))


def with_provider(settings: Settings, issuer: str, **more: object) -> Settings:
    given = {
        "oidc_issuer": issuer,
        "oidc_client_id": "muniment",
        "oidc_client_secret": "s3cret",
        "public_url": "http://testserver",
        **more,
    }
    return Settings(**(settings.model_dump(exclude_unset=True) | given))


@pytest.fixture
def office(settings: Settings, catalogue_url: str, issuer: str) -> Iterator[Office]:
    desk = Desk(with_provider(settings.model_copy(update={"catalogue_url": catalogue_url}), issuer))
    yield Office(desk, issuer)
    desk.close()


def refusals(desk: Desk) -> int:
    return sum(json.loads(entry.data)["details"].get("by") == "oidc" for entry in desk.ledger("session.refuse"))


def test_who_is_tied_to_an_account_signs_in_and_has_the_roles_of_the_archive_alone(office):
    person = office.person("李娜")
    created(office.tie(person, "li-na"))
    browser, led = office.signed_in("li-na", role="admin", roles="admin", groups="admin")
    assert led == "/search"
    me = ok(browser.get("/api/v1/me"))
    assert (me["id"], me["roles"]) == (person, ["staff"]), "no claim gives a role"
    assert office.desk.ledger("session.open")[-1].actor == person
    flags = browser.cookies.jar
    assert {cookie.name for cookie in flags} == {"muniment_session"}
    assert all(cookie.has_nonstandard_attr("HttpOnly") for cookie in flags)


def test_whom_nobody_tied_gets_no_account_and_is_told_what_to_say(office):
    office.person("li-na")  # a name that is the same means nothing
    before = len(ok(office.admin.get("/api/v1/people"))["people"])
    browser, led = office.signed_in("li-na", name="li-na", email="li-na@example.test")
    assert led.startswith("/sign-in?") and parse_qs(urlsplit(led).query) == {"outside": ["stranger"], "subject": ["li-na"]}
    assert browser.get("/api/v1/me").status_code == 401
    assert "li-na" in browser.get(led).text and "尚未关联" in browser.get(led).text
    assert len(ok(office.admin.get("/api/v1/people"))["people"]) == before
    assert refusals(office.desk) == 1


def test_code_flow_with_pkce_state_and_nonce(office):
    browser = office.desk.client()
    query = {name: values[0] for name, values in parse_qs(urlsplit(office.sent(browser)).query).items()}
    with office.desk.kernel.database.read() as session:
        (attempt,) = session.scalars(select(SignInAttempt))
    challenge = base64.urlsafe_b64encode(hashlib.sha256(attempt.verifier.encode()).digest()).decode().rstrip("=")
    assert query["response_type"] == "code" and query["scope"] == "openid"
    assert (query["code_challenge"], query["code_challenge_method"]) == (challenge, "S256")
    assert (query["nonce"], query["client_id"]) == (attempt.nonce, "muniment")
    assert query["redirect_uri"] == "http://testserver/api/v1/oidc/callback"
    assert attempt.state_digest == accounts.digest(query["state"]), "the state itself is the browser's alone"


def test_a_way_back_counts_once_and_in_the_browser_that_began_it(office):
    created(office.tie(office.person("李娜"), "li-na"))
    browser, other = office.desk.client(), office.desk.client()
    given = office.agreed(office.sent(browser), "li-na")
    assert office.came_back(other, given) == "/sign-in?outside=unauthenticated", "another's browser: login CSRF"
    assert office.came_back(browser, given) == "/sign-in?outside=unauthenticated", "whoever tried it has used it up"
    given = office.agreed(office.sent(browser), "li-na")
    assert office.came_back(browser, given) == "/search"
    assert office.came_back(browser, given).startswith("/sign-in?")
    for forged in ({}, {"state": given["state"]}, given | {"state": "x"}, {"code": "x", "state": "x"}):
        assert office.came_back(office.desk.client(), forged).startswith("/sign-in?")


def test_a_code_that_the_provider_does_not_know_and_another_attempt_s_code_prove_nothing(office):
    created(office.tie(office.person("李娜"), "li-na"))
    browser = office.desk.client()
    given = office.agreed(office.sent(browser), "li-na")
    assert office.came_back(browser, given | {"code": "forged"}) == "/sign-in?outside=unauthenticated"
    stolen = office.agreed(office.sent(office.desk.client()), "li-na")["code"]
    given = office.agreed(office.sent(browser), "li-na")
    assert office.came_back(browser, given | {"code": stolen}) == "/sign-in?outside=unauthenticated", "its nonce is another's"
    assert browser.get("/api/v1/me").status_code == 401


def test_who_has_gone_and_a_service_account_do_not_come_in_by_the_other_door(office):
    person = office.person("李娜")
    created(office.tie(person, "li-na"))
    assert office.tie(person, "li-na").status_code == 409
    service = str(created(office.admin.post("/api/v1/people", json={"name": "扫描仪", "role": "service"}))["id"])
    created(office.tie(service, "scanner"))
    assert office.signed_in("scanner")[1] == "/sign-in?outside=stranger&subject="
    browser, _ = office.signed_in("li-na")
    assert office.admin.post(f"/api/v1/people/{person}/deactivation").status_code == 204
    assert browser.get("/api/v1/me").status_code == 401
    assert office.signed_in("li-na")[1] == "/sign-in?outside=stranger&subject="


def test_untied_the_sessions_end(office):
    person = office.person("李娜")
    login = created(office.tie(person, "li-na"))["id"]
    browser, _ = office.signed_in("li-na")
    assert ok(browser.get("/api/v1/me/credentials"))["credentials"][0]["name"] == "oidc"
    other = office.person("王芳")
    assert office.admin.delete(f"/api/v1/people/{other}/logins/{login}").status_code == 404
    assert office.admin.delete(f"/api/v1/people/{person}/logins/{login}").status_code == 204
    assert browser.get("/api/v1/me").status_code == 401
    me = office.admin.get("/api/v1/me").json()["id"]
    assert office.tie(me, "admin").status_code == 403


def test_who_signs_out_here_is_led_to_sign_out_there_and_back(office, issuer):
    created(office.tie(office.person("李娜"), "li-na"))
    browser, _ = office.signed_in("li-na")
    browser.headers["Origin"] = "http://testserver"
    page = browser.post("/sign-out")
    assert page.status_code == 200 and browser.get("/api/v1/me").status_code == 401
    (there,) = {unescape(found) for found in re.findall(r'href="(http[^"]*)"', page.text)}
    assert there.startswith(f"{issuer}/oauth2/end_session?") and f"0;url={there}" in unescape(page.text)
    asked = httpx.get(there, trust_env=False)
    assert asked.status_code == 200 and "http://testserver/sign-in" in asked.text, (
        "the provider takes it, and knows the way back"
    )
    local = office.desk.client()
    office.person("王芳")
    local.headers["Origin"] = "http://testserver"
    local.post("/sign-in", data={"name": "王芳", "password": PASSWORD})
    assert local.post("/sign-out", follow_redirects=False).headers["location"] == "/sign-in", "who came by password is not"


def test_nobody_is_led_to_another_site(office):
    created(office.tie(office.person("李娜"), "li-na"))
    for place in ("//evil.test", "https://evil.test", "/\\evil.test", "javascript:alert(1)"):
        browser = office.desk.client()
        assert office.came_back(browser, office.agreed(office.sent(browser, place), "li-na")) == "/"


def test_by_a_claim_that_the_settings_name(settings, catalogue_url, issuer):
    given = with_provider(settings.model_copy(update={"catalogue_url": catalogue_url}), issuer, oidc_claim="employee")
    office = Office(Desk(given), issuer)
    person = office.person("李娜")
    created(office.tie(person, "E-17"))
    browser, led = office.signed_in("whatever", employee="E-17")
    assert led == "/search" and ok(browser.get("/api/v1/me"))["id"] == person
    assert office.signed_in("E-17")[1] == "/sign-in?outside=unauthenticated", "without the claim nobody is anybody"
    office.desk.close()


def test_a_provider_that_is_away_keeps_nobody_from_the_password(settings, catalogue_url):
    nobody = f"http://127.0.0.1:{free_port()}"
    desk = Desk(with_provider(settings.model_copy(update={"catalogue_url": catalogue_url}), nobody))
    Office(desk, nobody).person("李娜")
    assert desk.client().get(BEGIN).status_code == 503
    assert 'id="outside"' in desk.client().get("/sign-in").text
    answer = desk.client().post("/api/v1/sessions", json={"name": "李娜", "password": PASSWORD})
    assert answer.status_code == 201
    desk.close()


def test_without_a_provider_there_is_no_such_door(desk):
    assert desk.client().get("/api/v1/oidc").json() == {"configured": False, "name": None}
    assert desk.client().get(BEGIN).status_code == 404
    assert 'id="outside"' not in desk.client().get("/sign-in").text


@pytest.mark.parametrize(
    "wrong",
    [
        {"oidc_issuer": "http://provider.example"},
        {"oidc_issuer": "https://provider.example", "oidc_client_id": "muniment"},
        {"oidc_issuer": "https://provider.example", "public_url": "https://archive.example"},
    ],
)
def test_half_a_provider_is_refused(tmp_path: Path, wrong):
    with pytest.raises(ValueError, match="oidc"):
        Settings(data=tmp_path / "data", **wrong)
