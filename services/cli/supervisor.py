"""The processes under ``muniment up``: broker and worker. They die with it (``processes``), so that killing the archive leaves
nothing behind that would write; one that dies, or is deaf, is started again.

This module loads nothing heavy: after a crash the children are started before the server has loaded its own parts.
"""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import structlog

from services.kernel.config import Settings
from services.kernel.errors import Conflict

FIRST_WAIT, LONGEST_WAIT = 0.2, 10.0
STEADY_SECONDS = 5.0
"""A child that lived so long did start; what ended it came from outside, and waiting would only cost time."""
STOP_SECONDS = 20.0
LOOK_SECONDS = 0.1

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

    def kill(self) -> None:
        """Ends it at once; what it has started ends with it."""
        if self.process is not None:
            self.process.kill()

    def stop(self) -> None:
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Children:
    """Keeps broker and worker until ``stop``. Setting ``deaf`` has the worker started anew."""

    def __init__(self, settings: Settings) -> None:
        self.deaf = threading.Event()
        self._settings = settings
        self._stop = threading.Event()
        # The kernel ends a child with the thread that started it, so this one lives as long as the process.
        self._thread = threading.Thread(target=self._keep, name="children", daemon=True)

    def start(self) -> None:
        """Does nothing when they are kept already."""
        if self._thread.ident is None:
            self._thread.start()

    def stop(self) -> None:
        """Ends them in order: the worker after the step in hand, the broker last."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(STOP_SECONDS * 2)

    def _keep(self) -> None:
        worker, broker = self._worker(), self._broker()
        children = [worker] if broker is None else [broker, worker]
        while not self._stop.is_set():
            for child in children:
                child.tend()
            if self.deaf.is_set():
                log.error("child-deaf", child=worker.name)
                worker.kill()
                self.deaf.clear()
            self._stop.wait(LOOK_SECONDS)
        for child in reversed(children):
            child.stop()

    def _worker(self) -> Child:
        settings = self._settings
        options = ["--data", str(settings.data), "--workers", str(settings.workers), "--parent", str(os.getpid())]
        return Child("worker", [sys.executable, "-m", "services.cli", "worker", *options])

    def _broker(self) -> Child | None:
        if self._settings.broker_url is not None:
            return None
        module, path = "services.kernel.queue.broker", str(self._settings.broker_socket)
        return Child("broker", [sys.executable, "-m", module, path, str(os.getpid())])


def is_new(settings: Settings) -> bool:
    """Whether the catalogue has still to be made, which one process does before there are others."""
    return settings.catalogue_url is None and not (settings.data / "catalogue.db").exists()


def listen(host: str, port: int) -> socket.socket:
    """The listening socket, had before anything else is started. Raises ``Conflict`` where it cannot be had."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        reason = f"{host} port {port} cannot be served on ({error.strerror})."
        raise Conflict(f"{reason} Stop what listens there, or choose another with --host and --port.") from None


def claim(data: Path) -> TextIO:
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
