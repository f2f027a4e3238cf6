"""The console before a stand-in of the API: whose session goes where, and what a page makes of a refusal."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient

from services.console import pages


@pytest.fixture
def app() -> FastAPI:
    """A public API of two routes that tells back what it was sent, with the console mounted over it."""
    app = FastAPI()
    app.state.seen = []

    @app.post("/api/v1/sessions", status_code=201)
    async def sign_in(request: Request, response: Response) -> dict[str, str]:
        app.state.seen.append(dict(request.headers))
        name = (await request.json())["name"]
        response.headers["set-cookie"] = f"muniment_session={name}; HttpOnly; Max-Age=60; Path=/; SameSite=strict"
        return {}

    @app.get("/api/v1/me")
    def me(request: Request) -> Response:
        app.state.seen.append(dict(request.headers))
        if name := request.cookies.get("muniment_session"):
            return JSONResponse({"id": name, "name": name, "roles": ["witness"], "rights": ["self"], "department": None})
        return JSONResponse({"type": "urn:muniment:problem:unauthenticated", "detail": "Sign in."}, 401)

    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    pages.mount(app, httpx.AsyncClient(transport=transport, base_url="http://archive"))
    return app


@pytest.fixture
def browser(app: FastAPI) -> TestClient:
    return TestClient(app, base_url="http://console.test", follow_redirects=False)


def signed_in(app: FastAPI, name: str) -> TestClient:
    client = TestClient(app, base_url="http://console.test", follow_redirects=False)
    answer = client.post("/sign-in", data={"name": name, "password": "x"}, headers={"Origin": "http://console.test"})
    assert answer.status_code == 303
    return client


def test_one_persons_session_is_never_used_for_another(app: FastAPI, browser: TestClient) -> None:
    first, second = signed_in(app, "amy"), signed_in(app, "bob")
    assert "amy" in first.get("/").text
    assert "bob" in second.get("/").text
    assert "bob" not in first.get("/").text
    assert browser.get("/").headers["location"] == "/sign-in?next=%2F"


def test_the_session_cookie_is_passed_on_with_its_flags(browser: TestClient) -> None:
    answer = browser.post("/sign-in", data={"name": "amy", "password": "x", "next": "/search?q=a"})
    assert answer.headers["location"] == "/search?q=a"
    assert answer.headers["set-cookie"] == "muniment_session=amy; HttpOnly; Max-Age=60; Path=/; SameSite=strict"


def test_the_api_learns_where_a_request_came_from(app: FastAPI, browser: TestClient) -> None:
    sent = {"Origin": "http://evil.test", "Sec-Fetch-Site": "cross-site"}
    browser.post("/sign-in", data={"name": "amy", "password": "x"}, headers=sent)
    assert app.state.seen[-1]["origin"] == "http://evil.test"
    assert app.state.seen[-1]["sec-fetch-site"] == "cross-site"
    assert app.state.seen[-1]["host"] == "console.test"


def test_a_route_that_the_api_does_not_know_is_a_page_not_a_trace(app: FastAPI) -> None:
    answer = signed_in(app, "amy").get("/jobs")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")


def test_an_address_that_cannot_be_is_not_found(app: FastAPI) -> None:
    answer = signed_in(app, "amy").get("/items/not-an-id")
    assert answer.status_code == 404
    assert "没有这个页面" in answer.text


def test_an_api_that_does_not_answer_is_told_in_words() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route")

    app = FastAPI()
    pages.mount(app, httpx.AsyncClient(transport=httpx.MockTransport(refuse), base_url="http://archive"))
    answer = TestClient(app).get("/search")
    assert answer.status_code == 503
    assert "暂时没有响应" in answer.text


def test_assets_are_kept_for_good_under_their_own_version(app: FastAPI, browser: TestClient) -> None:
    digest = app.state.console.assets.digest
    assert "immutable" in browser.get(f"/assets/{digest}/console.css").headers["cache-control"]
    assert browser.get("/assets/older/console.css").headers["cache-control"] == "no-cache"
    assert browser.get(f"/assets/{digest}/pages.py").status_code == 404


def test_pages_with_personal_data_are_not_kept(app: FastAPI) -> None:
    assert signed_in(app, "amy").get("/").headers["cache-control"] == "private, no-store"


def test_an_unknown_language_changes_nothing(browser: TestClient) -> None:
    assert "set-cookie" not in browser.post("/language", data={"language": "xx"}).headers
    assert browser.post("/language", data={"language": "en", "next": "//evil.test"}).headers["location"] == "/"
