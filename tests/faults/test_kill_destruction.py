"""kill −9 at every named place of a destruction: after the restart each line is either untouched and held, or wholly gone;
there is one certificate, the ledger verifies, and nothing is left of what went (hard case 12).

``MUNIMENT_TEST_KILLS_EACH=40`` kills forty times at each place; in the usual run some of them are drawn, once each.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData, select, update

from services import app as composition
from services import work
from services.kernel.clock import now
from services.kernel.config import Settings
from services.kernel.holds import Hold, HoldItem
from services.kernel.ledger.merkle import Tree, leaf_hash
from services.kernel.ledger.tables import LedgerEntry, LedgerHead
from services.kernel.model import ItemState, Role
from services.kernel.queue.runner import Runner
from services.kernel.queue.stages import Queue, Stage
from services.kernel.tables import DataKey, Item
from services.kernel.tombstones import Tombstone
from services.retention.batches.model import BatchState, LineState
from services.retention.batches.tables import DestructionBatch, DestructionLine, DestructionWitness
from services.retention.destruction import issue, paper, verification
from services.retention.destruction.tables import DestructionCertificate
from services.retention.destruction.tasks import DestroyHandler
from tests import ghosts
from tests.desk import Desk
from tests.destroying import ready
from tests.sizes import size

pytestmark = [pytest.mark.faults, pytest.mark.timeout(14_400)]
EACH = int(size("KILLS_EACH", "0", "40"))
DRAWN = 6
PLACES = (
    *("chunk", "enter: line", "enter: inside", "enter: done", "tombstone: before", "tombstone: laid", "tombstone: inside"),
    *("tombstone: noted", "jobs: inside", "jobs: stopped", "index: before", "index: deleted", "object: before"),
    *("object: removed", "objects: done", "line: before", "line: rows", "line: keys", "line: inside", "line: done"),
    *("chunk: done", "settle", "settle: jobs", "settle: index", "settle: catalogue", "settle: inside", "settle: done"),
    *("verify", "verify: queue", "verify: index", "verify: listing", "verify: some", "verify: inside", "verify: done"),
    *("close", "close: rendered", "close: inside", "close: done"),
)
"""All that a run comes by; a test holds it against a run."""
SECRETS = ("饕餮魑魅魍魉鬯鬯", "龘靐齉爩鱻麤龗灪", "籲鑾癵驫麣纞虋讟")
KEPT = "关于办公用品管理的通知 留存"
CHUNK = 2


@pytest.fixture(scope="module")
def begun(tmp_path_factory) -> Path:
    """An archive with a batch of four that was just begun: three to go, one held since; and an item that no batch has."""
    folder = tmp_path_factory.mktemp("begun")
    desk = Desk(settings_in(folder))
    clerk = desk.client(Role.CLERK)
    items = [desk.item(clerk, text) for text in (*SECRETS, "有冻结的档案 一")]
    desk.item(clerk, KEPT)
    batch = ready(desk, items)
    batch.begin()
    with desk.kernel.database.write() as session:
        key = desk.kernel.vault.new_key(session).id
        hold = Hold(
            number="DJ-1", scope="item", target=items[3], key_id=key, reason_sealed=b"x", placed_by=batch.executor.person_id
        )
        session.add(hold)
        session.flush()
        session.add(HoldItem(hold_id=hold.id, item_id=items[3]))
        session.execute(update(Item).where(Item.id == items[3]).values(holds=1))
    desk.archive.index.close()  # type: ignore[attr-defined]
    desk.close()
    return folder


def settings_in(folder: Path) -> Settings:
    return Settings(data=folder / "data", keys=folder / "keys", broker_url="memory://", pages_per_job=2, workers=1)


class Trial:
    """One place in which an archive is tried again and again, each time from the same beginning, by processes that are forked
    from one that has gone through it once: all that a try costs is what is tried."""

    def __init__(self, begun: Path, folder: Path) -> None:
        self._begun, self._folder = begun, folder
        self._lay_out()
        self.archive = composition.build(settings_in(folder))
        self.times = Counter[str]()
        carry_out(self.archive, lambda place: self.times.update([place]))
        whole(self.archive, "never")

    def killed(self, place: str, time: int) -> None:
        """Carried out until it comes by this place the so manieth time, and dies there; then carried on."""
        self._lay_out()
        seen = Counter[str]()

        def at(here: str) -> None:
            seen[here] += 1
            if (here, seen[here]) == (place, time):
                os.kill(os.getpid(), signal.SIGKILL)

        assert forked(lambda: carry_out(self.archive, at)) == -signal.SIGKILL, (place, time)
        assert forked(lambda: self._go_on(place)) == 0, (place, time)

    def _go_on(self, place: str) -> None:
        half_way(self.archive)
        carry_out(self.archive, lambda place: None)
        whole(self.archive, place)

    def _lay_out(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        shutil.copytree(self._begun, self._folder)


def forked(act: Callable[[], None]) -> int | None:
    """Does it in a process of its own, and returns that one's exit code."""
    process = multiprocessing.get_context("fork").Process(target=act)
    process.start()
    process.join(3600)
    return process.exitcode


def carry_out(archive: composition.Archive, at: Callable[[str], None]) -> None:
    """What a worker and a scheduler do, in this process: the batch, the witnesses' signatures, the closing."""
    kernel = archive.kernel
    handlers = {**work.handlers(archive, (None, None)), Stage.DESTROY: handler(archive, at)}  # type: ignore[arg-type]
    runner = Runner(kernel.database, handlers, lease_seconds=60.0, max_attempts=5)
    runner.bury()
    for queue in Queue:
        runner.drain(queue)
    with kernel.database.write() as session:
        (batch,) = session.scalars(select(DestructionBatch)).all()
        if batch.state == BatchState.VERIFYING:
            session.execute(update(DestructionWitness).values(signed_at=now(), signed_items=len(SECRETS)))
    issue.due(kernel.database, kernel.signer, at)
    leave(archive)


def leave(archive: composition.Archive) -> None:
    """No connection is left open, which a fork would share."""
    archive.index.close()  # type: ignore[attr-defined]
    archive.kernel.database.close()


def handler(archive: composition.Archive, at: Callable[[str], None]) -> DestroyHandler:
    return DestroyHandler(composition.stores(archive), chunk=CHUNK, at=at)


@pytest.fixture(scope="module")
def trial(begun, tmp_path_factory) -> Iterator[Trial]:
    """Printing takes as long as all the rest, and so does having the database describe itself: both are done once, and what
    came of it is used again."""
    told, sheet, reflected = paper.pdf, list[bytes](), list[MetaData]()

    def pdf(*given: Any) -> bytes:
        sheet.extend([] if sheet else [told(*given)])
        return sheet[0]

    class Described(MetaData):
        def reflect(self, bind: Any, *given: Any, **more: Any) -> None:
            if not reflected:
                super().reflect(bind, *given, **more)
                reflected.append(self)

        @property
        def sorted_tables(self) -> list[Any]:
            return MetaData.sorted_tables.fget(reflected[0])  # type: ignore[attr-defined, no-any-return]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paper, "pdf", pdf)
        patch.setattr(verification, "MetaData", Described)
        yield Trial(begun, tmp_path_factory.mktemp("trial") / "archive")


def test_the_places_are_all_that_a_run_comes_by(trial):
    assert set(trial.times) == set(PLACES) and len(PLACES) >= 25


@pytest.mark.parametrize("place", PLACES if EACH else ("some",))
def test_hard_case_12_killed_at_this_place_it_goes_on_and_there_is_one_certificate(trial, place):
    rng = random.Random()
    for where in [place] * EACH or rng.sample(PLACES, DRAWN):
        trial.killed(where, rng.randint(1, trial.times[where]))


def half_way(archive: composition.Archive) -> None:
    """Just after the kill: no line is destroyed whose keys are not, and nobody was told of what did not happen."""
    with archive.kernel.database.read() as session:
        for line in session.scalars(select(DestructionLine)):
            item, stone = session.get_one(Item, line.item_id), session.get(Tombstone, line.item_id)
            if line.state == LineState.DESTROYED:
                assert stone is not None and item.state == ItemState.DESTROYED
                assert all(session.get_one(DataKey, key).wrapped is None for key in stone.keys)
            elif stone is not None:
                assert item.state == ItemState.DESTROYING
            else:
                assert item.state in (ItemState.APPROVED, ItemState.ARCHIVED) and session.get_one(DataKey, item.key_id).wrapped


def whole(archive: composition.Archive, place: str) -> None:
    """After the restart."""
    kernel = archive.kernel
    with kernel.database.read() as session:
        (batch,) = session.scalars(select(DestructionBatch)).all()
        assert batch.state == BatchState.CLOSED, place
        assert len(session.scalars(select(DestructionCertificate)).all()) == 1
        states = dict(session.execute(select(DestructionLine.item_id, DestructionLine.state)).all())
        assert sorted(states.values()) == [*[LineState.DESTROYED] * 3, LineState.REMOVED]
        held = next(item for item, state in states.items() if state == LineState.REMOVED)
        assert session.get_one(Item, held).state == ItemState.ARCHIVED
        entries = session.scalars(select(LedgerEntry).order_by(LedgerEntry.position)).all()
        tree = Tree()
        for position, entry in enumerate(entries):
            assert entry.position == position and leaf_hash(entry.data) == entry.leaf_hash
            tree = tree.append(entry.leaf_hash)
        head = session.get_one(LedgerHead, 1)
        assert (head.size, head.peaks) == (tree.size, tree.to_bytes())
        acts = Counter(entry.act for entry in entries)
        assert (acts["item.destroying"], acts["item.destroy"], acts["destruction.close"]) == (3, 3, 1), place
        open_ = [session.get_one(Item, each) for each, state in states.items() if state == LineState.REMOVED]
        kernel.vault.key(session, open_[0].key_id)
    left = [each for each in verification.look(composition.stores(archive), batch.id, lambda place: None) if each.left]
    assert left == [], place
    assert archive.index.count() == 2
    leave(archive)
    assert ghosts.Hunt(SECRETS).within(kernel.settings.data) == [], place
