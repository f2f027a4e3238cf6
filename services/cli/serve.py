"""``muniment up``, ``worker`` and ``schedule``: the archive's processes. Each loads only what it needs, and ``up`` only once
its children are on their way."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import tempfile
from pathlib import Path
from threading import Event
from typing import Annotated

import typer

from services.cli.common import USAGE, DataOption, settings_for
from services.cli.supervisor import Children, claim, is_new, listen
from services.kernel.processes import die_with_parent
from services.kernel.queue.stages import Queue


def register(app: typer.Typer) -> None:
    app.command("up")(up)
    app.command("worker")(worker)
    app.command("schedule")(schedule)


def up(
    data: DataOption = None,
    host: Annotated[str | None, typer.Option(help="Address to serve on. Default 127.0.0.1.")] = None,
    port: Annotated[int | None, typer.Option(help="Port. Default 8000.", min=0, max=65535)] = None,
    workers: Annotated[int | None, typer.Option(help="Reading processes. Default: one a core.", min=1)] = None,
    hot_folder: Annotated[Path | None, typer.Option(help="Folder that scanners push to.")] = None,
) -> None:
    """Serves the whole archive from this machine: API, console, worker, scheduler and broker."""
    settings = settings_for(data, host=host, port=port, workers=workers, hot_folder=hot_folder)
    stop = Event()
    with listen(settings.host, settings.port) as listening, claim(settings.data):
        _heed_signals(stop)
        children = Children(settings)
        if not is_new(settings):
            children.start()  # they load while we do: after a crash, reading goes on sooner
        try:
            from services.cli.serving import Serving

            serving = Serving(settings, stop, children.deaf)
            children.start()
            serving.run(listening)
        finally:
            children.stop()
        serving.release()


def worker(
    data: DataOption = None,
    queues: Annotated[str, typer.Option(help="Comma-separated queues to serve.")] = ",".join(Queue),
    workers: Annotated[int | None, typer.Option(help="Processes. Default: one a core.", min=1)] = None,
    parent: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Serves queues; each process reads with one thread and its own engine."""
    if parent is not None:
        die_with_parent(parent)
    settings = settings_for(data, workers=workers)
    if settings.metrics_port is not None:
        # Read by Prometheus' client when it is first imported: the counters of all processes lie there.
        folder = os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="muniment-metrics-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    from services import work
    from services.kernel import metrics
    from services.kernel.queue import worker as celery_worker

    try:
        chosen = [Queue(name.strip()) for name in queues.split(",")]
    except ValueError as error:
        typer.echo(f"muniment: {error}; queues are: {', '.join(Queue)}", err=True)
        raise typer.Exit(USAGE) from None
    if settings.metrics_port is not None:
        metrics.serve_all_processes(folder, settings.host, settings.metrics_port)
    celery_worker.run(settings, lambda: work.runner(settings, queues=chosen), chosen, concurrency=settings.workers)


def schedule(data: DataOption = None) -> None:
    """Gives back lost leases, repeats wake-ups and does from time to time what must be; a second one does no harm."""
    from services import app, work
    from services.kernel import metrics
    from services.kernel.queue.scheduler import Scheduler

    settings, stop = settings_for(data), Event()
    built = app.build(settings, ("schedule",))
    kernel = built.kernel
    _heed_signals(stop)
    if settings.metrics_port is not None:
        metrics.serve(kernel.metrics.registry, settings.host, settings.metrics_port)
    duties = {"rounds": work.rounds(built), "seconds": work.seconds(built)}
    Scheduler(kernel.database, kernel.wakeup, max_attempts=settings.max_attempts, **duties).run(stop)


def _heed_signals(stop: Event) -> None:
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
