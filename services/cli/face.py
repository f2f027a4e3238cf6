"""An application, served until this process is told to stop."""

from __future__ import annotations

import math
import signal
from threading import Event
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI


class Face(uvicorn.Server):
    """Stops on ``leave``, SIGINT or SIGTERM: it takes no further requests, lets those in hand end, for ``drain_seconds`` at
    most, and returns from ``run``."""

    def __init__(self, app: FastAPI, *, drain_seconds: float) -> None:
        drain = math.ceil(drain_seconds)
        options: dict[str, Any] = {
            "log_config": None,
            "access_log": False,
            "server_header": False,
            "timeout_graceful_shutdown": drain,
        }
        super().__init__(uvicorn.Config(app, **options))
        self._leaving: Event = app.state.leaving

    def leave(self, *_: Any) -> None:
        """Ends at once what would otherwise go on for ever: streams of events."""
        self._leaving.set()
        self.should_exit = True

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._leaving.set()
        super().handle_exit(sig, frame)

    def heed_signals(self) -> None:
        """uvicorn raises a signal again once it has stopped; it must not end the process before that is done with."""
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self.leave)
