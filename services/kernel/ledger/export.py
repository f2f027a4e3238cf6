"""The ledger as a file, and its verification without the archive.

A file is JSON lines: first a header with a signed checkpoint, then each entry exactly as it was hashed, so that any tool can
recompute ``SHA-256(00 || line)`` and the root (RFC 6962).

An entry stands in the catalogue once as it was hashed and once in columns, by which it is found. Where these tell something
else, somebody changed them: its line says so instead, and the file does not verify.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from services.kernel.errors import IntegrityError
from services.kernel.ledger.checkpoints import newest, standing
from services.kernel.ledger.journal import HEAD, canonical, tree_at
from services.kernel.ledger.merkle import Tree, leaf_hash
from services.kernel.ledger.note import Checkpoint, Signer, verify
from services.kernel.ledger.tables import LedgerEntry, LedgerHead

FORMAT = "muniment-ledger/1"
NONSENSE = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What a file that is none of ours may raise where its JSON is taken apart."""
COLUMNS = {"position": "position", "at": "at", "actor": "actor", "act": "act", "item": "item_id"}
"""What an entry says, and the column that repeats it."""
MOST_PROBLEMS = 20


def lines(session: Session, signer: Signer) -> Iterator[bytes]:
    """The export of one snapshot, line by line, without newlines; ``session`` must hold still (``Database.read``)."""
    head = session.get_one(LedgerHead, HEAD)
    header = {"format": FORMAT, "checkpoint": _checkpoint(session, signer), "public_key": signer.verifier_key}
    yield json.dumps(header, ensure_ascii=False).encode()
    columns = [getattr(LedgerEntry, name) for name in COLUMNS.values()]
    rows = select(LedgerEntry.data, LedgerEntry.leaf_hash, *columns).where(LedgerEntry.position < head.size)
    for row in session.execute(rows.order_by(LedgerEntry.position).execution_options(yield_per=1000)):
        yield honest(row)


def _checkpoint(session: Session, signer: Signer) -> str:
    """Over all there is; where that does not go on from what was signed before, the last one that was, which it then fails."""
    last = newest(session)
    try:
        return standing(session, signer)
    except IntegrityError:
        return last.note if last is not None else signer.sign(tree_at(session.get_one(LedgerHead, HEAD)))


def honest(row: Row[Any]) -> bytes:
    """The entry of a row as it was hashed, or, where the row contradicts it, a line that says in what."""
    differs = contradictions(row)
    return canonical({"position": row.position, "changed": differs}) if differs else row.data


def contradictions(row: Any) -> list[str]:
    """What the columns of a row say otherwise than its entry; ``leaf_hash`` and ``data`` stand for themselves."""
    try:
        told = json.loads(row.data)
        differs = [name for name, column in COLUMNS.items() if told[name] != getattr(row, column)]
    except NONSENSE:
        return ["data"]
    return differs + (["leaf_hash"] if leaf_hash(row.data) != row.leaf_hash else [])


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verification found; ``problems`` is empty when every entry stands as it was written."""

    entries: int
    root: str
    origin: str
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.problems

    def to_json(self) -> dict[str, Any]:
        return {
            "ok": self.ok,
            "entries": self.entries,
            "root": self.root,
            "origin": self.origin,
            "problems": list(self.problems),
        }


def verify_file(source: BinaryIO, *, public_key: str | None = None, earlier: str | Sequence[str] | None = None) -> Verdict:
    """Reads an export once, in constant memory. ``public_key`` is the archive's key as the auditor knows it (the header's
    own is used otherwise, which proves only that the file is whole); ``earlier`` a checkpoint kept from before, or several,
    which the file must still agree with."""
    notes = [earlier] if isinstance(earlier, str) else earlier or ()
    try:
        header = json.loads(source.readline())
        key = public_key or header["public_key"]
        checkpoint = verify(header["checkpoint"], key)
        kept = sorted((verify(each, key) for each in notes), key=lambda each: each.size)
    except NONSENSE as error:
        return Verdict(0, "", "", (f"The header cannot be trusted: {error}. Export the ledger again.",))
    tree, problems = _rebuild(source, kept)
    if tree.size != checkpoint.size:
        problems.append(f"The checkpoint vouches for {checkpoint.size} entries, the file holds {tree.size}.")
    if tree.root != checkpoint.root:
        problems.append("The entries do not give the root that was signed: one was changed, removed, added or moved.")
    return Verdict(tree.size, tree.root.hex(), checkpoint.origin, tuple(problems))


def _rebuild(source: BinaryIO, kept: Sequence[Checkpoint]) -> tuple[Tree, list[str]]:
    tree, problems, ahead = Tree(), list[str](), list(reversed(kept))

    def compare() -> None:
        while ahead and ahead[-1].size == tree.size:
            if ahead.pop().root != tree.root and len(problems) < MOST_PROBLEMS:
                problems.append(f"The first {tree.size} entries are not those of the earlier checkpoint.")

    for line in source:
        compare()
        data = line.removesuffix(b"\n")
        if len(problems) < MOST_PROBLEMS and (problem := _problem(data, tree.size)):
            problems.append(problem)
        tree = tree.append(leaf_hash(data))
    compare()
    if ahead:
        most = ahead[0].size
        problems.append(f"The earlier checkpoint vouches for {most} entries, the file holds only {tree.size}.")
    return tree, problems


def _problem(data: bytes, position: int) -> str | None:
    try:
        entry = json.loads(data)
        own, changed = entry["position"], entry.get("changed")
    except NONSENSE:
        own = changed = None
    if type(own) is not int or own != position:
        return f"Entry {position} does not carry its own position."
    return f"Entry {position} stands in the catalogue otherwise than it was entered." if changed else None
