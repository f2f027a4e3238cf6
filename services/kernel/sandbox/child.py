"""The child: ``python -m services.kernel.sandbox.child SOCKET CONFIGURATION``. Started by ``Sandbox``, by nobody else."""

from __future__ import annotations

import importlib
import json
import os
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from services.kernel.errors import ParserRefused
from services.kernel.sandbox.confine import allow_cpu, confine
from services.kernel.sandbox.limits import Limits
from services.kernel.sandbox.protocol import HEADER_LENGTH, MESSAGE_BYTES, write_answer

Parser = Callable[..., tuple[dict[str, Any], Sequence[bytes | memoryview]]]


def main(argument: str, configuration: str) -> None:
    """Confine this process, say how, then answer requests until the parent hangs up."""
    config = json.loads(configuration)
    limits, prefixes = Limits(**config["limits"]), tuple(config["prefixes"])
    parent = socket.socket(fileno=int(argument))
    packages = _packages(prefixes)
    in_force = confine(limits, parent=config["parent"], scratch=Path(config["scratch"]), packages=packages)
    parent.send(json.dumps({"in_force": in_force}).encode())
    _be_silent()
    while True:
        message, descriptors, _, _ = socket.recv_fds(parent, MESSAGE_BYTES, 2)
        if not message:
            return
        source, target = descriptors
        allow_cpu(limits.cpu_seconds)
        with os.fdopen(source, "rb") as opened:
            length = _answer(json.loads(message), opened, target, prefixes)
        allow_cpu(0)  # zero stops the clock
        os.close(target)
        parent.send(HEADER_LENGTH.pack(length))


def _packages(prefixes: tuple[str, ...]) -> list[Path]:
    """Import the top of each allowed package while its parent folder can still be seen; give the folders of their code."""
    tops = {prefix.partition(".")[0] for prefix in prefixes}
    return [Path(path) for top in tops for path in importlib.import_module(top).__path__]


def _be_silent() -> None:
    """What a foreign file makes a library print belongs in no log."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def _answer(request: dict[str, Any], source: BinaryIO, target: int, prefixes: tuple[str, ...]) -> int:
    try:
        facts, blobs = _resolve(request["function"], prefixes)(source, **request["params"])
        header = {"facts": facts, "blobs": [memoryview(blob).nbytes for blob in blobs]}
        return write_answer(target, header, blobs)
    except ParserRefused as refusal:
        error = {"refused": True, "code": refusal.code, "detail": refusal.detail}
    except MemoryError:
        error = {"code": "too_much_memory", "detail": "This file needs more memory than a parser may use."}
    except Exception as failure:
        error = {"code": "parser_failed", "detail": f"The parser failed: {type(failure).__name__}: {failure}"}
    os.ftruncate(target, 0)
    os.lseek(target, 0, os.SEEK_SET)
    return write_answer(target, {"error": error}, ())


def _resolve(function: str, prefixes: tuple[str, ...]) -> Parser:
    """``package.module:function`` below an allowed prefix; private names are not for callers."""
    module, _, name = function.partition(":")
    if not module.startswith(prefixes) or not name.isidentifier() or name.startswith("_"):
        raise PermissionError(f"{function} is not on the list of parsers")
    found: Parser = getattr(importlib.import_module(module), name)
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])
