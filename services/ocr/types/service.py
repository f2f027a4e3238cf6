"""Learning from what people said of types: a new version is made, judged on what was held back, and refused where worse."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from sqlalchemy.orm import Session

from services.kernel.blobs.keys import Vault
from services.kernel.core import Kernel
from services.kernel.dialects import take_turn
from services.kernel.ledger import journal
from services.kernel.paper import PageReading
from services.kernel.readings import page_readings
from services.kernel.tables import Item
from services.ocr.types import grams, repository, training
from services.ocr.types.model import TypeModel, decide
from services.ocr.types.tables import TypeModelVersion

PAGES = 3  # of a document: what type it is stands at its beginning
HELD = 4  # one document in so many is held back, the same ones each time


@dataclass(frozen=True, slots=True)
class Outcome:
    """``version`` is None where there was nothing to learn from. ``held`` documents were held back, of which the model before
    and the new one took so many for what they are."""

    version: int | None
    accepted: bool
    learned: int
    held: int
    right_before: int
    right_after: int

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Said:
    pages: tuple[PageReading, ...]
    type: str
    held: bool


def learn(kernel: Kernel) -> Outcome:
    """Trains on the shipped documents and on all of which people said what they are, and keeps what came of it."""
    with kernel.database.write() as session:
        said = [_said(session, kernel.vault, item) for item in repository.said_by_people(session)]
        journal.append(session, "types.look", actor=None, items=len(said))
    if not any(not each.held for each in said):
        return Outcome(None, False, 0, 0, 0, 0)
    with kernel.database.read() as session:
        before, version = repository.current(session), repository.newest(session) + 1
    model, outcome = _trained(said, before, version)
    with kernel.database.write() as session:
        take_turn(session, "type-models")
        _keep(session, model, outcome)
    return outcome


def held_back(item_id: str) -> bool:
    return hashlib.sha256(item_id.encode()).digest()[0] % HELD == 0


def _said(session: Session, vault: Vault, item: Item) -> _Said:
    assert item.type is not None, "only such items are asked for"
    return _Said(tuple(islice(page_readings(session, vault, item), PAGES)), item.type, held_back(item.id))


def _trained(said: list[_Said], before: TypeModel, version: int) -> tuple[TypeModel, Outcome]:
    known, held = training.shipped_corpus().parted()
    vectors = [grams.vector(grams.text_of(each.pages)) for each in said if not each.held]
    types = [each.type for each in said if not each.held]
    model = training.fit(known, training.examples(vectors, types, [False] * len(types)), version=version)
    judged = [each for each in said if each.held]
    (old, new), (old_base, new_base) = (
        tuple(sum(decide(each.pages, one).type == each.type for each in judged) for one in (before, model)),
        tuple(training.right(one, held) for one in (before, model)),
    )
    accepted = new >= old and new_base >= old_base
    counts = (len(judged) + len(held.types), old + old_base, new + new_base)
    return model, Outcome(version, accepted, len(types), *counts)


def _keep(session: Session, model: TypeModel, outcome: Outcome) -> None:
    """A version that another trained meanwhile stays; this one is then made again on another day."""
    assert outcome.version is not None, "something was trained"
    if repository.newest(session) >= outcome.version:
        return
    session.add(
        TypeModelVersion(
            version=outcome.version,
            learned=outcome.learned,
            held=outcome.held,
            right_before=outcome.right_before,
            right_after=outcome.right_after,
            accepted=outcome.accepted,
            arrays=model.to_bytes() if outcome.accepted else None,
        )
    )
    journal.append(session, "types.learn", actor=None, **outcome.to_json())
