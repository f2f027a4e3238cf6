"""Simulations over HTTP, for those who propose policy and those who put it in force."""

from __future__ import annotations

from datetime import date
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field, model_validator

from services.kernel.http.gate import KernelDep, RequestId, allow
from services.kernel.identity.rights import Principal, Right
from services.kernel.ledger import journal
from services.kernel.policy import endpoints as policies
from services.kernel.policy import model, versions
from services.retention import calendar
from services.retention.simulation import service

router = APIRouter(prefix="/api/v1/retention", tags=["retention"])


class Simulation(BaseModel):
    """Another policy: a version that was proposed, or a whole one as YAML. Neither: the one in force, on another day."""

    version: int | None = Field(None, ge=0, le=2**31 - 1)
    body: str | None = Field(None, max_length=policies.MOST_CHARACTERS)
    day: date | None = Field(None, description="Today, unless told otherwise.")

    @model_validator(mode="after")
    def _one(self) -> Simulation:
        if self.version is not None and self.body is not None:
            raise ValueError("name a version or send a policy, not both")
        return self


@router.post("/simulation")
def simulate(
    kernel: KernelDep, body: Simulation, request: RequestId, principal: Principal = allow(Right.REGISTERS)
) -> dict[str, Any]:
    """What would be due under another policy, beside what is due under the one in force."""
    given = model.parse(body.body) if body.body is not None else None
    with kernel.database.read() as session:
        held = versions.current(session)
        after = given or (versions.at(session, body.version) if body.version is not None else held.policy)
        told = service.compare(session, held.policy, after, body.day or calendar.today())
    with kernel.database.write() as session:
        total = told["total"].get("newly_due", 0)
        details = {"version": body.version, "day": told["day"], "newly_due": total}
        journal.append(session, "retention.simulate", actor=principal.person_id, request=request, **details)
    return {"policy": held.number, "version": body.version} | told
