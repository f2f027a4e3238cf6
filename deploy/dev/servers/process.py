"""A server as a process: start, stop, kill, and the end of its log."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

import psutil

from deploy.dev.servers.site import Site

_GRACE = 20.0  # seconds between the polite signal and SIGKILL


@dataclass(frozen=True)
class Server:
    """How to start one server; all of it can be written as JSON, so that another process can start it again."""

    name: str
    kind: str
    command: list[str]
    folder: str
    exports: dict[str, str]
    environment: dict[str, str] = field(default_factory=dict)
    stop_signal: int = signal.SIGTERM


@dataclass(frozen=True)
class Running:
    """A started server. A process id alone may have passed to another process, so its start time goes with it."""

    server: Server
    pid: int
    since: float

    def process(self) -> psutil.Process | None:
        """The live process, if it is still the one that was started."""
        try:
            process = psutil.Process(self.pid)
            same = process.create_time() == self.since and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return None
        return process if same else None


def run_as(site: Site) -> dict[str, object]:
    """Arguments of ``subprocess`` that give up root."""
    if os.geteuid() != 0:
        return {}
    return {"user": site.account.uid, "group": site.account.gid, "extra_groups": []}


def bare_environment(folder: str, more: Mapping[str, str]) -> dict[str, str]:
    """Nothing of the caller's environment but the path: no proxies, no settings, no credentials."""
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": folder, "TMPDIR": folder, "LC_ALL": "C.UTF-8", **more}


def start(site: Site, server: Server) -> Running:
    """Start it in a session of its own, its output appended to its log."""
    log = site.log(server.name)
    log.parent.mkdir(exist_ok=True)
    with log.open("ab") as output:
        child = subprocess.Popen(  # type: ignore[call-overload]
            server.command,
            cwd=server.folder,
            env=bare_environment(server.folder, server.environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **run_as(site),
        )
    started = Running(server, child.pid, psutil.Process(child.pid).create_time())
    Thread(target=child.wait, daemon=True).start()  # else a killed one stays a zombie, which PostgreSQL takes for a rival
    return started


def stop(servers: Iterable[Running]) -> None:
    """Ask each to end in its own way, then end what is left of its session."""
    servers = list(servers)
    asked = [(running, process) for running in servers if (process := running.process())]
    for running, process in asked:
        process.send_signal(running.server.stop_signal)
    psutil.wait_procs([process for _, process in asked], timeout=_GRACE)
    for running in servers:
        kill(running)


def kill(running: Running) -> None:
    """End it and what it started, without a word, as a loss of power would."""
    psutil.wait_procs(_signal(running, signal.SIGKILL), timeout=_GRACE)


def pause(running: Running) -> None:
    """Stop it where it stands: connections stay, nothing is answered, as with a machine that hangs."""
    _signal(running, signal.SIGSTOP)


def resume(running: Running) -> None:
    """Let it go on where it stood."""
    _signal(running, signal.SIGCONT)


def _signal(running: Running, number: int) -> list[psutil.Process]:
    """Send a signal to the server and what it started; return them."""
    try:
        if psutil.Process(running.pid).create_time() != running.since:
            return []  # the number belongs to another process by now, so nothing of the session is left
    except psutil.NoSuchProcess:
        pass
    members = {process for process in psutil.process_iter() if _session(process.pid) == running.pid}
    for process in list(members):  # whose children may have sessions of their own, as PostgreSQL's do
        with suppress(psutil.NoSuchProcess):
            members.update(process.children(recursive=True))
    for process in members:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)
    return list(members)


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None


def tail(path: Path, lines: int = 40) -> str:
    """The last lines of a log."""
    if not path.exists():
        return "(no log)"
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
