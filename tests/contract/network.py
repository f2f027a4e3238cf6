"""A broken network between a client and a real server on loopback."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from urllib.parse import urlsplit

PIECE = 16_384


class Wire:
    """Forwards TCP connections to ``upstream``. Each entry of ``faults`` spoils one connection, in turn: after so many bytes of
    the server's answer both ends are cut; 0 swallows the answer whole, though the server has done what it was asked."""

    def __init__(self, upstream: str) -> None:
        self._upstream = (urlsplit(upstream).hostname, urlsplit(upstream).port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.faults: list[int] = []
        self.spoilt = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._upstream)
                threading.Thread(target=self._up, args=(near, far), daemon=True).start()
                threading.Thread(target=self._down, args=(near, far), daemon=True).start()

    def _up(self, near: socket.socket, far: socket.socket) -> None:
        with suppress(OSError):
            while piece := near.recv(PIECE):
                far.sendall(piece)
        self._cut(near, far)

    def _down(self, near: socket.socket, far: socket.socket) -> None:
        passed = 0
        with suppress(OSError):
            while piece := far.recv(PIECE):
                if self.faults and passed + len(piece) > self.faults[0]:
                    near.sendall(piece[: self.faults[0] - passed])
                    self.faults.pop(0)
                    self.spoilt += 1
                    break
                near.sendall(piece)
                passed += len(piece)
        self._cut(near, far)

    @staticmethod
    def _cut(*ends: socket.socket) -> None:
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
