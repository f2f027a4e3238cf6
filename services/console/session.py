"""Signing in and out, and the language."""

from __future__ import annotations

from typing import Annotated

import httpx
from fastapi import Form, Request, Response

from services.console import words
from services.console.api import Refusal
from services.console.route import page_router
from services.console.visit import Visit, local, see_other

router = page_router()
Field = Annotated[str, Form(max_length=2000)]
YEAR = 365 * 24 * 3600


@router.get("/sign-in")
async def sign_in_page(request: Request, next: str = "/") -> Response:
    """The one page that needs no session."""
    return Visit(request).page("sign-in.html", name="", next=local(next))


@router.post("/sign-in")
async def sign_in(request: Request, name: Field = "", password: Field = "", next: Field = "/") -> Response:
    """Opens a session through the API and passes its cookie on as it is."""
    visit = Visit(request)
    missing = [field for field, value in (("name", name.strip()), ("password", password)) if not value]
    if missing:
        return _again(visit, name, next, 422, [(field, visit.words(f"sign-in.no-{field}")) for field in missing])
    try:
        answer = await visit.api.send("POST", "/api/v1/sessions", json={"name": name, "password": password})
    except Refusal as refusal:
        wrong = refusal.status == httpx.codes.UNAUTHORIZED
        text = visit.words("sign-in.wrong") if wrong else visit.explain(refusal)
        return _again(visit, name, next, refusal.status, [("name", text)])
    return _with_cookies(see_other(local(next)), answer)


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    try:
        answer = await Visit(request).api.send("DELETE", "/api/v1/sessions/current")
    except Refusal as refusal:
        if refusal.status != httpx.codes.UNAUTHORIZED:
            raise
        return see_other("/sign-in")
    return _with_cookies(see_other("/sign-in"), answer)


@router.post("/language")
async def language(language: Field = "", next: Field = "/") -> Response:
    """Keeps the choice in a cookie."""
    response = see_other(local(next))
    if language in words.LANGUAGES:
        response.set_cookie(words.COOKIE, language, max_age=YEAR, httponly=True, samesite="lax")
    return response


def _again(visit: Visit, name: str, next: str, status: int, errors: list[tuple[str, str]]) -> Response:
    return visit.page("sign-in.html", status=status, name=name, next=local(next), errors=errors)


def _with_cookies(response: Response, answer: httpx.Response) -> Response:
    for cookie in answer.headers.get_list("set-cookie"):
        response.headers.append("set-cookie", cookie)
    return response
