"""Liveness and readiness, which anyone may ask, and metrics, which need a right."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from services.kernel.core import Kernel
from services.kernel.errors import MunimentError
from services.kernel.http.gate import Gate
from services.kernel.identity.rights import Principal, Right
from services.kernel.queue.tables import Job
from services.kernel.tables import File, Item, Page

Probe = Callable[[], bool]


def router(kernel: Kernel, gate: Gate, registry: CollectorRegistry, probes: dict[str, Probe]) -> APIRouter:
    api = APIRouter(tags=["health"])

    @api.get("/healthz")
    def healthz() -> dict[str, str]:
        """The process answers."""
        return {"status": "ok"}

    @api.get("/readyz")
    def readyz() -> JSONResponse:
        """Each dependency answers. Names only; no addresses, no counts."""
        checks = {name: "ok" if _holds(probe) else "unavailable" for name, probe in probes.items()}
        ready = set(checks.values()) <= {"ok"}
        return JSONResponse({"status": "ok" if ready else "unavailable", "checks": checks}, 200 if ready else 503)

    @api.get("/metrics")
    def metrics(principal: Principal = gate.allow(Right.METRICS)) -> Response:
        """Counters in Prometheus' text format."""
        text = generate_latest(registry).decode() + _catalogue_gauges(kernel)
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    return api


def _holds(probe: Probe) -> bool:
    try:
        return probe()
    except (MunimentError, SQLAlchemyError, OSError):
        return False


def _catalogue_gauges(kernel: Kernel) -> str:
    """Rows by state, counted when asked, so that every process tells the same."""
    lines = []
    with kernel.database.read() as session:
        for name, column in (("jobs", Job.state), ("files", File.state), ("items", Item.state), ("pages", Page.state)):
            lines.append(f"# TYPE muniment_{name} gauge")
            for state, count in session.execute(select(column, func.count()).group_by(column)):
                lines.append(f'muniment_{name}{{state="{state}"}} {count}')
    return "\n".join(lines) + "\n"
