"""What processes use, out of ``/proc`` (proc(5)): peak memory and processor time, with all their descendants."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

_HIGH_WATER = re.compile(rb"^VmHWM:\s+(\d+) kB", re.MULTILINE)
_SAMPLE_SECONDS = 0.2


class Peaks:
    """Watches the memory of processes while its block runs.

    ``mb`` holds for each process the highest sum of its own high-water mark and those of the descendants that lived at the
    same time. The marks are the kernel's, so nothing between two looks is missed; but they need not have been reached at
    once, so the sum is an upper bound.
    """

    def __init__(self, pids: Sequence[int]) -> None:
        self.mb: dict[int, float] = dict.fromkeys(pids, 0.0)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="peaks", daemon=True)

    def __enter__(self) -> Peaks:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            over = self._stop.wait(_SAMPLE_SECONDS)
            for pid in self.mb:
                self.mb[pid] = max(self.mb[pid], high_water_mb(pid))
            if over:
                return


def high_water_mb(pid: int) -> float:
    """Peak resident memory (VmHWM) of a process plus that of the descendants it has now, in MB (10^6 bytes)."""
    total = 0
    for each in _family(pid):
        found = _HIGH_WATER.search(_read(each, "status"))
        total += int(found[1]) * 1024 if found else 0
    return total / 1e6


def cpu_seconds(pid: int) -> float:
    """Processor time of a process and its descendants so far: the living by their own count, the dead by their parents'."""
    ticks = 0
    for each in _family(pid):
        fields = _read(each, "stat").rpartition(b")")[2].split()
        ticks += sum(int(field) for field in fields[11:15])  # utime, stime, cutime, cstime
    return ticks / os.sysconf("SC_CLK_TCK")


def _family(pid: int) -> list[int]:
    """The process and its descendants. One that was started but is not yet its own program still shares its parent's
    memory; it has its parent's command line and is left out."""
    line = _read(pid, "cmdline")
    children = [int(child) for tasks in _children_files(pid) for child in tasks.split()]
    own = [child for child in children if _read(child, "cmdline") not in (line, b"")]
    return [pid, *(each for child in own for each in _family(child))]


def _children_files(pid: int) -> list[bytes]:
    try:
        return [path.read_bytes() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        return []


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""
