"""What parent and child say to each other.

A request is one JSON message with two file descriptors: the source to read and an empty file in memory for the answer.
The answer is a JSON header (``{"facts", "blobs": [sizes]}`` or ``{"error"}``) and the raw blocks behind it, all in that
file; the message on the socket is nothing but the header's length.
"""

from __future__ import annotations

import fcntl
import json
import mmap
import os
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from services.kernel.errors import ParserFailed, ParserRefused
from services.kernel.sandbox.limits import Limits

HEADER_LENGTH = struct.Struct("!Q")
MESSAGE_BYTES = 1 << 16
NONSENSE = "The parser gave an answer that cannot be right. Scan the sheet again; keep the file for an administrator."

_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
_CODE = re.compile(r"[a-z][a-z0-9_]{1,40}")
_DETAIL_CHARACTERS = 1000


@dataclass(frozen=True, slots=True)
class Answer:
    """``facts`` is JSON as the child told it, so still to be checked by whoever knows its shape; ``blobs`` are raw bytes
    in shared memory, freed with the last reference to them.
    """

    facts: dict[str, Any]
    blobs: list[memoryview]


def write_answer(target: int, header: dict[str, Any], blobs: Sequence[bytes | memoryview]) -> int:
    """Write header and blocks to the file descriptor and give the header's length in bytes."""
    encoded = json.dumps(header, ensure_ascii=False, allow_nan=False).encode()
    for block in (encoded, *blobs):
        rest = memoryview(block).cast("B")
        while rest:
            rest = rest[os.write(target, rest) :]
    return len(encoded)


def read_answer(source: int, header_bytes: int, limits: Limits) -> Answer:
    """Check and map what a child wrote. Raises ParserRefused or ParserFailed as the child said, or ParserFailed with
    code ``nonsense`` where the child lied.
    """
    _seal(source)
    size = os.fstat(source).st_size
    if not 0 < header_bytes <= min(size, limits.facts_bytes) or size - header_bytes > limits.answer_bytes:
        nonsense()
    view = memoryview(mmap.mmap(source, size, access=mmap.ACCESS_READ))
    header = _parse(bytes(view[:header_bytes]))
    if "error" in header:
        _raise(header["error"])
    facts, sizes = header.get("facts"), header.get("blobs")
    if not isinstance(facts, dict) or not isinstance(sizes, list):
        nonsense()
    if any(type(length) is not int or length < 0 for length in sizes) or header_bytes + sum(sizes) != size:
        nonsense()
    blobs, start = [], header_bytes
    for length in sizes:
        blobs.append(view[start : start + length])
        start += length
    return Answer(facts, blobs)


def nonsense() -> NoReturn:
    raise ParserFailed(NONSENSE, code="nonsense")


def _seal(source: int) -> None:
    """Freeze the file: a child that shrank it while it is read would end the parent by SIGBUS."""
    try:
        fcntl.fcntl(source, fcntl.F_ADD_SEALS, _SEALS)
    except OSError:
        nonsense()  # the child still maps it for writing, or has sealed it against us


def _parse(encoded: bytes) -> dict[str, Any]:
    try:
        header = json.loads(encoded, parse_constant=lambda _: nonsense())
    except (ValueError, RecursionError):
        nonsense()
    if not isinstance(header, dict):
        nonsense()
    return header


def _raise(error: Any) -> NoReturn:
    if not isinstance(error, dict):
        nonsense()
    code, detail = error.get("code"), error.get("detail")
    if not isinstance(code, str) or not _CODE.fullmatch(code) or not isinstance(detail, str):
        nonsense()
    readable = "".join(c for c in detail[:_DETAIL_CHARACTERS] if c.isprintable())
    raise (ParserRefused if error.get("refused") is True else ParserFailed)(readable, code=code)
