"""Ghost hunt: after a batch was destroyed, nothing of it is found in any byte of the archive, and the rest is whole. A backup
that was made before brings nothing of it back, and without the ledger outside it opens no door (hard cases 4 to 6).

Searched for: planted phrases (of texts and names of files), planted pictures and their fingerprints, the wrapped data keys, and
the terms of the index; in the data folder, in both backups, in the ledger outside, in the broker, and in what was restored. The
hunt finds them all before, or it would prove nothing.

In the usual run the archive is small; ``MUNIMENT_TEST_GHOSTS=1000/10000`` makes it as large as it was asked for. Of each kind
the first ``BY_DOOR`` come in by the door and go the whole way of a document; all others are planted as that way leaves them
(``tests/planting``), for reading ten thousand pages shows nothing more and takes an hour.
"""

import hashlib
import io
import json
import os
import random
import shutil
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest
import redis
from PIL import Image
from sqlalchemy import select

from services import app as composition
from services import work
from services.custody.backups import making
from services.ingest.facts import Inspection, PageFacts
from services.kernel import readings
from services.kernel.config import Settings
from services.kernel.model import ItemState, Role
from services.kernel.paper import PageReading
from services.kernel.pieces import pieces
from services.kernel.queue.runner import Runner
from services.kernel.removal import sediment
from services.kernel.seal import Sealed
from services.kernel.tables import Blob, DataKey, File, Item, Page
from services.ocr.service import PageCopy
from services.retention.batches.model import BatchState
from tests import ghosts
from tests.catalogue import until
from tests.desk import Desk, TypedInspector, TypedReader, scan
from tests.destroying import ready
from tests.planting import Bed, Plant
from tests.restores import Place, empty_place, made
from tests.sizes import size

DOOMED, WHOLE = (int(part) for part in size("GHOSTS", "8/24", "1000/10000").split("/"))
SEED = 20261128
RARE = ([chr(0x9000 + n) for n in range(0x280)], [chr(0x9280 + n) for n in range(0x280)])
"""Signs of what is to be destroyed, and of what stays: no term of the index is of both."""
BY_DOOR = min(40, DOOMED // 2)

pytestmark = pytest.mark.timeout(14_400)


class Looking(TypedInspector):
    """Gives each page a fingerprint (perceptual hash) of its own."""

    def examine(self, source: BinaryIO, *, between: Callable[[], None]) -> tuple[Inspection, list[PageFacts]]:
        found, pages = super().examine(source, between=between)
        source.seek(0)
        return found, [replace(page, phash=hashlib.blake2b(source.read(), digest_size=8).hexdigest()) for page in pages]


class Drawing(TypedReader):
    """Draws each page from the words on it: a picture like no other."""

    def read(self, source: BinaryIO, *, media_type: str, file_page: int, number: int) -> PageCopy:
        copy = super().read(source, media_type=media_type, file_page=file_page, number=number)
        return PageCopy(copy.reading, drawn(copy.reading.text), 200.0)


def drawn(text: str) -> bytes:
    noise = np.random.default_rng(list(text.encode())).integers(0, 255, (48, 40), np.uint8)
    target = io.BytesIO()
    Image.fromarray(noise).save(target, "JPEG", quality=90)
    return target.getvalue()


class HuntedDesk(Desk):
    def runner(self, reader: Any = None) -> Runner:
        handlers = work.handlers(self.archive, (Looking(), Drawing()))  # type: ignore[arg-type]
        limits = {"lease_seconds": self.settings.lease_seconds, "max_attempts": self.settings.max_attempts}
        return Runner(self.kernel.database, handlers, **limits)


def phrase(rng: random.Random, *, doomed: bool) -> tuple[str, str]:
    """A phrase of rare signs, and a word."""
    return "".join(rng.choices(RARE[0 if doomed else 1], k=9)), "zq" + "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=14))


def everything(desk: Desk, items: list[str]) -> dict[str, tuple[str, bytes]]:
    """Text and master of each item, opened."""
    found, vault = {}, desk.kernel.vault
    for some in pieces(items):
        with desk.kernel.database.read() as session:
            query = (
                select(Item, Blob, Page.reading_sealed)
                .join(File, File.id == Item.file_id)
                .join(Blob, Blob.id == File.master_id)
                .join(Page, Page.item_id == Item.id)
            )
            for item, blob, reading in session.execute(query.where(Item.id.in_(some))):
                told = json.loads(zlib.decompress(vault.open(session, item.key_id, readings.READING_CONTEXT, reading)))
                master = desk.kernel.objects.fetch(blob.name, vault.key(session, blob.key_id), sha256=blob.sha256)
                found[item.id] = PageReading.from_json(told).text, master
    return found


def fingerprints(desk: Desk, items: list[str]) -> tuple[list[str], list[bytes], list[str]]:
    """Of these items the pages' perceptual hashes, the wrapped data keys, and the keys' ids."""
    with desk.kernel.database.read() as session:
        hashes = session.scalars(select(Page.phash).where(Page.item_id.in_(items))).all()
        own = session.scalars(select(Item.key_id).where(Item.id.in_(items))).all()
        files = session.scalars(select(File.key_id).join(Item, Item.file_id == File.id).where(Item.id.in_(items))).all()
        keys = session.scalars(select(DataKey).where(DataKey.id.in_([*own, *files]))).all()
        return [each for each in hashes if each], [key.wrapped for key in keys if key.wrapped], [key.id for key in keys]


@dataclass(frozen=True)
class Planted:
    """What was planted in the archive, by item."""

    doomed: dict[str, tuple[str, str]]
    whole: dict[str, tuple[str, str]]

    @property
    def words(self) -> list[str]:
        return [word for _, word in self.doomed.values()]

    @property
    def hans(self) -> list[str]:
        return [han for han, _ in self.doomed.values()]

    @property
    def terms(self) -> set[str]:
        return {han[at : at + 2] for han in self.hans for at in range(8)}


@pytest.fixture
def desk(tmp_path: Path, empty_catalogue: Path) -> Iterator[Desk]:
    """On an embedded broker, whose keys can be looked at."""
    settings = Settings(data=tmp_path / "data", pages_per_job=2, workers=1)
    settings.data.mkdir(parents=True)
    shutil.copyfile(empty_catalogue, settings.data / "catalogue.db")
    desk = HuntedDesk(settings)
    with broker(settings):
        until(desk.kernel.wakeup.reachable, "the broker answers")
        yield desk
    desk.close()


def test_nothing_is_left_of_what_was_destroyed_and_the_rest_is_whole(desk: Desk, tmp_path: Path):
    planted = fill(desk, random.Random(SEED))
    chosen, rest = sorted(planted.doomed), sorted(planted.whole)
    assert (len(chosen), len(rest)) == (DOOMED, WHOLE - DOOMED)
    whole = {item: (text_of(*said), scan(text_of(*said))) for item, said in planted.whole.items()}
    hashes, wrapped, keys = fingerprints(desk, chosen)
    assert len(hashes) == DOOMED and len(wrapped) == len(keys) == 2 * DOOMED
    pictures = [drawn(text_of(*each))[400:440] for each in planted.doomed.values()]
    hunt = ghosts.Hunt([*hashes, *wrapped, *pictures, *planted.words, *planted.hans])
    seen = {form for _, form in hunt.within(desk.settings.data)}
    for needles in (wrapped, map(str.encode, (*hashes, *planted.words, *planted.hans))):
        assert seen.issuperset(needles), "a hunt that does not find all before proves nothing after"
    assert ghosts.terms(desk.settings.data, planted.terms) == planted.terms
    backup = made(desk)

    batch = ready(desk, chosen)
    batch.destroy()
    assert batch.state == BatchState.VERIFYING and batch.sign() == 1 and batch.state == BatchState.CLOSED
    assert hunt.within(tmp_path) == [], "while it runs"
    assert list(hunt.bytes_of(b"".join(messages(desk.settings)))) == []
    desk.archive.index.close()  # type: ignore[attr-defined]
    desk.close()
    assert hunt.within(tmp_path) == [] and ghosts.terms(tmp_path, planted.terms) == set()

    again = Desk(desk.settings)
    assert everything(again, rest) == whole
    assert again.archive.index.count() == WHOLE - DOOMED and again.archive.index.check() == []
    assert nothing_of(again, chosen, keys)
    signed(again)
    with empty_place(again, tmp_path) as place:
        shut_without_the_ledger(place, backup.id, tmp_path)
        code, told, refusal = place.restore("--backup", backup.id)
        assert (code, refusal, told["destroyed"], told["problems"]) == (0, "", DOOMED, [])
        back = place.opened()
        assert everything(back, rest) == whole and nothing_of(back, chosen, keys)
        assert back.archive.index.count() == WHOLE - DOOMED and back.archive.index.residue(chosen) == []
        back.archive.index.close()  # type: ignore[attr-defined]
        sediment.purge(back.kernel.database, actor=None)
        back.close()
        assert hunt.within(tmp_path) == [] and ghosts.terms(tmp_path, planted.terms) == set(), "after the restore"
    again.close()
    print(
        f"{DOOMED} of {WHOLE} destroyed: 0 of {hunt.size} forms of {hunt.needles} needles in {ghosts.size_of(tmp_path)} bytes"
    )


def shut_without_the_ledger(place: Place, backup: str, folder: Path) -> None:
    nothing = folder / "nothing"
    nothing.mkdir()
    code, _, refusal = place.restore("--backup", backup, "--ledger-from", str(nothing))
    assert code == 3 and "no ledger outside" in refusal
    with pytest.raises(Sealed):
        composition.build(place.settings)


def nothing_of(desk: Desk, items: list[str], keys: list[str]) -> bool:
    """Whether no key opens and no page is left of these items, and each is known to be destroyed."""
    with desk.kernel.database.read() as session:
        live = session.scalars(select(DataKey.id).where(DataKey.id.in_(keys), DataKey.wrapped.is_not(None))).all()
        pages = session.scalars(select(Page.id).where(Page.item_id.in_(items))).all()
        states = set(session.scalars(select(Item.state).where(Item.id.in_(items))))
    return (live, pages, states) == ([], [], {ItemState.DESTROYED})


def fill(desk: Desk, rng: random.Random) -> Planted:
    """The whole archive: the first of each kind by the door, all others as if they had come by it."""
    doomed, whole = (
        [phrase(rng, doomed=kind) for _ in range(count)] for kind, count in ((True, DOOMED), (False, WHOLE - DOOMED))
    )
    by_door = deliver(desk, [*doomed[:BY_DOOR], *whole[:BY_DOOR]])
    bed = Bed(desk)
    found = []
    for some in (doomed, whole):
        rest = some[BY_DOOR:]
        ids = bed.plant(plant(*each) for each in rest)
        found.append({item: each for item, each in by_door.items() if each in some} | dict(zip(ids, rest, strict=True)))
    return Planted(*found)


def plant(han: str, word: str) -> Plant:
    text = text_of(han, word)
    return Plant(f"{word}.pdf", tuple(text.split("\n")), hashlib.blake2b(text.encode(), digest_size=8).hexdigest(), drawn(text))


def text_of(han: str, word: str) -> str:
    return f"{han}通知\n{word}"


def deliver(desk: Desk, phrases: list[tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """Takes them in, and returns which item says what."""
    clerk = desk.client(Role.CLERK)
    batch = desk.batch(clerk)
    for each in phrases:
        desk.deliver(clerk, scan(text_of(*each)), batch=batch, name=f"{each[1]}.pdf")
    desk.work()
    with desk.kernel.database.read() as session:
        items = list(session.scalars(select(Item.id)))
    by_word = {each[1]: each for each in phrases}
    found = {item: by_word[text.split("\n")[1]] for item, (text, _) in everything(desk, items).items()}
    assert len(found) == len(phrases)
    return found


@contextmanager
def broker(settings: Settings) -> Iterator[None]:
    command = [sys.executable, "-m", "services.kernel.queue.broker", str(settings.broker_socket), str(os.getpid())]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def messages(settings: Settings) -> list[bytes]:
    """All that the broker holds."""
    valkey = redis.Redis(unix_socket_path=str(settings.broker_socket))
    return [key + (valkey.dump(key) or b"") for key in valkey.scan_iter()]


def signed(desk: Desk) -> None:
    making.sign(desk.kernel, desk.archive.backups())
