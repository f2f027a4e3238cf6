"""Liveness and readiness, which anyone may ask, and metrics, which need a right."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import func, select

from services.kernel.http.gate import KernelDep, allow
from services.kernel.identity.rights import Principal, Right
from services.kernel.queue.tables import Job
from services.kernel.tables import File, Item, Page

log = structlog.get_logger("health")
Probe = Callable[[], bool]

bare = APIRouter(tags=["health"])
"""What a process without an archive answers too."""
router = APIRouter(tags=["health"])


@bare.get("/healthz")
def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@bare.get("/readyz")
def readyz(request: Request) -> JSONResponse:
    """Each dependency answers. Names only; no addresses, no counts."""
    checks = {name: "ok" if _holds(probe) else "unavailable" for name, probe in _probes(request).items()}
    ready = set(checks.values()) <= {"ok"}
    return JSONResponse({"status": "ok" if ready else "unavailable", "checks": checks}, 200 if ready else 503)


@router.get("/openapi.json", include_in_schema=False)
def openapi(request: Request, principal: Principal = allow(Right.SELF)) -> JSONResponse:
    """OpenAPI 3.1 of the public face, for those who have signed in."""
    return JSONResponse(request.app.openapi())


@router.get("/metrics")
def metrics(kernel: KernelDep, principal: Principal = allow(Right.METRICS)) -> Response:
    """Counters in Prometheus' text format."""
    text = generate_latest(kernel.registry).decode() + _catalogue_gauges(kernel)
    return Response(text, media_type=CONTENT_TYPE_LATEST)


router.include_router(bare)


def _probes(request: Request) -> dict[str, Probe]:
    probes: dict[str, Probe] = request.app.state.probes
    return probes


def _holds(probe: Probe) -> bool:
    try:
        return probe()
    except Exception as error:  # whatever it is, the dependency does not answer
        log.warning("not-ready", error=type(error).__name__)
        return False


def _catalogue_gauges(kernel: KernelDep) -> str:
    """Rows by state, counted when asked, so that every process tells the same."""
    lines = []
    with kernel.database.read() as session:
        for name, column in (("jobs", Job.state), ("files", File.state), ("items", Item.state), ("pages", Page.state)):
            lines.append(f"# TYPE muniment_{name} gauge")
            for state, count in session.execute(select(column, func.count()).group_by(column)):
                lines.append(f'muniment_{name}{{state="{state}"}} {count}')
    return "\n".join(lines) + "\n"
