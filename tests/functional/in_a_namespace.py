"""Run inside a network namespace by ``test_offline``: ``python -m tests.functional.in_a_namespace FOLDER``. Takes a file in,
reads it, searches, and prints as JSON what the kernel saw of attempts to leave."""

from __future__ import annotations

import fcntl
import json
import socket
import struct
import sys
import time
from pathlib import Path

import psutil

import samples
from tests.archive import RunningArchive

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1  # netdevice(7)
LOOPBACK = ("127.0.0.1", "::1")
REPORTS_WITHIN = 25.0
"""Seconds after which a library that reports home has tried to: ONNX Runtime does after some fifteen."""


def bring_up_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sH14x", b"lo", 0)
        (flags,) = struct.unpack("16xH14x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request))
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | IFF_UP))


def interfaces() -> list[str]:
    return [name for _, name in socket.if_nameindex()]


def refused_by_the_kernel() -> int:
    """How often something in this namespace asked for a way out and there was none (SNMP ``ipOutNoRoutes``)."""
    head, values = (line.split() for line in Path("/proc/net/snmp").read_text().splitlines() if line.startswith("Ip: "))
    six = dict(line.split() for line in Path("/proc/net/snmp6").read_text().splitlines())
    return int(values[head.index("OutNoRoutes")]) + int(six.get("Ip6OutNoRoutes", 0))


def main(folder: Path) -> None:
    bring_up_loopback()
    scan = folder / "receipt.jpg"
    samples.write(samples.make("payment_voucher", 3, name="张伟"), scan, "jpeg", 200)
    before = refused_by_the_kernel()
    with RunningArchive(folder / "data") as archive, archive.client("archivist") as client:
        state = archive.wait(client, archive.deliver(client, [scan]))
        loaded = time.monotonic()
        found = client.get("/api/v1/search", params={"q": "张伟"}).raise_for_status().json()
        read = archive.muniment("read", str(scan), "--json", data=False)
        assert archive.process is not None
        server = psutil.Process(archive.process.pid)
        time.sleep(max(0.0, loaded + REPORTS_WITHIN - time.monotonic()))
        sockets = [each for process in (server, *server.children(True)) for each in process.net_connections("inet")]
    told = {
        "interfaces": interfaces(),
        "state": state["state"],
        "found": found["total"],
        "read": json.loads(read.stdout)[0]["status"],
        "wanted_out": refused_by_the_kernel() - before,
        "strangers": [str(each) for each in sockets if each.laddr.ip not in LOOPBACK],
    }
    attempt_to_leave()
    print(json.dumps(told | {"counts_attempts": refused_by_the_kernel() - before - told["wanted_out"]}))


def attempt_to_leave() -> None:
    """That the kernel does count: a datagram to a documentation address (RFC 5737)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outside:
        try:
            outside.sendto(b"?", ("192.0.2.1", 53))
        except OSError:
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]))
