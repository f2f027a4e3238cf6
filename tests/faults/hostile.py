"""Parsers that do what a hostile file might make a real one do. They run in the sandbox's child, never in a test."""

import ctypes
import mmap
import os
import signal
import socket
import time
from pathlib import Path


def honest(source, *, repeat=1, blob_bytes=0):
    return {"text": source.read().decode() * repeat}, [b"x" * blob_bytes] if blob_bytes else []


def spin(source):
    while True:
        pass


def spin_in_c(source):
    ctypes.PyDLL(None).pause()  # a library that never returns and never lets go of the interpreter


def burn(source, *, seconds):
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass
    return {}, []


def allocate(source, *, gigabytes):
    return {"length": len(bytearray(gigabytes << 30))}, []


def eat_memory(source):
    """As C libraries do that abort when there is no more."""
    chunks = []
    try:
        while True:
            chunks.append(b"\1" * (64 << 20))
    except MemoryError:
        os.abort()


def fork_bomb(source):
    started = 0
    try:
        for _ in range(5000):
            if os.fork() == 0:
                time.sleep(60)
            started += 1
    except OSError:
        pass
    return {"started": started}, []


def leave_a_descendant(source):
    pid = os.fork()
    if pid == 0:
        time.sleep(60)
    return {"pid": pid}, []


def escape_the_group(source):
    try:
        os.setsid()
    except OSError as error:
        return {"errno": error.errno}, []
    return {"errno": 0}, []


def connect(source, *, port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except OSError as error:
        return {"reached": False, "error": str(error)}, []
    return {"reached": True}, []


def try_doors(source, *, path, port):
    """Every kind of socket, and the archive's own servers behind them; tells which opened."""
    opened = []
    for family in ("AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK", "AF_PACKET", "AF_VSOCK"):
        for kind in ("SOCK_STREAM", "SOCK_DGRAM", "SOCK_RAW"):
            try:
                door = socket.socket(getattr(socket, family), getattr(socket, kind))
                opened.append(f"{family} {kind}")
                door.settimeout(2)
                door.connect(path if family == "AF_UNIX" else ("127.0.0.1", port))
                opened.append(f"{family} {kind} reached")
            except (OSError, TypeError):
                continue
    return {"opened": opened}, []


def fill_the_disk(source, *, gigabytes):
    """At once, then byte by byte: how much was written."""
    with Path("filling").open("wb") as target:
        try:
            os.ftruncate(target.fileno(), gigabytes << 30)
        except OSError:
            pass
        else:
            return {"written": gigabytes << 30}, []
        written = 0
        try:
            while written < gigabytes << 30:
                written += os.write(target.fileno(), bytes(1 << 20))
        except OSError:
            pass
    return {"written": written}, []


def look_around(source, *, secret):
    facts = {"environment": dict(os.environ)}
    for name, path in (("secret", secret), ("parent", f"/proc/{os.getppid()}/environ")):
        try:
            facts[name] = Path(path).read_text()
        except OSError as error:
            facts[f"{name}_error"] = str(error)
    return facts, []


def open_descriptors(source):
    opened = []
    for number in range(256):
        try:
            os.fstat(number)
        except OSError:
            continue
        opened.append(number)
    return {"opened": opened}, []


def overwrite(source):
    try:
        os.write(source.fileno(), b"changed")
    except OSError as error:
        return {"errno": error.errno}, []
    return {"errno": 0}, []


def kill_parent(source):
    try:
        os.kill(os.getppid(), signal.SIGKILL)
    except OSError as error:
        return {"errno": error.errno}, []
    return {"errno": 0}, []


def write_elsewhere(source, *, folder):
    try:
        Path(folder, "planted").write_text("x")
    except OSError as error:
        return {"errno": error.errno}, []
    return {"errno": 0}, []


def kill_nine(source):
    os.kill(os.getpid(), signal.SIGKILL)


def segfault(source):
    ctypes.string_at(0)


def exit_politely(source):
    os._exit(0)


def _private(source):
    return {}, []


def _parent_socket():
    for number in range(3, 256):
        try:
            return socket.socket(fileno=number)
        except OSError:
            continue
    raise AssertionError("no socket")


def lie(source, *, answer, header_bytes=None, size=None, mapped=False, reply=None):
    """Write what is told to the answer file by hand, send a header length that may be false, and wait."""
    target = source.fileno() + 1
    encoded = answer.encode("latin-1")
    os.write(target, encoded)
    if size is not None:
        os.ftruncate(target, size)
    keep = mmap.mmap(target, os.fstat(target).st_size) if mapped else None
    parent = _parent_socket()
    length = len(encoded) if header_bytes is None else header_bytes
    parent.send(length.to_bytes(8, "big") if reply is None else reply.encode())
    time.sleep(30)
    return {"kept": keep is None}, []


def refuse(source, *, code="encrypted"):
    from services.kernel.errors import ParserRefused

    raise ParserRefused("Remove the password and send it again.", code=code)


def bug(source):
    raise ZeroDivisionError("an honest mistake")


def unspeakable(source):
    return {"set": {1, 2}}, []
