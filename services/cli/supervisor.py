"""One process that serves the API and keeps the others alive: broker, worker, and the threads for schedule and hot folder.

Children die with it (``processes``), so that killing the archive leaves nothing behind that would write; a child that dies
is started again.
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import structlog
import typer
import uvicorn

from services import app as archive
from services.app import Archive
from services.kernel.config import Settings
from services.kernel.errors import Conflict
from services.kernel.queue.scheduler import Scheduler

FIRST_WAIT, LONGEST_WAIT = 0.2, 10.0
STEADY_SECONDS = 5.0
"""A child that lived so long did start; what ended it came from outside, and waiting would only cost time."""
STOP_SECONDS = 20.0

log = structlog.get_logger("up")


@dataclass(slots=True)
class Child:
    """A child process and how often it fell."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    wait: float = FIRST_WAIT
    due: float = field(default=0.0)

    def tend(self) -> None:
        """Starts the child when it is due, and notes its end."""
        now = time.monotonic()
        if self.process is not None and self.process.poll() is not None:
            log.warning("child-ended", child=self.name, code=self.process.returncode)
            self.wait = FIRST_WAIT if now - self.started > STEADY_SECONDS else min(self.wait * 2, LONGEST_WAIT)
            self.process, self.due = None, now + self.wait
        if self.process is None and now >= self.due:
            self._start(now)

    def _start(self, now: float) -> None:
        try:
            # A session of its own keeps the terminal's Ctrl-C from reaching it before we stop it in order.
            self.process = subprocess.Popen(self.command, start_new_session=True)  # noqa: S603
        except OSError as error:
            self.due = now + LONGEST_WAIT
            log.error("child-not-started", child=self.name, error=type(error).__name__, errno=error.errno)
            return
        self.started = now
        log.info("child-started", child=self.name, pid=self.process.pid)

    def stop(self) -> None:
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Supervisor:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stop = threading.Event()

    def run(self) -> None:
        """Serves until SIGINT or SIGTERM, then stops the children in order and leaves no lease behind."""
        settings = self._settings
        listening = _listen(settings.host, settings.port)
        lock = _claim(settings.data)
        built = archive.build(settings)
        kernel = built.kernel
        scheduler = Scheduler(kernel.database, kernel.wakeup, max_attempts=settings.max_attempts)
        server = uvicorn.Server(self._serving(built))
        self._heed_signals(server)
        threads = [threading.Thread(target=self._tend, name="children", daemon=True)]
        threads.append(threading.Thread(target=scheduler.run, args=(self._stop,), name="schedule", daemon=True))
        if settings.hot_folder is not None:
            threads.append(threading.Thread(target=self._watch, args=(built,), name="hot-folder", daemon=True))
        for thread in threads:
            thread.start()
        typer.echo(f"Muniment is at http://{settings.host}:{listening.getsockname()[1]}/ (stop it with Ctrl-C)", err=True)
        try:
            server.run(sockets=[listening])
        finally:
            self._stop.set()
            for thread in threads:
                thread.join(STOP_SECONDS * 2)
            scheduler.release()
            lock.close()

    def _serving(self, built: Archive) -> uvicorn.Config:
        return uvicorn.Config(
            archive.http(built),
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
        )

    def _heed_signals(self, server: uvicorn.Server) -> None:
        """Once it has stopped serving, uvicorn raises the signal again, which would end us before our children have."""

        def stop(*_: Any) -> None:
            self._stop.set()
            server.should_exit = True

        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, stop)

    def _tend(self) -> None:
        """Keeps the children; they are bound to this thread's life, which is the process's."""
        settings = self._settings
        muniment = [sys.executable, "-m", "services.cli"]
        options = ["--data", str(settings.data), "--workers", str(settings.workers), "--parent", str(os.getpid())]
        children = [Child("worker", [*muniment, "worker", *options])]
        if settings.broker_url is None:
            broker = [sys.executable, "-m", "services.kernel.queue.broker", str(settings.broker_socket), str(os.getpid())]
            children.insert(0, Child("broker", broker))
        while not self._stop.wait(0.2):
            for child in children:
                child.tend()
        for child in reversed(children):
            child.stop()

    def _watch(self, built: Archive) -> None:
        archive.watch_hot_folder(built, self._stop)


def _listen(host: str, port: int) -> socket.socket:
    """The listening socket, had before anything else is started. Raises ``Conflict`` where it cannot be had."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        reason = f"{host} port {port} cannot be served on ({error.strerror})."
        raise Conflict(f"{reason} Stop what listens there, or choose another with --host and --port.") from None


def _claim(data: Path) -> TextIO:
    """Locks the data folder until the file is closed or the process ends, however it does: a second broker and scheduler on
    the same folder would take the first one's place. Raises ``Conflict`` where it is locked."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = (data / "served.lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.seek(0)
        holder = lock.read().strip()
        lock.close()
        raise Conflict(f"The archive in {data} is served already, by process {holder}. Stop that first.") from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock
