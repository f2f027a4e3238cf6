"""A store that hangs costs one request its patience, and not each."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from threading import Thread

import pytest
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from services.kernel.blobs.s3 import S3BlobStore, connect
from services.kernel.blobs.s3_silence import Silence, StoreSilent
from services.kernel.errors import Unavailable
from services.kernel.ids import new_id


class World:
    """A clock, and requests that are answered or not."""

    def __init__(self) -> None:
        self.now = 0.0
        self.silence = Silence(pause=10, clock=lambda: self.now)

    def ask(self, failure: Exception | None = None) -> str:
        try:
            self.silence._before()
        except StoreSilent:
            return "refused"
        self.silence._failed(failure) if failure else self.silence._after()
        return "failed" if failure else "answered"


HANGS, CUT = ReadTimeoutError(endpoint_url="x"), ConnectionClosedError(endpoint_url="x")


def test_after_one_that_waited_in_vain_others_are_refused_and_one_is_sent_now_and_then():
    world = World()
    assert [world.ask(), world.ask(HANGS), world.ask(), world.ask()] == ["answered", "failed", "refused", "refused"]
    world.now = 11
    world.silence._before()
    assert world.ask() == "refused", "while the one that was sent waits"
    world.silence._after()
    assert [world.ask(), world.ask()] == ["answered", "answered"]


def test_as_long_as_it_hangs_one_in_each_pause_finds_out():
    world, asked = World(), []
    for second in range(50):
        world.now = second
        asked.append(world.ask(HANGS))
    assert asked.count("failed") == 5


def test_a_store_that_refuses_is_asked_each_time():
    world = World()
    assert [world.ask(CUT), world.ask(CUT), world.ask()] == ["failed", "failed", "answered"]


class Hanging:
    """Takes connections in and never answers: what was sent to it is counted."""

    def __init__(self, server: socket.socket) -> None:
        self.url = f"http://127.0.0.1:{server.getsockname()[1]}"
        self._server, self._held = server, list[socket.socket]()
        Thread(target=self._take, daemon=True).start()

    def _take(self) -> None:
        with suppress(OSError):
            while True:
                self._held.append(self._server.accept()[0])

    @property
    def asked(self) -> int:
        return len(self._held)


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield Hanging(server)


def test_a_client_of_ours_heeds_it(hanging):
    store = S3BlobStore(connect(hanging.url, "a", "b", answer_seconds=0.5, attempts=2), "bucket")
    asked = []
    for _ in range(3):
        with pytest.raises(Unavailable, match="does not answer"):
            store.open(new_id())
        asked.append(hanging.asked)
    assert asked == [2, 2, 2], "the first tries again, the others do not even ask"


def test_an_upload_that_hangs_ends_with_the_patience_of_one_request(hanging):
    store = S3BlobStore(connect(hanging.url, "a", "b", answer_seconds=0.5, attempts=2), "bucket")
    writer = store.create(new_id())
    writer.write(b"page")
    with pytest.raises(Unavailable, match="does not answer"):
        writer.commit()
    assert hanging.asked <= 2, "neither asks nor cleans up in vain"
