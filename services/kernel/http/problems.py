"""Every error as a problem document (RFC 9457). ``detail`` tells what to do next; ``request_id`` finds it in the logs."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from services.kernel.errors import MunimentError, TooMany, Unavailable, where

log = structlog.get_logger("http")
NEXT_STEP = {
    404: "There is nothing at this address. The routes are listed at /openapi.json.",
    405: "This address does not take that method. The routes are listed at /openapi.json.",
}


def install(app: FastAPI) -> None:
    app.add_exception_handler(MunimentError, business)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(OperationalError, _catalogue)
    app.add_exception_handler(PoolTimeout, _catalogue)


def problem(request: Request, status: int, code: str, title: str, detail: str, **more: Any) -> JSONResponse:
    body = {
        "type": f"urn:muniment:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "request_id": request_id(request),
        **more,
    }
    headers = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else None
    return JSONResponse(body, status, headers, "application/problem+json")


def request_id(request: Request) -> str:
    return str(request.scope.get("state", {}).get("request_id", ""))


async def business(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, MunimentError)
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("failed", code=error.code, detail=error.detail)
    response = problem(request, error.status, error.code, error.title, error.detail)
    if isinstance(error, TooMany) and error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


async def _validation(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    # The rejected input is not repeated: it may be personal.
    errors = [{"where": ".".join(map(str, each["loc"])), "message": each["msg"]} for each in error.errors()]
    detail = "; ".join(f"{each['where']}: {each['message']}" for each in errors) or "The request is malformed."
    return problem(request, 422, "invalid", "The request cannot be understood", detail, errors=errors)


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    phrase = HTTPStatus(error.status_code).phrase
    code = phrase.lower().replace(" ", "-")
    if error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:  # a library's text; it may name paths
        log.error("failed", code=code)
        return _internal(request, error.status_code, code, phrase)
    detail = NEXT_STEP.get(error.status_code) or str(error.detail)
    response = problem(request, error.status_code, code, phrase, detail)
    response.headers.update(error.headers or {})
    return response


async def _catalogue(request: Request, error: Exception) -> JSONResponse:
    log.error("catalogue-unreachable", error=type(error).__name__)
    refusal = Unavailable("The catalogue does not answer. Nothing was changed; try again in a moment.")
    return problem(request, refusal.status, refusal.code, refusal.title, refusal.detail)


def unforeseen(request: Request, error: Exception) -> JSONResponse:
    """The answer to an error of the program; its text may hold anything, so only its kind and place are logged."""
    log.error("unforeseen", error=type(error).__name__, at=where(error))
    return _internal(request, 500, "internal", "Internal error")


def _internal(request: Request, status: int, code: str, title: str) -> JSONResponse:
    detail = "Something went wrong here. Try again; if it stays, give the request id to the administrator."
    return problem(request, status, code, title, detail)
