"""Landlock (Linux 5.13 and later): from here on this process and its descendants see only the named paths.

Numbers and layouts from ``linux/landlock.h``; the kernel's `userspace-api/landlock` tells which version knows which right.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_PATH_BENEATH = 1
_ASK_VERSION = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _TRUNCATE = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 14
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_FOR_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
_FS_RIGHTS_BY_VERSION = {1: 13, 2: 14, 3: 15, 4: 15}  # how many of the low bits are known; 16 from version 5
_NO_TCP = 0b11  # from version 4
_SCOPE_SIGNALS_AND_ABSTRACT_SOCKETS = 0b11  # from version 6


class _Ruleset(ctypes.Structure):
    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def restrict(readable: Iterable[Path], writable: Iterable[Path]) -> int:
    """Confine the calling process, which must have set no_new_privs. Gives the Landlock version in force, 0 where the
    kernel has none. Paths that do not exist are left out.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(_CREATE_RULESET, None, 0, _ASK_VERSION)
    if version < 1:
        return 0
    rights = (1 << _FS_RIGHTS_BY_VERSION.get(version, 16)) - 1
    attributes = _Ruleset(rights, _NO_TCP if version >= 4 else 0, _SCOPE_SIGNALS_AND_ABSTRACT_SOCKETS)
    known_bytes = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = libc.syscall(_CREATE_RULESET, ctypes.byref(attributes), known_bytes, 0)
    if ruleset < 0:
        return 0
    for path in readable:
        _allow(libc, ruleset, path, rights & _READ)
    for path in writable:
        _allow(libc, ruleset, path, rights & ~_EXECUTE)
    restricted = libc.syscall(_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)
    return version if restricted == 0 else 0


def _allow(libc: ctypes.CDLL, ruleset: int, path: Path, rights: int) -> None:
    try:
        parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    rule = _PathBeneath(rights if path.is_dir() else rights & _FOR_FILES, parent)
    libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(rule), 0)
    os.close(parent)
