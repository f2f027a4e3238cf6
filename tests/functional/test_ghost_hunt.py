"""Ghost hunt: after a batch was destroyed, nothing of it is found in any byte of the archive, and the rest is whole.

Searched for: planted phrases (of texts and names of files), planted pictures and their fingerprints, the wrapped data keys, and
the terms of the index. The hunt finds them all before, or it would prove nothing. In the usual run the archive is small;
``MUNIMENT_GHOSTS=1000/10000`` makes it as large as it was asked for.
"""

import hashlib
import io
import os
import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import select

from services import app as composition
from services.ingest.facts import Inspection, PageFacts
from services.kernel import readings
from services.kernel.blobs.scratch import fetch_master
from services.kernel.config import Settings
from services.kernel.model import Role
from services.kernel.queue.runner import Runner
from services.kernel.tables import Blob, DataKey, File, Item, Page
from services.ocr.service import PageCopy
from services.retention.batches.model import BatchState
from tests import ghosts
from tests.desk import Desk, TestClient, TypedInspector, TypedReader, scan
from tests.destroying import ready

DOOMED, WHOLE = (int(part) for part in os.environ.get("MUNIMENT_GHOSTS", "8/24").split("/"))
SEED = 20261128
RARE = ([chr(0x9000 + n) for n in range(0x280)], [chr(0x9280 + n) for n in range(0x280)])
"""Signs of what is to be destroyed, and of what stays: no term of the index is of both."""
DELIVERED_AT_ONCE = 200

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
    noise = np.random.default_rng(list(text.encode())).integers(0, 255, (140, 100), np.uint8)
    target = io.BytesIO()
    Image.fromarray(noise).save(target, "JPEG", quality=90)
    return target.getvalue()


class HuntedDesk(Desk):
    def runner(self, reader: Any = None) -> Runner:
        handlers = composition.handlers(self.archive, (Looking(), Drawing()))  # type: ignore[arg-type]
        limits = {"lease_seconds": self.settings.lease_seconds, "max_attempts": self.settings.max_attempts}
        return Runner(self.kernel.database, handlers, **limits)


def phrase(rng: random.Random, *, doomed: bool) -> tuple[str, str]:
    """A phrase of rare signs, and a word."""
    return "".join(rng.choices(RARE[0 if doomed else 1], k=9)), "zq" + "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=14))


def everything(desk: Desk, items: list[str]) -> dict[str, tuple[str, bytes]]:
    """Text and master of each item, opened."""
    found = {}
    vault, objects = desk.kernel.vault, desk.kernel.objects
    for item_id in items:
        with desk.kernel.database.read() as session:
            item = session.get_one(Item, item_id)
            text = "\f".join(page.text for page in readings.page_readings(session, vault, item))
            master = session.get_one(Blob, session.get_one(File, item.file_id).master_id)
            with fetch_master(session, vault, objects, master) as source:
                found[item_id] = text, source.read()
    return found


def fingerprints(desk: Desk, items: list[str]) -> tuple[list[str], list[bytes], list[str]]:
    """Of these items the pages' perceptual hashes, the wrapped data keys, and the keys' ids."""
    with desk.kernel.database.read() as session:
        hashes = session.scalars(select(Page.phash).where(Page.item_id.in_(items))).all()
        own = session.scalars(select(Item.key_id).where(Item.id.in_(items))).all()
        files = session.scalars(select(File.key_id).join(Item, Item.file_id == File.id).where(Item.id.in_(items))).all()
        keys = session.scalars(select(DataKey).where(DataKey.id.in_([*own, *files]))).all()
        return [each for each in hashes if each], [key.wrapped for key in keys if key.wrapped], [key.id for key in keys]


def test_nothing_is_left_of_what_was_destroyed_and_the_rest_is_whole(tmp_path: Path, empty_catalogue: Path):
    settings = Settings(data=tmp_path / "data", broker_url="memory://", pages_per_job=2, workers=1)
    settings.data.mkdir(parents=True)
    shutil.copyfile(empty_catalogue, settings.data / "catalogue.db")
    desk, rng = HuntedDesk(settings), random.Random(SEED)
    clerk = desk.client(Role.CLERK)
    planted = deliver(desk, clerk, rng)
    chosen = sorted(item for item, (han, _) in planted.items() if han[0] in RARE[0])
    rest = sorted(set(planted) - set(chosen))
    before = everything(desk, rest)
    hashes, wrapped, keys = fingerprints(desk, chosen)
    pictures = [drawn(f"{planted[each][0]}通知\n{planted[each][1]}")[400:440] for each in chosen]
    words, hans = [planted[each][1] for each in chosen], [planted[each][0] for each in chosen]
    assert len(hashes) == DOOMED and len(wrapped) == len(keys) == 2 * DOOMED

    hunt = ghosts.Hunt([*hashes, *wrapped, *pictures, *words, *hans])
    seen = {form for _, form in hunt.within(settings.data)}
    for needles in (wrapped, map(str.encode, hashes), map(str.encode, words), map(str.encode, hans)):
        assert seen.issuperset(needles), "a hunt that does not find all before proves nothing after"
    terms = {han[at : at + 2] for han in hans for at in range(8)}
    assert ghosts.terms(settings.data, terms) == terms

    batch = ready(desk, chosen)
    batch.destroy()
    assert batch.state == BatchState.VERIFYING and batch.sign() == 1 and batch.state == BatchState.CLOSED
    assert hunt.within(settings.data) == [], "while it runs"
    desk.archive.index.close()  # type: ignore[attr-defined]
    desk.close()
    assert hunt.within(settings.data) == [] and ghosts.terms(settings.data, terms) == set()

    again = Desk(settings)
    assert everything(again, rest) == before
    assert again.archive.index.count() == WHOLE - DOOMED and again.archive.index.check() == []
    with again.kernel.database.read() as session:
        assert not session.scalars(select(DataKey.id).where(DataKey.id.in_(keys), DataKey.wrapped.is_not(None))).all()
        assert not session.scalars(select(Page.id).where(Page.item_id.in_(chosen))).all()
    again.close()


def deliver(desk: Desk, clerk: TestClient, rng: random.Random) -> dict[str, tuple[str, str]]:
    """Takes in the whole archive; returns what was planted, by item."""
    planted = [phrase(rng, doomed=number < DOOMED) for number in range(WHOLE)]
    rng.shuffle(planted)
    for start in range(0, WHOLE, DELIVERED_AT_ONCE):
        batch = desk.batch(clerk)
        for han, word in planted[start : start + DELIVERED_AT_ONCE]:
            desk.deliver(clerk, scan(f"{han}通知\n{word}"), batch=batch, name=f"{word}.pdf")
        desk.work()
    with desk.kernel.database.read() as session:
        items = list(session.scalars(select(Item.id)))
    texts = {item: text for item, (text, _) in everything(desk, items).items()}
    by_word = {word: (han, word) for han, word in planted}
    found = {item: by_word[text.split("\n")[1]] for item, text in texts.items()}
    assert len(found) == WHOLE
    return found
