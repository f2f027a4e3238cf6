"""Signing in and out, and the language."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote, urlencode

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
    visit, given = Visit(request), request.query_params
    errors = [("name", visit.words.name("outside", given["outside"]))] if given.get("outside") else []
    return await _sign_in(visit, "", next, errors, stranger=given.get("subject", ""))


@router.post("/sign-in")
async def sign_in(request: Request, name: Field = "", password: Field = "", next: Field = "/") -> Response:
    """Opens a session through the API and passes its cookie on as it is."""
    visit = Visit(request)
    missing = [field for field, value in (("name", name.strip()), ("password", password)) if not value]
    if missing:
        return await _sign_in(
            visit, name, next, status=422, errors=[(field, visit.words(f"sign-in.no-{field}")) for field in missing]
        )
    try:
        answer = await visit.api.send("POST", "/api/v1/sessions", json={"name": name, "password": password})
    except Refusal as refusal:
        wrong = refusal.status == httpx.codes.UNAUTHORIZED
        text = visit.words("sign-in.wrong") if wrong else visit.explain(refusal)
        return await _sign_in(visit, name, next, [("name", text)], status=refusal.status)
    if answer.status_code == httpx.codes.ACCEPTED:
        return _with_cookies(see_other(f"/sign-in/code?next={quote(local(next), safe='')}"), answer)
    return _with_cookies(see_other(local(next)), answer)


@router.get("/sign-in/code")
async def code_page(request: Request, next: str = "/") -> Response:
    """Asks for the second factor, once the password was right."""
    return Visit(request).page("sign-in-code.html", next=local(next))


@router.post("/sign-in/code")
async def code(request: Request, code: Field = "", next: Field = "/") -> Response:
    visit = Visit(request)
    try:
        answer = await visit.api.send("POST", "/api/v1/sessions/second-factor", json={"code": code})
    except Refusal as refusal:
        if refusal.code == "unauthenticated":  # too long ago: from the beginning
            return see_other(f"/sign-in?next={quote(local(next), safe='')}")
        errors = [("code", visit.explain(refusal))]
        return visit.page("sign-in-code.html", status=refusal.status, next=local(next), errors=errors)
    return _with_cookies(see_other(local(next)), answer)


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """Whoever came by a provider is led there, to sign out of it too. By a page: a form of ours leads to no other site."""
    visit = Visit(request)
    try:
        answer = await visit.api.send("DELETE", "/api/v1/sessions/current")
    except Refusal as refusal:
        if refusal.status != httpx.codes.UNAUTHORIZED:
            raise
        return see_other("/sign-in")
    if there := answer.headers.get("muniment-leave"):
        return _with_cookies(visit.page("signed-out.html", there=there), answer)
    return _with_cookies(see_other("/sign-in"), answer)


@router.post("/language")
async def language(language: Field = "", next: Field = "/") -> Response:
    """Keeps the choice in a cookie."""
    response = see_other(local(next))
    if language in words.LANGUAGES:
        response.set_cookie(words.COOKIE, language, max_age=YEAR, httponly=True, samesite="lax")
    return response


async def _sign_in(
    visit: Visit, name: str, next: str, errors: list[tuple[str, str]], *, status: int = 200, stranger: str = ""
) -> Response:
    try:
        outside = await visit.api.get("/api/v1/oidc")
    except (Refusal, httpx.TransportError, ValueError):  # the page does without
        outside = {}
    there = f"/api/v1/oidc/sign-in?{urlencode({'next': local(next)})}" if outside.get("configured") else None
    page = {"name": name, "next": local(next), "errors": errors, "outside": there, "outside_name": outside.get("name")}
    return visit.page("sign-in.html", status=status, stranger=stranger, **page)


def _with_cookies(response: Response, answer: httpx.Response) -> Response:
    for cookie in answer.headers.get_list("set-cookie"):
        response.headers.append("set-cookie", cookie)
    return response
