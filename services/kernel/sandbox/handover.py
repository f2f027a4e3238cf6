"""A file is handed to the child as a descriptor that can only be read: the child learns no path and changes no byte."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from io import UnsupportedOperation
from pathlib import Path
from typing import IO, BinaryIO

from services.kernel.sandbox.limits import MIB

_IN_MEMORY = 64 * MIB


@contextlib.contextmanager
def readable(source: BinaryIO) -> Iterator[int]:
    """A descriptor on the whole of ``source``, with a position of its own. What is no file of the system is copied to
    one without a name: in memory while it is small, since it may be plain text of something kept encrypted.
    """
    with contextlib.ExitStack() as stack:
        try:
            descriptor = source.fileno()
        except (UnsupportedOperation, AttributeError):
            descriptor = stack.enter_context(_copied(source)).fileno()
        else:
            if source.writable():
                source.flush()
        reopened = os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY | os.O_CLOEXEC)
        stack.callback(os.close, reopened)
        yield reopened


def _copied(source: BinaryIO) -> IO[bytes]:
    size = source.seek(0, os.SEEK_END)
    source.seek(0)
    copy: IO[bytes] = os.fdopen(_nameless(in_memory=size <= _IN_MEMORY), "w+b")
    shutil.copyfileobj(source, copy, MIB)
    copy.flush()
    return copy


def _nameless(*, in_memory: bool) -> int:
    if in_memory:
        return os.memfd_create("source")
    descriptor, path = tempfile.mkstemp()
    Path(path).unlink()
    return descriptor
