"""People at work on an archive: one who hands paper in until it is acknowledged, one who looks things up. What they were
answered is kept, for a test to judge."""

from __future__ import annotations

import hashlib
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from tests.apart import House
from tests.archive import once
from tests.slips import Slips

SILENT = "silent"
"""No answer within the client's patience."""
GONE = "gone"
"""The connection was refused or cut, as by a process that is killed."""
PAUSE = 0.5
"""Seconds before what was refused is sent again."""


@dataclass(frozen=True, slots=True)
class Answer:
    """``status`` is an HTTP status, ``SILENT`` or ``GONE``; ``at`` when it was asked, by ``time.monotonic``."""

    what: str
    status: int | str
    at: float
    seconds: float
    problem: dict[str, Any] | None = None

    @property
    def is_clear(self) -> bool:
        """Done, or refused for now in a problem document that says what to do."""
        if isinstance(self.status, int) and self.status < 300:
            return True
        told = self.problem or {}
        return self.status == told.get("status") == 503 and bool(told["detail"]) and "request_id" in told


class Person(threading.Thread, ABC):
    """Does the same thing again and again until ``leave``."""

    def __init__(self, house: House, patience: float) -> None:
        super().__init__(daemon=True)
        self.house, self.answers = house, list[Answer]()
        self._client = house.client(patience)
        self._leaving = threading.Event()
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            while not self._leaving.is_set():
                self.act()
        except BaseException as error:  # told where the thread is joined
            self.failure = error

    @abstractmethod
    def act(self) -> None:
        """One thing that this person does, over and over."""

    def leave(self) -> None:
        """Raises what the thread fell over."""
        self._leaving.set()
        self.join()
        self._client.close()
        if self.failure is not None:
            raise self.failure

    def ask(self, what: str, method: str, path: str, **more: Any) -> httpx.Response | None:
        """One request, noted; None where no answer came."""
        at, answer, status = time.monotonic(), None, GONE
        try:
            answer = self._client.request(method, self.house.url(path), **more)
        except httpx.TimeoutException:
            status = SILENT
        except httpx.TransportError:
            pass
        told = answer.json() if answer is not None and "problem+json" in answer.headers["content-type"] else None
        self.answers.append(Answer(what, status if answer is None else answer.status_code, at, time.monotonic() - at, told))
        return answer

    def statuses(self) -> dict[str, dict[int | str, int]]:
        """How often each was answered what."""
        counted = Counter((each.what, each.status) for each in self.answers)
        found: dict[str, dict[int | str, int]] = {}
        for (what, status), count in counted.items():
            found.setdefault(what, {})[status] = count
        return found


@dataclass(frozen=True, slots=True)
class Delivered:
    """A document that was acknowledged: the file's id, the serial number on each of its pages, and when the request that was
    answered was sent, by ``time.monotonic``."""

    file_id: str
    sha256: str
    serials: tuple[str, ...]
    asked: float


class Deliverer(Person):
    """Hands slips in, one document after the other, each under one key until it is acknowledged. While ``enough`` says so,
    nothing new is begun."""

    FILES_IN_A_BATCH = 12

    def __init__(self, house: House, slips: Slips, patience: float, *, enough: Callable[[], bool]) -> None:
        super().__init__(house, patience)
        self.delivered: list[Delivered] = []
        self._slips, self._enough = slips, enough
        self._batches = self._open_batches()

    @property
    def pages(self) -> int:
        return sum(len(each.serials) for each in self.delivered)

    def act(self) -> None:
        if self._enough():
            self._leaving.wait(PAUSE / 5)
            return
        path, serials = self._slips.next()
        content = path.read_bytes()
        files = f"/api/v1/batches/{next(self._batches)}/files"
        answer = self._until_done("deliver", files, files={"file": (path.name, content)})
        digest = hashlib.sha256(content).hexdigest()
        assert answer["sha256"] == digest and answer["duplicate_of"] is None, answer
        self.delivered.append(Delivered(answer["id"], digest, serials, self.answers[-1].at))

    def _open_batches(self) -> Iterator[str]:
        while True:
            batch = self._until_done("open", "/api/v1/batches", json={"title": "故障演练", "source": "test"})["id"]
            for _ in range(self.FILES_IN_A_BATCH):
                yield batch

    def _until_done(self, what: str, path: str, **body: Any) -> dict[str, Any]:
        """What was begun is brought to its end also by who is to leave: it may have been taken in."""
        key = once()
        while True:
            answer = self.ask(what, "POST", path, headers=key, **body)
            if answer is not None and answer.status_code == httpx.codes.CREATED:
                done: dict[str, Any] = answer.json()
                return done
            time.sleep(PAUSE)


class Visitor(Person):
    """Searches, lists items and batches, reads a text and looks at a page, in turn."""

    item: str | None = None

    def act(self) -> None:
        found = self.ask("search", "GET", "/api/v1/search", params={"q": "登记单", "limit": 1})
        if found is not None and found.is_success and found.json()["hits"]:
            self.item = found.json()["hits"][0]["item_id"]
        self.ask("batches", "GET", "/api/v1/batches", params={"limit": 5})
        self.ask("items", "GET", "/api/v1/items", params={"limit": 5})
        if self.item is not None:
            self.ask("text", "GET", f"/api/v1/items/{self.item}/text")
            self.ask("image", "GET", f"/api/v1/items/{self.item}/pages/1/image")
        self._leaving.wait(PAUSE)
