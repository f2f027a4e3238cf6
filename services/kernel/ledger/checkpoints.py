"""Signing the ledger as it grows: at least each minute in which something was entered and each 1,000 entries, into a table and
into a write-once store.

Nothing is signed that does not go on from what was signed before: the entries since the last checkpoint are hashed anew, the
stored subtrees must give the same root, and the head too. So whoever changes the past must change it before it is signed, or
be found out; and where that has happened nothing more is signed, and the log says so until a person has looked.
"""

from __future__ import annotations

import time

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.kernel.clock import now
from services.kernel.db import Database
from services.kernel.dialects import insert_once, take_turn
from services.kernel.errors import IntegrityError, MunimentError
from services.kernel.ledger import subtrees
from services.kernel.ledger.journal import HEAD, tree_at
from services.kernel.ledger.merkle import Tree, leaf_hash
from services.kernel.ledger.note import Signer, verify
from services.kernel.ledger.subtrees import Subtrees
from services.kernel.ledger.tables import LedgerCheckpoint, LedgerEntry, LedgerHead
from services.kernel.ledger.write_once import WriteOnce

EVERY_SECONDS, EVERY_ENTRIES = 60.0, 1_000
MOST_ENTRIES = 100 * subtrees.WIDTH
"""What is hashed in one transaction; a ledger that was never signed is caught up with in several."""

log = structlog.get_logger("ledger")


class Checkpointer:
    """What the leading scheduler asks each second. Two that lead at once sign the same, or one after the other."""

    def __init__(self, database: Database, signer: Signer, store: WriteOnce) -> None:
        self._database, self._signer, self._store = database, signer, store
        self._next = float("-inf")
        self._compared = False

    def tick(self) -> None:
        """Signs where it is time to, and stores what is not stored yet."""
        with self._database.read() as session:
            size = session.scalar(select(LedgerHead.size)) or 0
            grown = size - (session.scalar(select(func.max(LedgerCheckpoint.size))) or 0)
            waits = session.scalar(select(LedgerCheckpoint.size).where(LedgerCheckpoint.stored.is_(False)).limit(1)) is not None
        if grown >= EVERY_ENTRIES or (grown and time.monotonic() >= self._next):
            self._next = time.monotonic() + EVERY_SECONDS
            self._try_to_sign()
            waits = True
        if waits:
            self._store.store_rest(self._database)

    def sign(self) -> int | None:
        """Signs what was entered since; the size that was signed, or None. Raises ``IntegrityError`` where the ledger is not
        what was signed before."""
        if not self._compared:
            self._compare()
        with self._database.write() as session:
            take_turn(session, "checkpoint")
            head = session.get_one(LedgerHead, HEAD)
            tree = _grown(session, signed(session, self._signer), head)
            if tree is None:
                return None
            subtrees.fill(session, tree.size)
            if Subtrees(session).tree(0, tree.size) != tree:
                raise IntegrityError("The stored subtrees of the ledger do not give the root of its entries.")
            insert_once(
                session, LedgerCheckpoint, size=tree.size, peaks=tree.to_bytes(), note=self._signer.sign(tree), at=now()
            )
            return tree.size

    def _try_to_sign(self) -> None:
        try:
            self.sign()
        except IntegrityError as error:
            log.error("checkpoint-refused", reason=error.detail)
        except MunimentError as error:
            self._next = time.monotonic()
            log.warning("checkpoint-left-out", reason=error.detail)

    def _compare(self) -> None:
        """Once a start: the write-once store must know of no checkpoint that the catalogue does not bear out, as it would after
        the catalogue was put back to an earlier day."""
        newest = self._store.newest()
        if newest is not None:
            told = verify(newest, self._signer.verifier_key)
            with self._database.read() as session:
                size = session.get_one(LedgerHead, HEAD).size
                if size < told.size or (told.size and Subtrees(session).tree(0, told.size).root != told.root):
                    raise IntegrityError(
                        f"A checkpoint over {told.size} entries lies in the write-once store, and the ledger's {size} entries "
                        "do not bear it out. The catalogue was put back, or changed: see the runbook."
                    )
        self._compared = True


def newest(session: Session) -> LedgerCheckpoint | None:
    return session.scalar(select(LedgerCheckpoint).order_by(LedgerCheckpoint.size.desc()).limit(1))


def standing(session: Session, signer: Signer) -> str:
    """A checkpoint over all that is entered at this moment, signed now. Raises ``IntegrityError`` where that does not go on
    from what was signed before."""
    tree, before, stored = tree_at(session.get_one(LedgerHead, HEAD)), signed(session, signer), Subtrees(session)
    if tree.size < before.size or stored.tree(0, before.size) != before or stored.tree(0, tree.size) != tree:
        raise IntegrityError(
            "The ledger is not what was signed before: somebody changed it in the catalogue. Export it and verify it against "
            "the checkpoints in the write-once store."
        )
    return signer.sign(tree)


def signed(session: Session, signer: Signer) -> Tree:
    """The tree that was signed last; the empty one before the first time."""
    row = newest(session)
    if row is None:
        return Tree()
    try:
        told, tree = verify(row.note, signer.verifier_key), Tree.from_bytes(row.size, row.peaks)
    except ValueError as error:
        raise IntegrityError(f"The last checkpoint in the catalogue is not what was signed: {error}.") from None
    if (told.size, told.root) != (tree.size, tree.root):
        raise IntegrityError("The last checkpoint in the catalogue is about another tree than its row.")
    return tree


def _grown(session: Session, tree: Tree, head: LedgerHead) -> Tree | None:
    """The signed tree with what was entered since, up to a bound; None where that is nothing."""
    if head.size <= tree.size:
        if head.size < tree.size or tree_at(head) != tree:
            raise IntegrityError(f"A checkpoint vouches for {tree.size} entries, which the ledger's head no longer has.")
        return None
    until = min(head.size, tree.size + MOST_ENTRIES)
    rows = select(LedgerEntry.position, LedgerEntry.data, LedgerEntry.leaf_hash)
    rows = rows.where(LedgerEntry.position >= tree.size, LedgerEntry.position < until).order_by(LedgerEntry.position)
    for row in session.execute(rows.execution_options(yield_per=1000)):
        leaf = leaf_hash(row.data)
        if row.position != tree.size or row.leaf_hash != leaf:
            raise IntegrityError(f"Entry {tree.size} of the ledger is missing, or is not what was entered.")
        tree = tree.append(leaf)
    if tree.size != until or (until == head.size and tree != tree_at(head)):
        raise IntegrityError("The entries of the ledger do not give the root of its head.")
    return tree
