"""Generations of the index, and the aliases that say which is which.

Each generation is an index of its own. ``<prefix>-live-<scheme>`` is the one that answers and is written to; while another is
under construction it has ``<prefix>-building-<scheme>``, and every writer writes to both. Who may build is decided by the
engine: ``<prefix>-free`` lies on the live generation while nobody builds, and a change of aliases that takes it away, or that
removes an index, succeeds for one only. ``<prefix>-retired`` is on what answered before, for the moment until it is removed.

A builder shows that it is alive by writing to ``<prefix>-rebuild``; where those signs stay out, another takes its place, and
what the first still writes or publishes fails, for its generation is gone.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from services.kernel.errors import Conflict, Unavailable
from services.search.index.elastic import schema
from services.search.index.elastic.schema import SCHEME
from services.search.index.elastic.transport import Endpoint, EngineError, Transport

OTHER_SCHEME = "The index was made by another version of the archive. Run `muniment reindex`."
TAKEN_OVER = "Another rebuild took this one's place. Wait until that is done."
_SIGN = "rebuilding"


@dataclass(frozen=True, slots=True)
class State:
    """Which index is what; names of indices. ``ours`` if both were made under this scheme."""

    live: str | None
    building: str | None
    free: bool
    ours: bool
    retired: frozenset[str]
    all: frozenset[str]


@dataclass(frozen=True, slots=True)
class Built:
    """A generation under construction and the alias that only its builder writes to; both go when another takes its place."""

    index: str
    alias: str


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds: a builder gives a sign every ``sign``; after ``patience`` without one it is taken for dead. A generation that
    was replaced stays for ``grace``, so that searches under way end in it.
    """

    sign: float = 2.0
    patience: float = 15.0
    grace: float = 2.0


class Generations:
    """The generations under the endpoint's prefix."""

    def __init__(self, transport: Transport, endpoint: Endpoint, pace: Pace) -> None:
        self._transport, self._endpoint, self._pace = transport, endpoint, pace
        self._prefix = endpoint.prefix
        self.live = f"{self._prefix}-live-{SCHEME}"
        self.building = f"{self._prefix}-building-{SCHEME}"

    def state(self) -> State:
        """Return who is who now."""
        answer = self._transport.request("GET", f"/{self._prefix}-items-*/_alias")
        names = [(*self._part(alias), index) for index, more in answer.items() for alias in more["aliases"]]
        roles = {role: index for role, _, index in names}
        schemes = {scheme for role, scheme, _ in names if role in ("live", "building")}
        retired = frozenset(index for role, _, index in names if role == "retired")
        return State(roles.get("live"), roles.get("building"), "free" in roles, schemes <= {SCHEME}, retired, frozenset(answer))

    def ensured(self) -> State:
        """Return who is who, after making an empty index where there is none. Raises ``Unavailable`` under another scheme."""
        state = self.state()
        if state.live is None and state.building is None:
            self._create(
                f"{self._prefix}-items-first", {"aliases": {self.live: {}, f"{self._prefix}-free": {}}}, exists_ok=True
            )
            state = self.state()
        if state.live is None or not state.ours:
            raise Unavailable(OTHER_SCHEME)
        return state

    @contextmanager
    def rebuilding(self) -> Iterator[Built]:
        """Hold the only generation under construction; leave by :meth:`publish`, or it is thrown away. Raises ``Conflict``."""
        built = self._begin()
        stop = threading.Event()
        signs = threading.Thread(target=self._give_signs, args=(built.index, stop), daemon=True)
        signs.start()
        try:
            yield built
        except BaseException:
            with suppress(EngineError, Unavailable):
                self._abandon(built.index)
            raise
        finally:
            stop.set()
            signs.join()

    def publish(self, built: Built) -> None:
        """Let a generation answer from now on, all at once, and remove the one before it. HTTP 404 if it is gone."""
        index, before = built.index, self.state()
        self._transport.request("PUT", f"/{index}/_settings", {"index": {"refresh_interval": None}})
        actions = [_action("remove", index, alias, must_exist=True) for alias in (self.building, built.alias)]
        actions += [_action("add", index, alias) for alias in (self.live, f"{self._prefix}-free")]
        if before.live:
            actions.append(_action("remove", before.live, f"{self._prefix}-live-*"))
            actions.append(_action("add", before.live, f"{self._prefix}-retired"))
        try:
            self._change(actions)
        except (EngineError, Unavailable):
            if self.state().live != index:  # or it was carried out, and only the answer was lost
                raise
        if before.live:
            time.sleep(self._pace.grace)
            self.drop(before.live)

    def drop(self, index: str) -> None:
        """Remove a generation and its files, if it is there."""
        try:
            self._transport.request("DELETE", f"/{index}", seconds=60)
        except EngineError as error:
            if error.status != 404:
                raise

    def _begin(self) -> Built:
        state = self.state()
        if state.live is None and state.building is None:
            state = self.ensured()
        if state.building is not None and self._gives_signs():
            raise Conflict("The index is being rebuilt already. Wait until that is done.")
        name = uuid.uuid4().hex[:12]
        index, alias = f"{self._prefix}-items-{name}", f"{self._prefix}-filled-{name}"
        self._create(index, {"aliases": {alias: {}}, "settings": {"refresh_interval": "-1"}})
        self._sign(index)
        if state.building is not None:
            taken: dict[str, Any] = {"remove_index": {"index": state.building}}
        else:
            taken = _action("remove", state.live, f"{self._prefix}-free", must_exist=state.free)
        try:
            self._change([taken, _action("add", index, self.building)])
        except EngineError as error:
            self.drop(index)
            if error.status != 404:
                raise
            raise Conflict("The index is being rebuilt already. Wait until that is done.") from error
        for left in state.all - {state.live, state.building, index}:
            self.drop(left)
        return Built(index, alias)

    def _abandon(self, index: str) -> None:
        state = self.state()
        if state.building == index and state.live is not None:
            free = _action("add", state.live, f"{self._prefix}-free")
            self._change([{"remove_index": {"index": index}}, free])

    def _create(self, index: str, more: dict[str, Any], *, exists_ok: bool = False) -> None:
        pattern = f"{self._prefix}-items-*"
        self._transport.request("PUT", f"/_index_template/{self._prefix}-items", schema.template(self._endpoint, pattern))
        try:
            self._transport.request("PUT", f"/{index}", more, seconds=60)
        except EngineError as error:
            if not (exists_ok and error.kind == "resource_already_exists_exception"):
                raise

    def _change(self, actions: list[dict[str, Any]]) -> None:
        self._transport.request("POST", "/_aliases", {"actions": actions}, seconds=60)

    def _part(self, alias: str) -> tuple[str, str]:
        """Return what an alias stands for, and what follows that in its name."""
        role, _, rest = alias.removeprefix(f"{self._prefix}-").partition("-")
        return role, rest

    def _give_signs(self, index: str, stop: threading.Event) -> None:
        while not stop.wait(self._pace.sign):
            with suppress(EngineError, Unavailable):
                self._sign(index)

    def _sign(self, index: str) -> None:
        self._transport.request("PUT", f"/{self._prefix}-rebuild/_doc/{_SIGN}", {"index": index})

    def _last_sign(self) -> object:
        try:
            answer = self._transport.request("GET", f"/{self._prefix}-rebuild/_doc/{_SIGN}")
        except EngineError as error:
            if error.status == 404:
                return None
            raise
        return answer["_seq_no"]

    def _gives_signs(self) -> bool:
        """Return whether the builder is alive: its next sign is awaited, as no clock is shared with it."""
        last, until = self._last_sign(), time.monotonic() + self._pace.patience
        while time.monotonic() < until:
            time.sleep(self._pace.sign / 4)
            if self._last_sign() != last:
                return True
        return False


def _action(what: str, index: str | None, alias: str, **more: bool) -> dict[str, Any]:
    return {what: {"index": index, "alias": alias, **more}}
