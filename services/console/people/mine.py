"""我的账号: password, second factor, sessions and tokens."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import Form, Response

from services.console.api import Refusal
from services.console.route import page_router
from services.console.visit import Visit, VisitDep, see_other

router = page_router()
Secret = Annotated[str, Form(max_length=400)]


@router.get("/me")
async def mine(visit: VisitDep) -> Response:
    return await _page(visit, done=visit.request.query_params.get("done", ""))


@router.post("/me/password")
async def change_password(visit: VisitDep, current: Secret = "", new: Secret = "", again: Secret = "") -> Response:
    if new != again:
        return await _page(visit, status=422, errors=[("again", visit.words("me.not-the-same"))])
    try:
        await visit.api.send("PUT", "/api/v1/me/password", json={"current": current, "new": new})
    except Refusal as refusal:
        field = "current" if refusal.code == "wrong-password" else "new"
        text = visit.words("me.weak") if refusal.code == "invalid" else visit.explain(refusal)
        return await _page(visit, status=refusal.status, errors=[(field, text)])
    return see_other("/me?done=password")


@router.post("/me/second-factor")
async def begin(visit: VisitDep, password: Secret = "") -> Response:
    """Shows the QR code to be scanned, and asks for a first code."""
    try:
        begun = (await visit.api.send("POST", "/api/v1/me/second-factor", json={"password": password})).json()
    except Refusal as refusal:
        return await _page(visit, status=refusal.status, errors=[("password", visit.explain(refusal))])
    return _enrolling(visit, begun["qr"], begun["uri"])


@router.post("/me/second-factor/confirmation")
async def confirm(
    visit: VisitDep, code: Secret = "", qr: Annotated[str, Form(max_length=40_000)] = "", uri: Secret = ""
) -> Response:
    """The picture comes back with the form: the API shows a secret once."""
    try:
        answer = await visit.api.send("POST", "/api/v1/me/second-factor/confirmation", json={"code": code})
    except Refusal as refusal:
        if refusal.status != 422:
            raise
        return _enrolling(visit, qr, uri, status=422, errors=[("code", visit.words("me.wrong-code"))])
    return visit.page("me-codes.html", codes=answer.json()["recovery_codes"])


@router.post("/me/second-factor/recovery-codes")
async def renew(visit: VisitDep, password: Secret = "", code: Secret = "") -> Response:
    body = {"password": password, "code": code}
    try:
        answer = await visit.api.send("POST", "/api/v1/me/second-factor/recovery-codes", json=body)
    except Refusal as refusal:
        return await _page(visit, status=refusal.status, errors=[("password", visit.explain(refusal))])
    return visit.page("me-codes.html", codes=answer.json()["recovery_codes"])


@router.post("/me/second-factor/removal")
async def remove(visit: VisitDep, password: Secret = "", code: Secret = "") -> Response:
    try:
        await visit.api.send("POST", "/api/v1/me/second-factor/removal", json={"password": password, "code": code})
    except Refusal as refusal:
        return await _page(visit, status=refusal.status, errors=[("password", visit.explain(refusal))])
    return see_other("/me?done=removed")


@router.post("/me/credentials/others")
async def end_others(visit: VisitDep) -> Response:
    await visit.api.send("DELETE", "/api/v1/me/credentials")
    return see_other("/me?done=others")


@router.post("/me/credentials/{credential_id}/end")
async def end(visit: VisitDep, credential_id: UUID) -> Response:
    await visit.api.send("DELETE", f"/api/v1/me/credentials/{credential_id}")
    return see_other("/me?done=ended")


async def _page(visit: Visit, **values: Any) -> Response:
    factor = await visit.api.get("/api/v1/me/second-factor")
    listed = await visit.api.get("/api/v1/me/credentials", {"limit": 200})
    shown = {"factor": factor, "credentials": listed["credentials"], "done": ""}
    return visit.page("me.html", **(shown | values))


def _enrolling(visit: Visit, qr: str, uri: str, **values: Any) -> Response:
    picture = f"data:image/svg+xml,{quote(qr)}"
    return visit.page("me-enrol.html", picture=picture, qr=qr, uri=uri, **values)
