"""One trace (OpenTelemetry), from the upload of a paper to the moment it is found, though processes and hours lie between: a
job carries the trace of its cause, and so does a request from one process to another (W3C Trace Context).

Off unless ``begin`` is told where spans go: nothing is loaded, kept or sent before. A span is named after its room, as in
``ocr.read_page``. It holds names and times and, of an error, the kind: nothing that could be personal.

The tracer is our own, never OpenTelemetry's global one. Libraries that would trace by themselves, with questions and addresses
in their spans, have none to write to; and what their environment variables switch on finds nothing of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
    from opentelemetry.trace import Tracer

HEADER = "traceparent"
SEND_MILLISECONDS = 1000
"""How long spans may wait to be sent; a process that is killed loses those."""

_provider: TracerProvider | None = None
_tracer: Tracer | None = None


def begin(where: str | None) -> None:
    """Spans go to ``where`` from now on: a file, to which a line of JSON is added for each, or the URL of what takes OTLP over
    HTTP. To nowhere if it is None. Called in each process, after it has forked."""
    global _provider, _tracer
    end()
    if where is None:
        return
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased

    _provider = TracerProvider(ParentBased(ALWAYS_ON), Resource({"service.name": "muniment"}))
    _provider.add_span_processor(_sending(where) if where.startswith(("http://", "https://")) else _writing(Path(where)))
    _tracer = _provider.get_tracer("muniment")


def end() -> None:
    """Sends what still waits, and stops."""
    global _provider, _tracer
    provider, _provider, _tracer = _provider, None, None
    if provider is not None:
        provider.shutdown()


@contextmanager
def span(name: str, *, parent: str | None = None) -> Iterator[Callable[[str], None]]:
    """What the block does, as ``room.act``; within the present span, unless ``parent`` was carried here. Yields a function
    that renames it. Costs about a microsecond where nothing is traced."""
    if _tracer is None:
        yield _leave
        return
    from opentelemetry.trace import StatusCode

    context = _context(parent) if parent is not None else None
    # Left to itself it would write down an error's text, which may hold anything.
    with _tracer.start_as_current_span(name, context, record_exception=False, set_status_on_exception=False) as current:
        try:
            yield current.update_name
        except BaseException as error:
            current.set_status(StatusCode.ERROR, type(error).__name__)
            raise


def carried() -> str | None:
    """The present span as a ``traceparent``, to be handed on; None where nothing is traced."""
    if _tracer is None:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get(HEADER)


def _context(parent: str) -> Context:
    from opentelemetry.context import Context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator().extract({HEADER: parent}, Context())


def _writing(path: Path) -> SpanProcessor:
    """Each span is in the file when it ends. Any number of processes may add to one file."""
    from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor

    target = path.open("a", encoding="utf-8")
    return SimpleSpanProcessor(ConsoleSpanExporter(out=target, formatter=lambda each: each.to_json(indent=None) + "\n"))


def _sending(url: str) -> SpanProcessor:
    import requests
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    session = requests.Session()
    session.trust_env = False  # straight to where we were told, through no proxy
    return BatchSpanProcessor(OTLPSpanExporter(url, session=session), schedule_delay_millis=SEND_MILLISECONDS)


def _leave(name: str) -> None:
    """Renames nothing."""
