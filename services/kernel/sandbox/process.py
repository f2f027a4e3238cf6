"""One child process, from its start to its end."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import services
from services.kernel.errors import ParserFailed
from services.kernel.sandbox.limits import Limits
from services.kernel.sandbox.protocol import HEADER_LENGTH, MESSAGE_BYTES, nonsense

_KEPT_ENVIRONMENT = ("PATH", "TZ")
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_GRACE_SECONDS = 5.0


class ChildProcess:
    """Its socket, its scratch folder, and what isolation it reported. ``calls`` counts requests sent."""

    def __init__(self, limits: Limits, prefixes: tuple[str, ...]) -> None:
        """Raises ParserFailed (``parser_not_started``) when no child says that it is ready."""
        self.calls = 0
        self._limits = limits
        self._scratch = Path(tempfile.mkdtemp(prefix="parser-"))
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._popen = _start(theirs, limits, prefixes, self._scratch)
        self.in_force = self._greeting()

    def ask(self, request: bytes, source: int, target: int) -> int:
        """Send a request with its two descriptors; give the length of the header that the child wrote to ``target``.

        Raises ParserFailed: ``timeout``, ``parser_crashed``, ``too_much_memory``, ``nonsense``. The child is then of no
        further use.
        """
        self.calls += 1
        self._socket.settimeout(self._limits.wall_seconds)
        try:
            socket.send_fds(self._socket, [request], [source, target])
            reply = self._socket.recv(MESSAGE_BYTES)
        except TimeoutError:
            seconds = f"{self._limits.wall_seconds:g}"
            detail = f"Reading this took longer than {seconds} seconds. Scan it again at a lower resolution, or split it."
            raise ParserFailed(detail, code="timeout") from None
        except OSError:
            reply = b""
        if not reply:
            raise self._post_mortem()
        if len(reply) != HEADER_LENGTH.size:
            nonsense()
        length: int = HEADER_LENGTH.unpack(reply)[0]
        return length

    def alive(self) -> bool:
        return self._popen.poll() is None

    def end(self) -> None:
        """Kill the child and all its descendants (none can leave its process group), and remove its scratch folder."""
        self._socket.close()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _greeting(self) -> list[str]:
        self._socket.settimeout(self._limits.start_seconds)
        try:
            greeting = self._socket.recv(MESSAGE_BYTES)
        except OSError:
            greeting = b""
        if not greeting:
            self.end()
            raise ParserFailed(
                "The parser process does not start. Run `muniment doctor` and try again.", code="parser_not_started"
            )
        in_force: list[str] = json.loads(greeting)["in_force"]
        return in_force

    def _post_mortem(self) -> ParserFailed:
        deadline = time.monotonic() + _GRACE_SECONDS
        while (ended := _waited(self._popen.pid)) is None and time.monotonic() < deadline:
            time.sleep(0.005)
        status, peak = ended or (0, 0)
        self._popen.returncode = os.waitstatus_to_exitcode(status) if ended else None
        if self._popen.returncode == -signal.SIGPROF:
            return ParserFailed("Reading this took too long. Scan it again, or split it.", code="timeout")
        if peak > 0.8 * self._limits.address_space:
            return ParserFailed("This file needs more memory than a parser may use.", code="too_much_memory")
        return ParserFailed("This file ended the program that reads it. Scan it again.", code="parser_crashed")


def _waited(pid: int) -> tuple[int, int] | None:
    """Wait status and peak resident memory in bytes of a child that has ended."""
    try:
        found, status, usage = os.wait4(pid, os.WNOHANG)
    except ChildProcessError:
        return (0, 0)
    return (status, usage.ru_maxrss * 1024) if found else None


def _start(theirs: socket.socket, limits: Limits, prefixes: tuple[str, ...], scratch: Path) -> subprocess.Popen[bytes]:
    configuration = {
        "limits": asdict(limits),
        "prefixes": prefixes,
        "parent": os.getpid(),
        "scratch": str(scratch),
    }
    arguments = ("-P", "-m", "services.kernel.sandbox.child", str(theirs.fileno()), json.dumps(configuration))
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, *arguments],
        env=_environment(scratch),
        cwd=scratch,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=(theirs.fileno(),),
        start_new_session=True,
    )


def _environment(scratch: Path) -> dict[str, str]:
    """Nothing that could be a credential; one thread per library, since the pages are shared out among processes."""
    kept = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
    return (
        kept
        | dict.fromkeys(_ONE_THREAD, "1")
        | {
            "PYTHONPATH": str(Path(services.__path__[0]).parent),
            "PYTHONDONTWRITEBYTECODE": "1",
            "LANG": "C.UTF-8",
            "HOME": str(scratch),
            "TMPDIR": str(scratch),
        }
    )
