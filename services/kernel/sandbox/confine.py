"""The child gives up what it does not need, in the order the kernel asks for, before it sees a byte of a foreign file."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

from services.kernel.sandbox import landlock, seccomp
from services.kernel.sandbox.limits import Limits

_PR_SET_PDEATHSIG, _PR_SET_KEEPCAPS, _PR_SET_NO_NEW_PRIVS = 1, 8, 38
_CLONE_NEWIPC, _CLONE_NEWUSER, _CLONE_NEWNET = 0x08000000, 0x10000000, 0x40000000
_MOST_THREADS = 1 << 22  # of a whole machine, as in proc(5)
_CAPABILITY_VERSION_3 = 0x20080522
_CAP_DAC_READ_SEARCH = 2
# The range systemd keeps for users that exist only while a service runs; one each, so that process limits do not mix.
_FIRST_DYNAMIC_USER, _DYNAMIC_USERS = 61184, 4336

_SYSTEM_PATHS = (
    "/usr",
    "/bin",
    "/lib",
    "/lib64",
    "/etc/ld.so.cache",
    "/etc/fonts",
    "/etc/localtime",
    "/var/cache/fontconfig",
    "/dev/null",
    "/dev/zero",
    "/dev/urandom",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/sys/devices/system/cpu",
)


def confine(limits: Limits, *, parent: int, scratch: Path, packages: Iterable[Path]) -> list[str]:
    """Confine this process and all it will start; ``scratch`` is the only folder it may still write to, ``packages``
    the code it may read besides the interpreter's. Gives the names of what is in force.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    in_force = []
    if _without_network(libc):
        in_force.append("network namespace")
    if os.geteuid() == 0 and _as_nobody(libc, scratch):
        in_force.append("own user")
    # After the change of user, which clears it. The parent may have died before this line.
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) == 0 and os.getppid() != parent:
        os._exit(1)
    _set_limits(limits)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0:
        in_force.append("no_new_privs")
        readable = [*packages, *_interpreter_paths(), *map(Path, _SYSTEM_PATHS)]
        if version := landlock.restrict(readable, [scratch, Path("/dev/null")]):
            in_force.append(f"landlock {version}")
        if seccomp.restrict():
            in_force.append("seccomp")
    return [*in_force, "rlimits"]


def allow_cpu(seconds: float) -> None:
    """Let this process use so much processor time from now on, then be ended by SIGPROF.

    RLIMIT_CPU would count a warm child's past work too, and the kernel measures it by ticks, which drift away from what
    a process can learn of its own use.
    """
    signal.setitimer(signal.ITIMER_PROF, seconds)


def _interpreter_paths() -> list[Path]:
    """Where modules come from; a folder that holds more than modules (the working directory) is not among them."""
    libraries = [Path(entry) for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages")]
    return [Path(sys.prefix), Path(sys.base_prefix), *libraries]


def _without_network(libc: ctypes.CDLL) -> bool:
    if libc.unshare(_CLONE_NEWNET | _CLONE_NEWIPC) == 0:
        return True
    return bool(libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET | _CLONE_NEWIPC) == 0)


def _as_nobody(libc: ctypes.CDLL, scratch: Path) -> bool:
    """Leave root for a user nobody else is. Only the right to read stays (an environment may lie in root's home), and
    Landlock narrows that to code.
    """
    user = _FIRST_DYNAMIC_USER + os.getpid() % _DYNAMIC_USERS
    try:
        os.chown(scratch, user, user)
        os.setgroups([])
        os.setresgid(user, user, user)
        libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0)
        os.setresuid(user, user, user)
    except OSError:
        return False
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    kept = 1 << _CAP_DAC_READ_SEARCH
    sets = (ctypes.c_uint32 * 6)(kept, kept, 0, 0, 0, 0)
    return bool(libc.capset(ctypes.byref(header), ctypes.byref(sets)) == 0)


def _set_limits(limits: Limits) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (limits.address_space, limits.address_space))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits.file_size, limits.file_size))
    resource.setrlimit(resource.RLIMIT_NOFILE, (limits.open_files, limits.open_files))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    hard = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    processes = _threads_of_this_user() + limits.processes
    processes = processes if hard == resource.RLIM_INFINITY else min(processes, hard)
    resource.setrlimit(resource.RLIMIT_NPROC, (processes, processes))


def _threads_of_this_user() -> int:
    """As the kernel counts them against the limit: those of the parent, and of other containers under the same number, which
    /proc does not show. So it is found by trial: the highest limit that keeps one more thread from starting.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NPROC)
    most = hard if hard != resource.RLIM_INFINITY else _MOST_THREADS
    refusing, enough = 0, 1
    try:
        while enough < most and not _starts_under(enough, hard):
            refusing, enough = enough, enough * 2
        while enough - refusing > 1:
            middle = (refusing + enough) // 2
            refusing, enough = (refusing, middle) if _starts_under(middle, hard) else (middle, enough)
    finally:
        resource.setrlimit(resource.RLIMIT_NPROC, (soft, hard))
    return refusing


def _starts_under(limit: int, hard: int) -> bool:
    resource.setrlimit(resource.RLIMIT_NPROC, (limit, hard))
    thread = threading.Thread(target=int)
    try:
        thread.start()
    except RuntimeError:
        return False
    thread.join()
    return True
