"""kill −9 at every step of a restore: the doors stay shut, and the same command, run again, ends with the archive whole and
nothing of what was destroyed (hard cases 5 and 12).

``MUNIMENT_TEST_KILLS_EACH=40`` also kills so often within each step that goes on for long; in the usual run once.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import inspect, select

from services import app as composition
from services.cli import restore as command
from services.custody.backups import gate, loading, making, objects, register, replaying, restoring
from services.kernel import seal, tombstones
from services.kernel.config import Settings
from services.kernel.db import Database
from services.kernel.ledger.merkle import Tree, leaf_hash
from services.kernel.ledger.tables import LedgerEntry, LedgerHead
from services.kernel.model import ItemState, Role
from services.kernel.seal import Sealed
from services.kernel.tables import DataKey, Item
from tests import ghosts
from tests.desk import Desk
from tests.faults.test_kill_destruction import forked
from tests.restores import Place, destroy, empty_place, made
from tests.sizes import size

pytestmark = [pytest.mark.faults, pytest.mark.timeout(14_400)]
EACH = int(size("KILLS_EACH", "1", "40"))
STEPS: tuple[tuple[ModuleType, str], ...] = (
    (seal, "lay"),
    (loading, "load"),
    (gate, "since"),
    (replaying, "carry_over"),
    (replaying, "extend_ledger"),
    (replaying, "end_sessions"),
    (replaying, "destroy_again"),
    (objects, "copy_rows"),
    (register, "brought_back"),
    (restoring, "_open"),
)
"""In the order in which a restore takes them; each is killed before it begins and after it has ended."""
SECRET, KEPT = "饕餮魑魅魍魉鬯鬯", "关于办公用品管理的通知 留存"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Of its three items two were destroyed after the backup, one of them in the last minute."""
    folder = tmp_path_factory.mktemp("kept")
    desk = Desk(Settings(data=folder / "data", broker_url="memory://", pages_per_job=2, workers=1))
    clerk = desk.client(Role.CLERK)
    doomed = [desk.item(clerk, f"{SECRET} {number}") for number in range(2)]
    desk.item(clerk, KEPT)
    made(desk)
    destroy(desk, doomed[0])
    making.sign(desk.kernel, desk.archive.backups())
    destroy(desk, doomed[1])
    desk.archive.index.close()  # type: ignore[attr-defined]
    desk.close()
    yield desk


@pytest.fixture
def place(desk: Desk, tmp_path: Path) -> Iterator[Place]:
    with empty_place(desk, tmp_path) as place:
        yield place


def die(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def killed(place: Place, module: ModuleType, name: str, when: str) -> None:
    whole: Callable[..., Any] = getattr(module, name)

    def dying(*given: Any, **more: Any) -> Any:
        if when == "before":
            die()
        whole(*given, **more)
        die()

    def child() -> None:
        setattr(module, name, dying)
        place.restore()

    assert forked(child) == -signal.SIGKILL, (name, when)


def killed_within(place: Place, beats: int) -> bool:
    """Dies at the so manieth sign of life; False where there are not so many."""
    left = beats

    def beat() -> None:
        nonlocal left
        left -= 1
        if not left:
            die()

    def child() -> None:
        whole = command.opened
        command.opened = lambda *given: whole(*given, beat)
        place.restore()

    return forked(child) == -signal.SIGKILL


def shut(place: Place) -> None:
    """Whoever starts it is told, from the moment on in which there is anything to start."""
    database = Database(place.settings.catalogue)
    with database.read() as session:
        there = inspect(session.connection()).get_table_names()
    database.close()
    if there:
        with pytest.raises(Sealed):
            composition.build(place.settings)


def empty(place: Place) -> None:
    """As it was found: also without what a restored archive lays down beside its data."""
    for folder in place.settings.data.parent.glob(f"{place.settings.data.name}*"):
        shutil.rmtree(folder)


def whole(place: Place) -> None:
    code, told, refusal = place.restore()
    assert (code, refusal, told.get("problems")) == (0, "", [])
    back = place.opened()
    with back.kernel.database.read() as session:
        states = session.scalars(select(Item.state)).all()
        assert sorted(states) == [*[ItemState.DESTROYED] * 2, ItemState.SCANNED]
        stones = session.scalars(select(tombstones.Tombstone)).all()
        assert len(stones) == 2 and all(stone.destroyed_at for stone in stones)
        keys = [key for stone in stones for key in stone.keys]
        assert not session.scalars(select(DataKey.id).where(DataKey.id.in_(keys), DataKey.wrapped.is_not(None))).all()
        tree = Tree()
        for entry in session.scalars(select(LedgerEntry).order_by(LedgerEntry.position)):
            assert (entry.position, leaf_hash(entry.data)) == (tree.size, entry.leaf_hash)
            tree = tree.append(entry.leaf_hash)
        head = session.get_one(LedgerHead, 1)
        assert (head.size, head.peaks) == (tree.size, tree.to_bytes())
    assert back.archive.index.count() == 1
    gone = {name for stone in stones for name, _ in stone.objects}
    assert not gone & set(back.objects()) and len(back.objects()) == 3
    back.archive.index.close()  # type: ignore[attr-defined]
    back.close()
    assert ghosts.Hunt([SECRET]).within(place.settings.data) == []


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("module", "name"), STEPS, ids=[name for _, name in STEPS])
def test_case_05_a_restore_that_was_killed_goes_on(place, module, name, when):
    killed(place, module, name, when)
    shut(place)  # also where it was open in a transaction that never ended
    whole(place)


def test_case_05_and_within_its_steps(place):
    beats = 1
    while killed_within(place, 2 * beats):
        beats *= 2
    for _ in range(EACH):
        empty(place)
        if killed_within(place, random.randint(1, beats)):
            shut(place)
            whole(place)
