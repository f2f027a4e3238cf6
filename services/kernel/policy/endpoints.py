"""Policy over HTTP, as YAML: what holds, what held, what is proposed and what it would change."""

from __future__ import annotations

import difflib
from typing import Any

from fastapi import APIRouter, Path
from fastapi.responses import Response
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.kernel.http import idempotency
from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.http.headers import IdempotencyKey
from services.kernel.identity.rights import Principal, Right
from services.kernel.identity.tables import Person
from services.kernel.policy import model, versions
from services.kernel.policy.tables import PolicyVersion

router = APIRouter(prefix="/api/v1/policy", tags=["policy"])
MOST_CHARACTERS = 64 * 1024
YAML = "application/yaml"


class Proposal(BaseModel):
    body: str = Field(max_length=MOST_CHARACTERS, description="The whole policy, as YAML.")
    reason: str = Field(min_length=2, max_length=1000)


class Decision(BaseModel):
    approves: bool


@router.get("", response_class=Response)
def policy(kernel: KernelDep, principal: Principal = allow(Right.SELF)) -> Response:
    """The policy in force, as YAML; the header ``Muniment-Policy`` has its number."""
    with kernel.database.read() as session:
        held = versions.current(session)
    return Response(model.to_yaml(held.policy), media_type=YAML, headers={"Muniment-Policy": str(held.number)})


@router.get("/versions")
def history(kernel: KernelDep, principal: Principal = allow(Right.SELF)) -> dict[str, Any]:
    """All proposals, newest first, with who proposed and who decided."""
    with kernel.database.read() as session:
        rows = session.scalars(select(PolicyVersion).order_by(PolicyVersion.number.desc())).all()
        return {"in_force": versions.current(session).number, "versions": [_shown(session, row) for row in rows]}


@router.get("/versions/{number}", response_class=Response)
def version(kernel: KernelDep, number: int = Path(ge=0, le=2**31 - 1), principal: Principal = allow(Right.SELF)) -> Response:
    with kernel.database.read() as session:
        return Response(model.to_yaml(versions.at(session, number)), media_type=YAML)


@router.get("/versions/{number}/changes", response_class=Response)
def changes(kernel: KernelDep, number: int = Path(ge=0, le=2**31 - 1), principal: Principal = allow(Right.SELF)) -> Response:
    """What a version would change in, or changed against, the policy in force: a unified diff."""
    with kernel.database.read() as session:
        held = versions.current(session)
        before, after = model.to_yaml(held.policy), model.to_yaml(versions.at(session, number))
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), f"version {held.number}", f"version {number}", lineterm=""
    )
    return Response("\n".join(lines), media_type="text/x-diff; charset=utf-8")


@router.post("/versions", status_code=201)
def propose(
    kernel: KernelDep,
    body: Proposal,
    request: RequestId,
    key: IdempotencyKey = None,
    principal: Principal = allow(Right.POLICY_EDIT),
) -> dict[str, Any]:
    """Proposes a whole policy; another person puts it in force."""
    with kernel.database.write() as session:

        def create() -> dict[str, Any]:
            return _shown(session, versions.propose(session, principal, body.body, body.reason, request=request))

        return idempotency.once(session, principal, "policy", key, body.model_dump(), create)


@router.post("/versions/{number}/decision")
def decide(
    kernel: KernelDep,
    body: Decision,
    request: RequestId,
    number: int = Path(ge=1, le=2**31 - 1),
    principal: Principal = allow(Right.POLICY_APPROVE),
) -> dict[str, Any]:
    """Puts a proposal in force, or rejects it."""
    with kernel.database.write() as session:
        return _shown(session, versions.decide(session, principal, number, approves=body.approves, request=request))


def _shown(session: Session, version: PolicyVersion) -> dict[str, Any]:
    return {
        "number": version.number,
        "state": version.state,
        "reason": version.reason,
        "sha256": version.sha256,
        "proposed_by": version.proposed_by,
        "proposed_by_name": _name(session, version.proposed_by),
        "proposed_at": version.proposed_at.isoformat(),
        "decided_by": version.decided_by,
        "decided_by_name": _name(session, version.decided_by),
        "decided_at": version.decided_at.isoformat() if version.decided_at else None,
    }


def _name(session: Session, person_id: str | None) -> str | None:
    return None if person_id is None else session.get_one(Person, person_id).name
