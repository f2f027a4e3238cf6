"""The parent's side: keeps one child, hands it files, and ends it when it misbehaves."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, BinaryIO

from services.kernel.errors import ParserFailed, ParserRefused
from services.kernel.sandbox.handover import readable
from services.kernel.sandbox.limits import Limits
from services.kernel.sandbox.process import ChildProcess
from services.kernel.sandbox.protocol import MESSAGE_BYTES, Answer, read_answer

_HARMLESS = "parser_failed"  # the function raised, the child caught it and answered in good order


class Sandbox:
    """One child at a time, started at the first call and again whenever it ended or has served ``recycle_after`` calls.

    Safe to share between threads: calls wait for each other. After a fork each process gets a child of its own.
    ``prefixes`` say which modules may be called at all.
    """

    def __init__(
        self, limits: Limits = Limits(), *, recycle_after: int = 200, prefixes: tuple[str, ...] = ("services.",)
    ) -> None:
        self._limits = limits
        self._recycle_after = recycle_after
        self._prefixes = prefixes
        self._own()

    def call(self, function: str, source: BinaryIO, **params: Any) -> Answer:
        """Run ``function`` (``package.module:name``) on the whole of ``source`` in the child, ``params`` being JSON.

        Raises ParserRefused as the function raised it; ParserFailed with code ``timeout``, ``parser_crashed``,
        ``too_much_memory``, ``nonsense`` (the child lied) or ``parser_failed`` (any other exception of the function).
        """
        request = json.dumps({"function": function, "params": params}).encode()
        if len(request) > MESSAGE_BYTES:
            raise ValueError(f"parameters of {len(request)} bytes are too many for one message")
        with self._locked(), readable(source) as descriptor:
            used = self._child is not None and self._child.calls > 0
            try:
                return self._exchange(request, descriptor)
            except ParserFailed as failure:
                if not used or failure.code != "too_much_memory":
                    raise
            # Earlier calls may have used up the memory: the file deserves a fresh child before it is blamed.
            return self._exchange(request, descriptor)

    def level(self) -> str:
        """What isolation is in force on this machine, for ``muniment doctor``: ``strong (…)`` when the child has no
        network and cannot see the archive's files, else ``weak (…)``.
        """
        with self._locked():
            in_force = self._started().in_force
        offline = "network namespace" in in_force or "seccomp" in in_force
        confined = any(name.startswith("landlock") for name in in_force)
        return f"{'strong' if offline and confined else 'weak'} ({', '.join(in_force)})"

    def close(self) -> None:
        """End the child. A later call starts another."""
        with self._locked():
            self._end()

    def _own(self) -> None:
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._child: ChildProcess | None = None
        self._starter: ThreadPoolExecutor | None = None

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        if self._process != os.getpid():
            self._own()  # forked: the child and the starting thread belong to the process we came from
        with self._lock:
            yield

    def _started(self) -> ChildProcess:
        if self._child is not None and (self._child.calls >= self._recycle_after or not self._child.alive()):
            self._end()
        if self._child is None:
            if self._starter is None:
                # The kernel ends a child with the *thread* that started it, and callers' threads come and go.
                self._starter = ThreadPoolExecutor(1, thread_name_prefix="sandbox-starter")
            self._child = self._starter.submit(ChildProcess, self._limits, self._prefixes).result()
        return self._child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.end()
        starter, self._starter = self._starter, None
        if starter is not None:
            starter.shutdown()

    def _exchange(self, request: bytes, source: int) -> Answer:
        child = self._started()
        target = os.memfd_create("answer", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            return read_answer(target, child.ask(request, source, target), self._limits)
        except ParserRefused as refusal:
            if isinstance(refusal, ParserFailed) and refusal.code != _HARMLESS:
                self._end()
            raise
        except BaseException:
            self._end()  # interrupted: else the answer to this question would meet the next one
            raise
        finally:
            os.close(target)
