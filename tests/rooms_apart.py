"""A desk whose rooms are apart: each answers and works from an archive of its own, with its own account on PostgreSQL, its own
key folder and nothing else; requests go to the room that knows them. What a room does beyond its privileges fails here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, ClassVar

import httpx
from fastapi import FastAPI
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from services import app as composition
from services import web, work
from services.kernel.queue.runner import Runner
from services.kernel.queue.stages import Queue
from tests.desk import Desk, TypedInspector, TypedReader
from tests.roles import key_folder, signed_in

OTHERWISE = "access"


class ApartDesk(Desk):
    """``archive`` and ``kernel`` are the owner's, for what a test prepares or looks at."""

    @cached_property
    def _archives(self) -> dict[str, composition.Archive]:
        return {}

    def archive_of(self, account: str) -> composition.Archive:
        if account not in self._archives:
            assert self.archive.kernel.settings.catalogue_url is not None
            here = {
                "catalogue_url": signed_in(self.settings.catalogue, account),
                "keys": key_folder(self.settings.keys_folder, account),
                "migrate": False,
            }
            self._archives[account] = composition.build(self.settings.model_copy(update=here), (account,))
        return self._archives[account]

    def kernel_of(self, account: str) -> Any:
        return self.archive_of(account).kernel

    @cached_property
    def app(self) -> Any:
        return Faces(super().app, lambda room: web.http(self.archive_of(room), (room,)))

    def runner(self, reader: Any = None) -> Any:
        reading = (TypedInspector(), reader or TypedReader())
        limits = {"lease_seconds": self.settings.lease_seconds, "max_attempts": self.settings.max_attempts}
        runners = {}
        for queue in Queue:
            kernel = self.kernel_of(queue)
            handlers = work.handlers(self.archive_of(queue), reading)  # type: ignore[arg-type]
            runners[queue] = Runner(kernel.database, handlers, tell=kernel.metrics.job, **limits)
        return Workers(runners)

    def objects(self) -> list[str]:
        """Once what is not kept is gone, which most rooms leave to another process."""
        self.runner().drain(Queue.DESTRUCTION)
        return super().objects()

    def close(self) -> None:
        for archive in self.__dict__.get("_archives", {}).values():
            archive.kernel.database.close()
        super().close()


class Workers:
    """A worker for each queue."""

    def __init__(self, runners: dict[Queue, Runner]) -> None:
        self._runners = runners

    def drain(self, queue: Queue, **more: Any) -> int:
        return self._runners[queue].drain(queue, **more)


class Faces:
    """The rooms behind one address, each opened when it is first asked. Pages, and what tells of a process, come from
    ``whole``."""

    _rooms: ClassVar[dict[str, list[BaseRoute]]] = {}
    """What each room knows, which is the same for every archive."""

    def __init__(self, whole: FastAPI, opened: Callable[[str], FastAPI]) -> None:
        self._whole, self._opened = whole, opened
        self._faces: dict[str, FastAPI] = {}
        through = httpx.ASGITransport(self, raise_app_exceptions=False)
        whole.state.console.client._transport = through  # the console asks the rooms, not the whole

    def __getattr__(self, name: str) -> Any:
        return getattr(self._whole, name)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        inside = scope.get("path", "").startswith("/api/")
        await (self._face(self._room(scope)) if inside else self._whole)(scope, receive, send)

    def _face(self, room: str) -> FastAPI:
        if room not in self._faces:
            self._faces[room] = self._opened(room)
        return self._faces[room]

    def _room(self, scope: Scope) -> str:
        for room in web.ROOMS:
            if room not in self._rooms:
                self._rooms[room] = self._face(room).router.routes
            if any(route.matches(scope)[0] is Match.FULL for route in self._rooms[room]):
                return room
        return OTHERWISE
