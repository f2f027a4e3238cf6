"""What ``muniment up`` does in its own process: the HTTP face, the schedule, the ear for deaf workers, the hot folder."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from threading import Event, Thread
from typing import Any

import typer

from services import app as archive
from services import web, work
from services.cli.face import Face
from services.kernel.config import Settings
from services.kernel.errors import MunimentError
from services.kernel.queue.deafness import Deafness
from services.kernel.queue.scheduler import Scheduler

STOP_SECONDS = 20.0
DRAIN_SECONDS = 5.0


class Serving:
    """One archive, served. ``stop`` ends it; so do SIGINT and SIGTERM."""

    def __init__(self, settings: Settings, stop: Event, deaf: Event) -> None:
        """Builds the archive. ``deaf`` is set whenever the workers have to be started anew."""
        self._settings, self._stop, self._deaf = settings, stop, deaf
        self._archive = archive.build(settings)
        kernel = self._archive.kernel
        self._scheduler = Scheduler(
            kernel.database,
            kernel.wakeup,
            max_attempts=settings.max_attempts,
            rounds=work.rounds(self._archive),
            seconds=work.seconds(self._archive),
        )
        self._face = Face(web.http(self._archive), drain_seconds=DRAIN_SECONDS)
        self._failure: MunimentError | None = None

    def run(self, listening: socket.socket) -> None:
        """Serves until it is told to stop. Raises what made it impossible to go on."""
        self._heed_signals()
        threads = [Thread(target=duty, name=name, daemon=True) for name, duty in self._duties().items()]
        for thread in threads:
            thread.start()
        host, port = self._settings.host, listening.getsockname()[1]
        typer.echo(f"Muniment is at http://{host}:{port}/ (stop it with Ctrl-C)", err=True)
        try:
            if not self._stop.is_set():
                self._face.run(sockets=[listening])
        finally:
            self._stop.set()
            for thread in threads:
                thread.join(STOP_SECONDS)
        if self._failure is not None:
            raise self._failure

    def release(self) -> None:
        """Gives back what the workers held, once they have ended."""
        self._scheduler.release()

    def _duties(self) -> dict[str, Callable[[], None]]:
        kernel = self._archive.kernel
        deafness = Deafness(kernel.database, seconds=self._settings.deaf_seconds)
        duties: dict[str, Callable[[], None]] = {
            "schedule": lambda: self._scheduler.run(self._stop),
            "deafness": lambda: deafness.watch(self._stop, self._deaf),
        }
        if self._settings.hot_folder is not None:
            duties["hot-folder"] = self._watch
        return duties

    def _watch(self) -> None:
        try:
            web.watch_hot_folder(self._archive, self._stop)
        except MunimentError as error:  # such as an owner whom nobody knows: better no archive than one that takes nothing
            self._failure = error
            self._end()

    def _heed_signals(self) -> None:
        """Once it has stopped serving, uvicorn raises the signal again, which would end us before our children have."""
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self._end)

    def _end(self, *_: Any) -> None:
        self._stop.set()
        self._face.leave()
