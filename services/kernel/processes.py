"""Processes that must not outlive their parent: when the archive is killed, nothing of it goes on half."""

from __future__ import annotations

import ctypes
import os
import signal

PR_SET_PDEATHSIG = 1  # prctl(2)


def die_with_parent(parent: int | None = None) -> None:
    """Asks the kernel to end this process when its parent ends, however that happens. ``parent`` is the expected parent's
    pid: when it is gone already, this process ends at once."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if parent is not None and os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
