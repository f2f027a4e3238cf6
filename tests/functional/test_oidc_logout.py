"""A provider that says who has signed out there (Back-Channel Logout 1.0): the sessions that it opened here end. The one of
``test_oidc`` never says so, so this one is of our own: as little of one as it takes, on a real socket."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from tests.desk import PASSWORD, Desk, TestClient, created
from tests.functional.test_oidc import BACK, BEGIN, Office, with_provider

EVENT = "http://schemas.openid.net/event/backchannel-logout"
LOGOUT = "/api/v1/oidc/logout"


class Speaking(ThreadingHTTPServer):
    """Vouches for ``claims`` to whoever brings a code."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.key = RSAKey.generate_key(2048, parameters={"kid": "1"}, auto_kid=False)
        self.claims: dict[str, Any] = {}

    def signed(self, **claims: Any) -> str:
        told = {"iss": self.url, "aud": "muniment", "iat": int(time.time()), "exp": int(time.time()) + 60} | claims
        return jwt.encode({"alg": "RS256", "kid": "1"}, {k: v for k, v in told.items() if v is not None}, self.key)


class Answers(BaseHTTPRequestHandler):
    server: Speaking

    def do_GET(self) -> None:
        if self.path == "/keys":
            return self._say(KeySet([self.server.key]).as_dict())
        ends = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        places = zip(ends, ("authorize", "token", "keys"), strict=True)
        return self._say({"issuer": self.server.url} | {end: f"{self.server.url}/{place}" for end, place in places})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self._say({"access_token": "a", "token_type": "Bearer", "id_token": self.server.signed(**self.server.claims)})

    def _say(self, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def provider() -> Iterator[Speaking]:
    server = Speaking()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(params=["sub", "employee"])
def office(request, settings, catalogue_url, provider) -> Iterator[Office]:
    """By ``sub`` itself, and by a claim that logout tokens do not have."""
    given = settings.model_copy(update={"catalogue_url": catalogue_url})
    desk = Desk(with_provider(given, provider.url, oidc_claim=request.param))
    yield Office(desk, provider.url)
    desk.close()


def signed_in(office: Office, provider: Speaking, sub: str) -> TestClient:
    browser = office.desk.client()
    sent = browser.get(BEGIN, follow_redirects=False).headers["location"]
    query = {name: values[0] for name, values in parse_qs(urlsplit(sent).query).items()}
    provider.claims = {"sub": sub, "employee": f"{sub}@house" if office.desk.settings.oidc_claim != "sub" else None}
    provider.claims["nonce"] = query["nonce"]
    assert browser.get(BACK, params={"code": "c", "state": query["state"]}).status_code == 200
    assert browser.get("/api/v1/me").status_code == 200
    return browser


def someone(office: Office, name: str, sub: str) -> None:
    subject = sub if office.desk.settings.oidc_claim == "sub" else f"{sub}@house"
    created(office.tie(office.person(name), subject))


def says(office: Office, token: str) -> int:
    return int(office.desk.client().post(LOGOUT, data={"logout_token": token}).status_code)


def test_the_sessions_that_the_provider_opened_end_and_no_others(office, provider):
    someone(office, "李娜", "li-na")
    someone(office, "王芳", "wang-fang")
    first, second = signed_in(office, provider, "li-na"), signed_in(office, provider, "li-na")
    other, local = signed_in(office, provider, "wang-fang"), office.desk.client()
    assert local.post("/api/v1/sessions", json={"name": "李娜", "password": PASSWORD}).status_code == 201
    assert says(office, provider.signed(sub="li-na", events={EVENT: {}}, jti="1")) == 200
    assert [each.get("/api/v1/me").status_code for each in (first, second, other, local)] == [401, 401, 200, 200]
    entry = json.loads(office.desk.ledger("credentials.revoke")[-1].data)
    assert entry["details"]["count"] == 2
    assert says(office, provider.signed(sub="nobody", events={EVENT: {}}, jti="2")) == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"events": {}},
        {"events": {EVENT: {}}, "nonce": "n"},
        {"events": {EVENT: {}}, "aud": "another"},
        {"events": {EVENT: {}}, "iss": "https://elsewhere.test"},
        {"events": {EVENT: {}}, "sub": None},
        {"events": {EVENT: {}}, "iat": 1_600_000_000},
        {"events": {EVENT: {}}, "iat": None},
    ],
)
def test_a_token_that_proves_nothing_ends_nothing(office, provider, wrong):
    someone(office, "李娜", "li-na")
    browser = signed_in(office, provider, "li-na")
    assert says(office, provider.signed(**({"sub": "li-na"} | wrong))) == 401
    assert browser.get("/api/v1/me").status_code == 200


def test_a_forged_signature_and_an_id_token_end_nothing(office, provider):
    someone(office, "李娜", "li-na")
    browser = signed_in(office, provider, "li-na")
    good = provider.signed(sub="li-na", events={EVENT: {}})
    stranger = RSAKey.generate_key(2048, parameters={"kid": "1"}, auto_kid=False)
    forged = jwt.encode({"alg": "RS256", "kid": "1"}, {"iss": provider.url, "sub": "li-na"}, stranger)
    for token in (forged, good[:-6] + "AAAAAA", provider.signed(**provider.claims), "", "x.y.z"):
        assert says(office, token) in (401, 422)
    assert browser.get("/api/v1/me").status_code == 200


def test_without_a_provider_nobody_listens(desk):
    assert desk.client().post(LOGOUT, data={"logout_token": "x"}).status_code == 404
