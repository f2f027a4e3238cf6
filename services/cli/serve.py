"""``muniment up``, ``worker`` and ``schedule``: the archive's processes."""

from __future__ import annotations

import signal
from pathlib import Path
from threading import Event
from typing import Annotated

import typer

from services import app as archive
from services.cli.common import USAGE, DataOption, settings_for
from services.cli.supervisor import Supervisor
from services.kernel.processes import die_with_parent
from services.kernel.queue import worker as celery_worker
from services.kernel.queue.scheduler import Scheduler
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
    Supervisor(settings).run()


def worker(
    data: DataOption = None,
    queues: Annotated[str, typer.Option(help="Comma-separated queues to serve.")] = ",".join(Queue),
    workers: Annotated[int | None, typer.Option(help="Processes. Default: one a core.", min=1)] = None,
    parent: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Serves queues; each process reads with one thread and its own engine."""
    if parent is not None:
        die_with_parent(parent)
    try:
        chosen = [Queue(name.strip()) for name in queues.split(",")]
    except ValueError as error:
        typer.echo(f"muniment: {error}; queues are: {', '.join(Queue)}", err=True)
        raise typer.Exit(USAGE) from None
    settings = settings_for(data, workers=workers)
    celery_worker.run(settings, lambda: archive.runner(settings), chosen, concurrency=settings.workers)


def schedule(data: DataOption = None) -> None:
    """Gives back lost leases and repeats wake-ups; a second one does no harm."""
    settings = settings_for(data)
    kernel = archive.build(settings).kernel
    stop = Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    Scheduler(kernel.database, kernel.wakeup, max_attempts=settings.max_attempts).run(stop)
