"""kill −9 of each part of a cluster in turn, at random moments, while paper comes in: nothing acknowledged is lost, nothing is
there twice, the index equals the catalogue, and nobody had to lend a hand.

``MUNIMENT_TEST_KILLS`` (6, of the whole 20) and ``MUNIMENT_TEST_PAGES`` (150, of the whole 500) tell how long it takes,
``MUNIMENT_TEST_SEED`` makes it another.
"""

from __future__ import annotations

import random
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import cycle

import psycopg
import pytest

from tests.apart import House, wait_for
from tests.load import SILENT, Deliverer
from tests.sizes import size
from tests.slips import Slips
from tests.wholeness import everything_is_whole

KILLS = int(size("KILLS", "6", "20"))
PAGES = int(size("PAGES", "150", "500"))
SEED = int(size("SEED", "0", "0")) or int(time.time())
PARTS = {
    "worker": ("reading", "indexing", "destruction"),
    "server": ("ingest", "access", "search", "schedule-1", "schedule-2"),
    "redis": ("redis",),
    "postgresql": ("postgresql",),
    "elasticsearch": ("elasticsearch",),
    "s3": ("s3", "s3_backup"),
}
"""Each part and what it may be."""
LONGEST_DELAY, LONGEST_ABSENCE = 2.0, 2.0
"""Seconds before a kill, and until a server that was killed is started again."""
RECOVERED_WITHIN = 180.0
PATIENCE = 60.0
BACKLOG = 60
"""Pages that wait to be read, and items to be indexed, at most: so that there is work at every kill."""
ENDED = {-9, 4, 70}
"""How a process may end: killed, or by itself where a part is away while it starts, or deaf."""

OPEN_JOBS = "SELECT count(*) FROM jobs WHERE state IN ('queued', 'leased')"
PROGRESS = "SELECT (SELECT count(*) FROM pages WHERE state <> 'pending') + (SELECT count(*) FROM jobs WHERE state = 'done')"


@pytest.fixture
def house(tmp_path, postgresql_template) -> Iterator[House]:
    with House(tmp_path, postgresql_template) as house:
        yield house


@pytest.mark.faults
@pytest.mark.timeout(300 + 60 * KILLS)
def test_kills_in_turn_lose_nothing_and_repeat_nothing(house, tmp_path):
    print(f"seed {SEED}, {KILLS} kills")
    rng, recovered, killed = random.Random(SEED), defaultdict(list), Counter()
    deliverer = Deliverer(house, Slips(tmp_path / "slips", SEED), PATIENCE, enough=lambda: house.backlog() > BACKLOG)
    deliverer.start()
    began = time.monotonic()
    for part, victim in in_turn(rng):
        time.sleep(rng.uniform(0, LONGEST_DELAY))
        killed[victim] += 1
        recovered[part].append(strike(house, deliverer, victim, rng))
        print(f"{time.monotonic() - began:6.1f} s: {victim} killed, back after {recovered[part][-1]:.1f} s", flush=True)
    wait_for(lambda: deliverer.pages >= PAGES, 600, "all pages delivered")
    deliverer.leave()
    wait_for(lambda: house.one(OPEN_JOBS) == 0, 300, "all jobs done")
    tell(time.monotonic() - began, killed, recovered, deliverer)
    assert all(answer.is_clear or answer.status == "gone" for answer in deliverer.answers), deliverer.statuses()
    assert SILENT not in {answer.status for answer in deliverer.answers}
    assert {code for unit in house.units.values() for code in unit.ends} <= ENDED, {
        unit.name: unit.ends for unit in house.units.values()
    }
    everything_is_whole(house, deliverer.delivered)
    assert set(house.stop().values()) == {0}


def in_turn(rng: random.Random) -> list[tuple[str, str]]:
    """Each part as often as any other, and each of its victims in turn, in an order of chance."""
    victims = {part: cycle(rng.sample(names, len(names))) for part, names in PARTS.items()}
    order: list[str] = []
    while len(order) < KILLS:
        order += rng.sample(sorted(PARTS), len(PARTS))
    return [(part, next(victims[part])) for part in order[:KILLS]]


def strike(house: House, deliverer: Deliverer, victim: str, rng: random.Random) -> float:
    """Kills it, starts it again where nobody else does, and returns after how many seconds all is well: every room ready, a
    file acknowledged that was sent after the kill, and work done."""
    before, now = house.one(PROGRESS), time.monotonic()
    if victim in house.units:
        house.kill(victim)
    else:
        house.servers.kill(victim)
        time.sleep(rng.uniform(0, LONGEST_ABSENCE))
        house.servers.start(victim)

    def well() -> bool:
        last = deliverer.delivered[-1].asked if deliverer.delivered else 0.0
        return last > now and progress(house) > before and house.ready()

    wait_for(well, RECOVERED_WITHIN, f"recovery from the kill of {victim}")
    return time.monotonic() - now


def progress(house: House) -> int:
    try:
        return int(house.one(PROGRESS))
    except psycopg.OperationalError:
        return -1


def tell(seconds: float, killed: Counter[str], recovered: dict[str, list[float]], deliverer: Deliverer) -> None:
    print(f"{deliverer.pages} pages in {len(deliverer.delivered)} files, {seconds:.0f} s; killed {dict(killed)}")
    for part, times in sorted(recovered.items()):
        print(f"{part}: back after {statistics.median(times):.1f} s, at most {max(times):.1f} s")
    slowest = max(deliverer.answers, key=lambda answer: answer.seconds)
    print(f"answers {deliverer.statuses()}, the slowest after {slowest.seconds:.1f} s")
