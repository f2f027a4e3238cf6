"""Liveness and readiness, which anyone may ask, and metrics, which need a right."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from services.kernel.http.gate import KernelDep, allow
from services.kernel.http.probing import Probe, Prober
from services.kernel.identity.rights import Principal, Right

bare = APIRouter(tags=["health"])
"""What a process without an archive answers too."""
router = APIRouter(tags=["health"])


@bare.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process answers: also while all its threads wait for a part that hangs, which starting it anew would not mend."""
    return {"status": "ok"}


@bare.get("/readyz")
async def readyz(request: Request) -> JSONResponse:
    """Each dependency answers, in a few seconds. Names only; no addresses, no counts."""
    prober: Prober = request.app.state.prober
    found = await prober.ask(_probes(request))
    for name, holds in found.items():
        request.app.state.metrics.ready.labels(name).set(holds)
    checks = {name: "ok" if holds else "unavailable" for name, holds in found.items()}
    ready = all(found.values())
    return JSONResponse({"status": "ok" if ready else "unavailable", "checks": checks}, 200 if ready else 503)


@router.get("/openapi.json", include_in_schema=False)
def openapi(request: Request, principal: Principal = allow(Right.SELF)) -> JSONResponse:
    """OpenAPI 3.1 of the public face, for those who have signed in."""
    return JSONResponse(request.app.openapi())


@router.get("/metrics")
def metrics(kernel: KernelDep, principal: Principal = allow(Right.METRICS)) -> Response:
    """Counters in Prometheus' text format."""
    return Response(generate_latest(kernel.metrics.registry), media_type=CONTENT_TYPE_LATEST)


router.include_router(bare)


def _probes(request: Request) -> dict[str, Probe]:
    probes: dict[str, Probe] = request.app.state.probes
    return probes
