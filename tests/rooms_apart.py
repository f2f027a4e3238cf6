"""A desk whose rooms are apart: each answers and works from an archive of its own, with its own account on PostgreSQL, its own
key folder and nothing else; requests go to the room that knows them. What a room does beyond its privileges fails here.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import httpx
from fastapi import FastAPI
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from services import app as composition
from services import web, work
from services.kernel.queue.runner import Runner
from services.kernel.queue.stages import Queue
from services.privileges.accounts import ACCOUNTS
from tests.desk import Desk, TypedInspector, TypedReader
from tests.roles import key_folder, signed_in

OTHERWISE = "access"


class ApartDesk(Desk):
    """``archive`` and ``kernel`` are the owner's, for what a test prepares or looks at."""

    @cached_property
    def _archives(self) -> dict[str, composition.Archive]:
        owner = self.archive
        assert owner.kernel.settings.catalogue_url is not None
        return {
            account: composition.build(
                self.settings.model_copy(
                    update={
                        "catalogue_url": signed_in(self.settings.catalogue, account),
                        "keys": key_folder(self.settings.keys_folder, account),
                        "migrate": False,
                    }
                ),
                (account,),
            )
            for account in ACCOUNTS
        }

    def kernel_of(self, account: str) -> Any:
        return self._archives[account].kernel

    def archive_of(self, account: str) -> composition.Archive:
        return self._archives[account]

    @cached_property
    def app(self) -> Any:
        faces = {room: web.http(self._archives[room], (room,)) for room in web.ROOMS}
        return Faces(super().app, faces)

    def runner(self, reader: Any = None) -> Any:
        reading = (TypedInspector(), reader or TypedReader())
        limits = {"lease_seconds": self.settings.lease_seconds, "max_attempts": self.settings.max_attempts}
        runners = {}
        for queue in Queue:
            kernel = self._archives[queue].kernel
            handlers = work.handlers(self._archives[queue], reading)  # type: ignore[arg-type]
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
    """The rooms behind one address. Pages, and what tells of a process, come from ``whole``."""

    def __init__(self, whole: FastAPI, faces: dict[str, FastAPI]) -> None:
        self._whole, self._faces = whole, faces
        through = httpx.ASGITransport(self, raise_app_exceptions=False)
        whole.state.console.client._transport = through  # the console asks the rooms, not the whole

    def __getattr__(self, name: str) -> Any:
        return getattr(self._whole, name)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._face(scope)(scope, receive, send)

    def _face(self, scope: Scope) -> FastAPI:
        if not scope.get("path", "").startswith("/api/"):
            return self._whole
        for face in self._faces.values():
            if any(route.matches(scope)[0] is Match.FULL for route in face.router.routes):
                return face
        return self._faces[OTHERWISE]
