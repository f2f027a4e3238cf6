"""What a process tells monitoring of itself, in Prometheus' terms. Labels hold names out of the program's own text (routes,
stages, events), never anything out of a document or a request: nothing here can name a person.

What is true of the archive as a whole is counted in the catalogue (``figures``).
"""

from __future__ import annotations

from functools import cache
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from structlog.typing import EventDict

from services.kernel.queue.stages import Stage

JOB_SECONDS = (0.1, 0.3, 1, 3, 10, 30, 60, 120, 300)
PAGE_SECONDS = (0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30, 60)
WATCHED = (
    *("broker-unreachable", "catalogue-unreachable", "leases-released"),
    *("objects-failed", "objects-without-rows", "read-from-copy"),
    *("checkpoint-refused", "checkpoint-not-stored"),
)
"""Events that alerts look for. They are there from the start, at nought: Prometheus sees no rise in what was not there."""


class Metrics:
    """One set for each archive that a process builds."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(events())
        labels = ("method", "route")
        self.requests = Counter("muniment_http_requests", "Requests answered.", (*labels, "status"), registry=self.registry)
        self.request_seconds = Histogram(
            "muniment_http_request_seconds", "Time to the last byte.", labels, registry=self.registry
        )
        self.ready = Gauge(
            "muniment_ready", "Whether a part answered when /readyz was last asked.", ("check",), registry=self.registry
        )
        self._tells = False
        self._jobs = Histogram(
            "muniment_job_seconds", "Jobs by how they went.", ("stage", "outcome"), buckets=JOB_SECONDS, registry=self.registry
        )
        self.pages = Histogram(
            "muniment_page_seconds", "Time to draw and read a page.", buckets=PAGE_SECONDS, registry=self.registry
        )

    def job(self, stage: Stage, outcome: str, seconds: float) -> None:
        """A ``runner.Listener``."""
        self._jobs.labels(stage, outcome).observe(seconds)

    def tell(self, figures: Collector) -> None:
        """Of the archive as a whole, besides what this process does. Once is enough."""
        if not self._tells:
            self.registry.register(figures)
            self._tells = True


@cache
def events() -> Counter:
    """Of the process as a whole, as the log is."""
    counter = Counter("muniment_events", "Warnings and errors in the log, by what happened.", ("event",), registry=None)
    for event in WATCHED:
        counter.labels(event)
    return counter


def count_event(_: Any, level: str, entry: EventDict) -> EventDict:
    """A processor for the log. An event's name is a constant of the program."""
    if level in ("warning", "error", "exception", "critical"):
        events().labels(entry["event"]).inc()
    return entry


def serve(registry: CollectorRegistry, host: str, port: int) -> None:
    """Tells the counters at ``/metrics`` of a port of their own, from a thread: for processes that serve nothing else."""
    start_http_server(port, host, registry)


def serve_all_processes(folder: str, host: str, port: int) -> None:
    """The same for a process and its children, whose counters lie in ``folder`` (``PROMETHEUS_MULTIPROC_DIR``, which the
    client reads when it is first imported)."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call]
    serve(registry, host, port)
