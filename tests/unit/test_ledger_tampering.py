"""Tampering by direct access to the database: more than a thousand random tries, each by somebody who may do anything there,
up to rewriting head, subtrees and checkpoints to match and having the result signed with the archive's own key. Verification
against the checkpoints that lie in the write-once store finds every one."""

from __future__ import annotations

import io
import json
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from services.kernel.blobs.local import LocalBlobStore
from services.kernel.db import Database
from services.kernel.ledger import export, journal, subtrees, verification
from services.kernel.ledger.checkpoints import Checkpointer
from services.kernel.ledger.merkle import leaf_hash, tree_of
from services.kernel.ledger.note import Signer
from services.kernel.ledger.tables import LedgerCheckpoint, LedgerEntry, LedgerHead, LedgerTile
from services.kernel.ledger.write_once import WriteOnce
from tests.ledgers import grow

SIGNER = Signer("muniment/ledger", bytes(range(32)))
TRIES = 1_200
SEEN, SIZE = 150, 180
"""Entries under the last checkpoint, and all."""
KINDS = ("change", "column", "leaf", "remove", "reorder", "renumber", "cut", "insert", "replace")
SILENT = ("column", "leaf")
"""What leaves the entries as they were hashed and lies elsewhere."""


@pytest.fixture
def kept(database: Database, tmp_path: Path) -> list[str]:
    """A ledger of some days, and the checkpoints that lie in the write-once store."""
    store = LocalBlobStore(tmp_path / "checkpoints")
    signing = Checkpointer(database, SIGNER, WriteOnce(store, lock_days=1))
    for count in (1, 60, 39, 50):
        grow(database, count)
        signing.sign()
    signing.tick()
    grow(database, SIZE - SEEN)
    notes = verification.checkpoints_in(tmp_path / "checkpoints")
    assert len(notes) == 4
    return notes


def change(session: Session, kind: str, draw: random.Random) -> str:
    """One change of what is under a checkpoint."""
    rows = session.execute(select(LedgerEntry.position, LedgerEntry.data).order_by(LedgerEntry.position)).all()
    place = draw.randrange(SEEN)
    at = LedgerEntry.position == place
    if kind == "change":
        data = bytearray(rows[place].data)
        data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        set_data(session, place, bytes(data))
    elif kind == "replace":
        name, value = draw.choice(
            [("actor", "somebody-else"), ("act", "item.show"), ("item", "another"), ("at", "2001-01-01T00:00:00Z")]
        )
        told = json.loads(rows[place].data) | {name: value}
        set_data(session, place, journal.canonical(told))
    elif kind == "column":
        column = draw.choice([LedgerEntry.actor, LedgerEntry.act, LedgerEntry.item_id, LedgerEntry.at])
        session.execute(update(LedgerEntry).where(at).values({column: "elsewhere"}))
    elif kind == "leaf":
        session.execute(update(LedgerEntry).where(at).values(leaf_hash=draw.randbytes(32)))
    elif kind == "remove":
        session.execute(delete(LedgerEntry).where(at))
    elif kind == "reorder":
        other = draw.choice([each for each in range(SEEN) if each != place])
        set_data(session, place, rows[other].data)
        set_data(session, other, rows[place].data)
    elif kind == "renumber":  # one goes, and the rest close up so that nothing is missing
        session.execute(delete(LedgerEntry).where(at))
        for position, data in rows[place + 1 :]:
            told = json.loads(data) | {"position": position - 1}
            session.execute(update(LedgerEntry).where(LedgerEntry.position == position).values(position=position - 1))
            set_data(session, position - 1, journal.canonical(told))
    elif kind == "cut":
        session.execute(delete(LedgerEntry).where(LedgerEntry.position >= place))
    else:  # one more, before what was there
        for position, data in reversed(rows[place:]):
            session.execute(update(LedgerEntry).where(LedgerEntry.position == position).values(position=position + 1))
            set_data(session, position + 1, journal.canonical(json.loads(data) | {"position": position + 1}))
        row = {"position": place, "at": "x", "act": "page.read", "data": b"{}", "leaf_hash": b""}
        session.execute(insert(LedgerEntry), [row])
        told = json.loads(rows[place].data) | {"actor": "innocent"}
        set_data(session, place, journal.canonical(told))
    return kind


def set_data(session: Session, position: int, data: bytes) -> None:
    """With hash and columns to match, as far as it can be read."""
    try:
        told = json.loads(data)
        columns = {"at": told["at"], "actor": told["actor"], "act": told["act"], "item_id": told["item"]}
    except (ValueError, KeyError, TypeError):
        columns = {}
    values = {"data": data, "leaf_hash": leaf_hash(data)} | {name: str(value)[:30] for name, value in columns.items()}
    session.execute(update(LedgerEntry).where(LedgerEntry.position == position).values(**values))


def match(session: Session, effort: str) -> None:
    """Makes the rest agree: the head, or all that was derived and signed."""
    if effort == "rows":
        return
    data = session.scalars(select(LedgerEntry.data).order_by(LedgerEntry.position)).all()
    tree = tree_of(data)
    session.execute(update(LedgerHead).values(size=tree.size, peaks=tree.to_bytes()))
    if effort == "all":
        session.execute(delete(LedgerCheckpoint))
        session.execute(delete(LedgerTile))
        for position, leaf in enumerate(data):
            session.execute(update(LedgerEntry).where(LedgerEntry.position == position).values(leaf_hash=leaf_hash(leaf)))
        session.flush()
        session.expire_all()
        subtrees.fill(session, tree.size)


def exported(session: Session) -> bytes:
    session.expire_all()
    return b"".join(line + b"\n" for line in export.lines(session, SIGNER))


def copies(database: Database) -> Iterator[Session]:
    """The same ledger again and again: what was done to it is undone."""
    with database.engine.connect() as connection:
        while True:
            with connection.begin() as transaction:
                with Session(connection, expire_on_commit=False) as session:
                    yield session
                transaction.rollback()


@pytest.mark.timeout(600)
def test_every_one_of_a_thousand_changes_by_direct_access_is_found(database, kept):
    found: Counter[tuple[str, str]] = Counter()
    plausible = 0
    ledgers = copies(database)
    untouched = exported(next(ledgers))
    assert export.verify_file(io.BytesIO(untouched), public_key=SIGNER.verifier_key, earlier=kept).ok
    for seed, session in zip(range(TRIES), ledgers, strict=False):
        draw = random.Random(seed)
        effort, kind = draw.choice(("rows", "head", "all")), KINDS[seed % len(KINDS)]
        change(session, kind, draw)
        match(session, effort)
        file = exported(session)
        if file.split(b"\n", 1)[1] == untouched.split(b"\n", 1)[1]:
            assert (kind, effort) == ("leaf", "all"), "whoever mends a hash again has changed nothing"
            continue
        verdict = export.verify_file(io.BytesIO(file), public_key=SIGNER.verifier_key, earlier=kept)
        assert not verdict.ok and verdict.problems, (seed, kind, effort)
        found[kind, effort] += 1
        if effort == "all" and kind not in SILENT:
            plausible += export.verify_file(io.BytesIO(file), public_key=SIGNER.verifier_key).ok
    ledgers.close()
    assert found.total() >= 1_000
    assert {kind for kind, _ in found} == set(KINDS)
    assert plausible > 100, "most of what was done with all effort shows by nothing but an earlier checkpoint"
