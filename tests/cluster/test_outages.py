"""Each engine away for a while under load, refusing connections or hanging: intake goes on or refuses clearly, nobody waits
without end, /readyz of the rooms concerned says so, and everything catches up by itself.

``MUNIMENT_TEST_OUTAGE_SECONDS`` (15) tells how long each is away, ``MUNIMENT_TEST_OUTAGES`` which: ``some``, ``all``, or a list
such as ``redis:pause,s3:stop``.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.apart import House, wait_for
from tests.load import Answer, Deliverer, Person, Visitor
from tests.sizes import size
from tests.slips import Slips
from tests.wholeness import everything_is_whole

SECONDS = float(size("OUTAGE_SECONDS", "15", "60"))
SOME = "redis:pause,postgresql:pause,postgresql:stop,elasticsearch:pause,s3:stop,s3_backup:pause"
ENGINES = ("redis", "postgresql", "elasticsearch", "s3", "s3_backup")
ALL = ",".join(f"{engine}:{kind}" for engine in ENGINES for kind in ("stop", "pause"))
CHOSEN = size("OUTAGES", "some", "all")
OUTAGES = [outage.split(":") for outage in {"some": SOME, "all": ALL}.get(CHOSEN, CHOSEN).split(",")]

LONGEST_ANSWER = 45.0
"""Seconds within which every request is answered, whatever hangs."""
NOTICED_WITHIN = 12.0
"""Seconds until /readyz tells."""
READY_AGAIN_WITHIN, CAUGHT_UP_WITHIN = 120.0, 600.0
SECONDS_A_FILE, BACKLOG = 1.5, 80
"""How much comes in: a file at this pace, as long as less than so many pages and items wait."""
SEED = 7


@dataclass(frozen=True)
class Effect:
    """What an outage may do: requests that are refused meanwhile, and the checks that fail, by room."""

    refused: frozenset[str]
    unready: dict[str, set[str]]


STORE = Effect(frozenset({"deliver"}), {"ingest": {"objects"}})
EFFECTS = {
    "redis": Effect(frozenset(), {}),
    "postgresql": Effect(
        frozenset({"open", "deliver", "batches", "items", "text", "image", "search"}),
        {room: {"catalogue"} for room in ("ingest", "access", "search")},
    ),
    "elasticsearch": Effect(frozenset({"search"}), {"search": {"index"}}),
    "s3": STORE,
    "s3_backup": STORE,
}


@pytest.fixture
def house(tmp_path, postgresql_template) -> Iterator[House]:
    with House(tmp_path, postgresql_template) as house:
        yield house


class Pace:
    """Tells when it is enough for the moment."""

    def __init__(self, house: House) -> None:
        self._house, self._due = house, 0.0

    def __call__(self) -> bool:
        now = time.monotonic()
        if now < self._due or self._house.backlog() > BACKLOG:
            return True
        self._due = now + SECONDS_A_FILE
        return False


@pytest.mark.faults
@pytest.mark.timeout(900 + (180 + 2 * SECONDS) * len(OUTAGES))
def test_each_engine_may_be_away_for_a_while(house, tmp_path):
    deliverer = Deliverer(house, Slips(tmp_path / "slips", SEED), LONGEST_ANSWER + 15, enough=Pace(house))
    visitors = [Visitor(house, LONGEST_ANSWER + 15) for _ in range(2)]
    people: list[Person] = [deliverer, *visitors]
    for person in people:
        person.start()
    wait_for(lambda: all(visitor.item for visitor in visitors), 300, "there is something to look at")
    wrong = [fault for part, kind in OUTAGES for fault in faults_of(house, people, part, kind)]
    for person in people:
        person.leave()
    wait_for(lambda: open_jobs(house) == 0, CAUGHT_UP_WITHIN, "all jobs done")
    assert wrong == []
    assert [unit.name for unit in house.units.values() if set(unit.ends) - {70}] == [], "none but the deaf end"
    everything_is_whole(house, deliverer.delivered)


def faults_of(house: House, people: list[Person], part: str, kind: str) -> list[str]:
    """Has the engine away for a while and returns what was not as it should be."""
    before = [len(person.answers) for person in people]
    began = time.monotonic()
    getattr(house.servers, kind)(part)
    away = time.monotonic()
    try:
        wrong = [] if told(house, EFFECTS[part].unready) else [f"/readyz: {[house.checks(room) for room in house.ports]}"]
        time.sleep(max(0.0, SECONDS - (time.monotonic() - began)))
    finally:
        ended = time.monotonic()
        (house.servers.resume if kind == "pause" else house.servers.start)(part)
    back = time.monotonic()
    open_at_the_end = house.one("SELECT now()")
    wait_for(house.ready, READY_AGAIN_WITHIN, f"ready after {part} was away")
    ready = time.monotonic()
    wait_for(lambda: open_jobs(house, open_at_the_end) == 0, CAUGHT_UP_WITHIN, f"caught up after {part} was away")
    caught_up = time.monotonic()
    answers = [answer for person, first in zip(people, before, strict=True) for answer in person.answers[first:]]
    during = [answer for answer in answers if away <= answer.at and answer.at + answer.seconds <= ended]
    wrong += unclear(answers) + not_as_expected(during, EFFECTS[part].refused)
    slowest = max(answers, key=lambda answer: answer.seconds)
    print(
        f"{part} {kind}, away {ended - began:.0f} s: {len(answers)} answers, "
        f"{sum(answer.status == 503 for answer in answers)} refused, "
        f"the slowest after {slowest.seconds:.1f} s ({slowest.what}); "
        f"ready {ready - back:.1f} s after its return, caught up {caught_up - back:.1f} s; {wrong}",
        flush=True,
    )
    return [f"{part} {kind}: {fault}" for fault in wrong]


def told(house: House, unready: dict[str, set[str]]) -> bool:
    """Whether exactly the rooms concerned soon say that they are not ready, and why."""
    end = time.monotonic() + NOTICED_WITHIN
    while time.monotonic() < end:
        checks = {room: house.checks(room) for room in house.ports}
        failing = {room: {name for name, state in found.items() if state != "ok"} for room, found in checks.items()}
        if all(failing[room] == unready.get(room, set()) and checks[room] for room in house.ports):
            return True
        time.sleep(0.5)
    return False


def unclear(answers: list[Answer]) -> list[str]:
    return [f"{answer.what} answered {answer.status} {answer.problem}" for answer in answers if not answer.is_clear] + [
        f"{answer.what} answered after {answer.seconds:.0f} s" for answer in answers if answer.seconds > LONGEST_ANSWER
    ]


def not_as_expected(during: list[Answer], refused: frozenset[str]) -> list[str]:
    """What goes on without the engine goes on; what cannot was refused."""
    done = {answer.what for answer in during if answer.status != 503}
    wrong = [f"{answer.what} was refused" for answer in during if answer.status == 503 and answer.what not in refused]
    asked = {answer.what for answer in during}
    return wrong + [f"{what} was done without it" for what in sorted(refused & asked & done)]


def open_jobs(house: House, before: object = None) -> int:
    query = "SELECT count(*) FROM jobs WHERE state <> 'done'"
    return int(house.one(f"{query} AND created_at < %s", before) if before else house.one(query))
