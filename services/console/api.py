"""The archive's public HTTP API, called in the name of the person before the browser and with no rights of its own."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import httpx
from fastapi import Request

FORWARDED = ("Host", "Cookie", "Origin", "Sec-Fetch-Site", "User-Agent")
"""The session, what the API needs to refuse requests that come from other sites, and what people know their browser by."""


class Refusal(Exception):
    """The API answered with a problem (RFC 9457). ``fields`` names the inputs at fault, where it told them."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(f"{status} {problem.get('type')}")
        self.status = status
        self.code = str(problem.get("type", "")).rpartition(":")[2]
        self.detail = str(problem.get("detail", ""))
        self.request_id = str(problem.get("request_id", ""))
        self.fields = [str(each["where"]).rpartition(".")[2] for each in problem.get("errors", ())]


class Api:
    """The API for one request of a browser. Raises ``Refusal``, or ``httpx.TransportError`` when it does not answer."""

    def __init__(self, client: httpx.AsyncClient, request: Request) -> None:
        self._client = client
        self._headers = {name: request.headers[name] for name in FORWARDED if name in request.headers}
        if request.client is not None:  # as a proxy would: whether the API believes it is the API's to say
            self._headers["X-Forwarded-For"] = request.client.host

    async def get(self, path: str, params: Any = None) -> dict[str, Any]:
        answer: dict[str, Any] = (await self.send("GET", path, params=params)).json()
        return answer

    async def send(self, method: str, path: str, **content: Any) -> httpx.Response:
        # A task of its own: in one process the API's log context would otherwise overwrite that of this request.
        call = self._client.request(method, path, headers=self._headers, **content)
        response = await asyncio.create_task(call)
        if response.is_success:
            return response
        raise Refusal(response.status_code, _problem(response))


def without_memory(client: httpx.AsyncClient) -> httpx.AsyncClient:
    """The client, keeping no cookie of any answer: one client serves all people, each request brings its own session."""
    client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return client


def _problem(response: httpx.Response) -> dict[str, Any]:
    if "json" in response.headers.get("content-type", ""):
        body = response.json()
        if isinstance(body, dict):
            return body
    return {"type": "urn:muniment:problem:unexpected", "detail": HTTPStatus(response.status_code).phrase}
