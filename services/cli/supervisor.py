"""One process that serves the API and keeps the others alive: broker, worker, and the threads for schedule and hot folder.

Children die with it (``processes``), so that killing the archive leaves nothing behind that would write; a child that dies
is started again.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field

import structlog
import typer
import uvicorn

from services import app as archive
from services.app import Archive
from services.kernel.config import Settings
from services.kernel.queue.scheduler import Scheduler

FIRST_WAIT, LONGEST_WAIT = 0.2, 10.0
STEADY_SECONDS = 30.0
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
            # A session of its own keeps the terminal's Ctrl-C from reaching it before we stop it in order.
            self.process = subprocess.Popen(self.command, start_new_session=True)  # noqa: S603
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
        """Serves until SIGINT or SIGTERM, then stops the children in order."""
        built = archive.build(self._settings)
        threads = [threading.Thread(target=self._tend, name="children", daemon=True)]
        kernel = built.kernel
        scheduler = Scheduler(kernel.database, kernel.wakeup, max_attempts=self._settings.max_attempts)
        threads.append(threading.Thread(target=scheduler.run, args=(self._stop,), name="schedule", daemon=True))
        if self._settings.hot_folder is not None:
            threads.append(threading.Thread(target=self._watch, args=(built,), name="hot-folder", daemon=True))
        for thread in threads:
            thread.start()
        typer.echo(f"Muniment is at http://{self._settings.host}:{self._settings.port}/ (stop it with Ctrl-C)", err=True)
        try:
            uvicorn.run(
                archive.http(built),
                host=self._settings.host,
                port=self._settings.port,
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=5,
            )
        finally:
            self._stop.set()
            for thread in threads:
                thread.join(STOP_SECONDS * 2)

    def _tend(self) -> None:
        """Keeps the children; they are bound to this thread's life, which is the process's."""
        settings = self._settings
        muniment = [sys.executable, "-m", "services.cli"]
        options = ["--data", str(settings.data), "--workers", str(settings.workers), "--parent", str(os.getpid())]
        children = [Child("worker", [*muniment, "worker", *options])]
        if settings.broker_url is None:
            broker = [sys.executable, "-m", "services.kernel.queue.broker", str(settings.broker_socket)]
            children.insert(0, Child("broker", broker))
        while not self._stop.wait(0.2):
            for child in children:
                child.tend()
        for child in reversed(children):
            child.stop()

    def _watch(self, built: Archive) -> None:
        archive.watch_hot_folder(built, self._stop)
