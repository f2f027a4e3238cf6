"""Tampering by direct access to the database: more than a thousand random tries, each by somebody who may do anything there,
up to rewriting head, subtrees and checkpoints to match and having the result signed with the archive's own key. Verification
against the checkpoints that lie in the write-once store finds every one."""

from __future__ import annotations

import io
import json
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from services.kernel.blobs.local import LocalBlobStore
from services.kernel.db import Database
from services.kernel.errors import IntegrityError
from services.kernel.ledger import export, journal, subtrees, verification
from services.kernel.ledger.checkpoints import Checkpointer
from services.kernel.ledger.merkle import leaf_hash, tree_of
from services.kernel.ledger.note import Signer
from services.kernel.ledger.tables import LedgerCheckpoint, LedgerEntry, LedgerHead, LedgerTile
from services.kernel.ledger.write_once import WriteOnce
from tests.ledgers import grow

SIGNER = Signer("muniment/ledger", bytes(range(32)))
TRIES = 1_200
SEEN, SIZE = 60, 72
"""Entries under the last checkpoint, and all."""
KINDS = ("change", "column", "leaf", "remove", "reorder", "renumber", "cut", "insert", "replace")
SILENT = ("column", "leaf")
"""What leaves the entries as they were hashed and lies elsewhere."""


@pytest.fixture
def kept(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A ledger of some hours, and the checkpoints that lie in the write-once store. Tiles are small, so that there are some."""
    monkeypatch.setattr(subtrees, "HEIGHT", 4)
    monkeypatch.setattr(subtrees, "WIDTH", 16)
    store = LocalBlobStore(tmp_path / "checkpoints")
    signing = Checkpointer(database, SIGNER, WriteOnce(store, lock_days=1))
    for count in (1, 24, 15, 20):
        grow(database, count)
        signing.sign()
    signing.tick()
    grow(database, SIZE - SEEN)
    notes = verification.checkpoints_in(tmp_path / "checkpoints")
    assert len(notes) == 4
    return notes


Rows = list[dict[str, Any]]


def change(rows: Rows, kind: str, draw: random.Random) -> Rows:
    """One change of what is under a checkpoint."""
    place = draw.randrange(SEEN)
    row = rows[place]
    if kind == "change":
        data = bytearray(row["data"])
        data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        rows[place] = row_of(place, bytes(data), row)
    elif kind == "replace":
        choices = (("actor", "somebody-else"), ("act", "item.show"), ("item", "another"), ("at", "2001-01-01T00:00:00Z"))
        name, value = draw.choice(choices)
        rows[place] = row_of(place, journal.canonical(json.loads(row["data"]) | {name: value}), row)
    elif kind == "column":
        row[draw.choice(("actor", "act", "item_id", "at"))] = "elsewhere"
    elif kind == "leaf":
        row["leaf_hash"] = draw.randbytes(32)
    elif kind == "remove":
        del rows[place]
    elif kind == "reorder":
        other = draw.choice([each for each in range(SEEN) if each != place])
        rows[place], rows[other] = row_of(place, rows[other]["data"], row), row_of(other, row["data"], row)
    elif kind == "cut":
        del rows[place:]
    else:
        if kind == "renumber":  # one goes, and the rest close up so that nothing is missing
            del rows[place]
        else:  # one more, before what was there
            rows.insert(place, row | {"data": journal.canonical(json.loads(row["data"]) | {"actor": "innocent"})})
        rows[place:] = [
            row_of(position, journal.canonical(json.loads(each["data"]) | {"position": position}), each)
            for position, each in enumerate(rows[place:], place)
        ]
    return rows


def row_of(position: int, data: bytes, otherwise: dict[str, Any]) -> dict[str, Any]:
    """With hash and columns to match, as far as the entry can be read."""
    try:
        told = json.loads(data)
        columns = {"at": told["at"], "actor": told["actor"], "act": told["act"], "item_id": told["item"]}
    except (ValueError, KeyError, TypeError):
        columns = {}
    shown = {name: str(value)[:30] for name, value in columns.items()}
    return otherwise | shown | {"position": position, "data": data, "leaf_hash": leaf_hash(data)}


def put(session: Session, rows: Rows, effort: str) -> None:
    """What stands in the database then; with effort the head agrees, and all that was derived and signed."""
    session.execute(delete(LedgerEntry))
    if effort == "all":
        rows = [row | {"leaf_hash": leaf_hash(row["data"])} for row in rows]
    if rows:
        session.execute(insert(LedgerEntry), rows)
    if effort == "rows":
        return
    tree = tree_of(row["data"] for row in rows)
    session.execute(update(LedgerHead).values(size=tree.size, peaks=tree.to_bytes()))
    if effort == "all":
        session.execute(delete(LedgerCheckpoint))
        session.execute(delete(LedgerTile))
        session.expire_all()
        with suppress(IntegrityError):  # where one was removed and the rest did not close up
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
    session = next(ledgers)
    untouched = exported(session)
    columns = LedgerEntry.__table__.columns
    original = session.execute(select(*columns).order_by(LedgerEntry.position)).mappings().all()
    assert export.verify_file(io.BytesIO(untouched), public_key=SIGNER.verifier_key, earlier=kept).ok
    for seed, session in zip(range(TRIES), ledgers, strict=False):
        draw = random.Random(seed)
        effort, kind = draw.choice(("rows", "head", "all")), KINDS[seed % len(KINDS)]
        put(session, change([dict(row) for row in original], kind, draw), effort)
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
