"""Verification of whatever an auditor may hold, without the archive and without a network: the whole ledger, an extract, a
single entry with its proof, the proof that a later ledger goes on from an earlier one, a checkpoint."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from services.kernel.ledger.export import MOST_PROBLEMS, NONSENSE, Verdict, verify_file
from services.kernel.ledger.journal import canonical
from services.kernel.ledger.note import Checkpoint, verify
from services.kernel.ledger.proof_files import FIRST, Consistency, Inclusion

READABLE = ("position", "at", "actor", "act", "item", "request", "result", "from", "details")
"""Columns of an extract that repeat what the entry beside them says."""
BOM, PROOF, OLD = b"\xef\xbb\xbf", FIRST.encode(), b"old "


def verify_path(
    path: Path, *, public_key: str | None = None, earlier: Sequence[str] = (), entry: bytes | None = None
) -> Verdict:
    """What it is, is told by how it begins. Everything but the whole ledger needs the archive's ``public_key``. ``earlier``:
    checkpoints kept from before; ``entry``: what a proof without its entry is about."""
    with path.open("rb") as source:
        start = source.read(64).removeprefix(BOM)
    if not start.startswith((PROOF, OLD, b'{"entry"', b"position,")) and (public_key is None or start.startswith(b"{")):
        with path.open("rb") as source:
            return verify_file(source, public_key=public_key, earlier=earlier)
    if public_key is None:
        return _failed("Give the archive's public key as you know it: a proof proves nothing without.")
    try:
        return _part(path, start, public_key, earlier, entry)
    except NONSENSE as error:
        return _failed(f"This cannot be verified: {error}.")


def _part(path: Path, start: bytes, key: str, earlier: Sequence[str], entry: bytes | None) -> Verdict:
    if start.startswith(b"{"):
        return _extract(_json_rows(path), key, earlier)
    if start.startswith(b"position,"):
        return _extract(_csv_rows(path), key, earlier)
    text = path.read_text("utf-8")
    if start.startswith(PROOF):
        return _inclusion(text, key, earlier, entry)
    return _consistency(text, key, earlier) if start.startswith(OLD) else _checkpoint(text, key, earlier)


def checkpoints_in(path: Path) -> list[str]:
    """A checkpoint kept from before, or all in a folder, as the write-once store has them."""
    if not path.is_dir():
        return [path.read_text("utf-8")]
    return [each.read_text("utf-8") for each in sorted(path.rglob("checkpoint-*")) if each.is_file() and each.suffix == ""]


def _inclusion(text: str, key: str, earlier: Sequence[str], entry: bytes | None) -> Verdict:
    proof = Inclusion.parse(text)
    checkpoint = proof.check(key, entry)
    problems = [*_same(proof.index, proof.data if entry is None else entry), *_disagreements(checkpoint, earlier, key)]
    return _verdict(checkpoint, 1, problems)


def _consistency(text: str, key: str, earlier: Sequence[str]) -> Verdict:
    if len(earlier) != 1:
        raise ValueError("give the earlier checkpoint that the proof goes on from")
    _, after = Consistency.parse(text).check(earlier[0], key)
    return _verdict(after, after.size, [])


def _checkpoint(text: str, key: str, earlier: Sequence[str]) -> Verdict:
    checkpoint = verify(text, key)
    return _verdict(checkpoint, checkpoint.size, _disagreements(checkpoint, earlier, key))


def _extract(rows: Iterable[tuple[dict[str, Any], str, str]], key: str, earlier: Sequence[str]) -> Verdict:
    """Each row by itself. That none was left out, no extract can prove: the whole ledger can."""
    count, problems, last = 0, list[str](), None
    for shown, entry, text in rows:
        count += 1
        try:
            proof = Inclusion.parse(text)
            last = proof.check(key, entry.encode())
            wrong = [*_same(proof.index, entry.encode()), *_readable(shown, json.loads(entry))]
        except NONSENSE as error:
            wrong = [f"Row {count}: {error}."]
        problems += [each for each in wrong if len(problems) < MOST_PROBLEMS]
    if last is None:
        return Verdict(count, "", "", tuple(problems or ["There is no row whose proof holds."]))
    return _verdict(last, count, [*problems, *_disagreements(last, earlier, key)])


def _json_rows(path: Path) -> Iterator[tuple[dict[str, Any], str, str]]:
    with path.open("rb") as source:
        for line in source:
            row = json.loads(line)
            yield row, row["entry"], row["proof"]


def _csv_rows(path: Path) -> Iterator[tuple[dict[str, Any], str, str]]:
    csv.field_size_limit(1 << 24)
    with path.open(encoding="utf-8-sig", newline="") as source:
        for row in csv.DictReader(source):
            yield row, row["entry"], row["proof"].replace("\r\n", "\n")


def _readable(shown: dict[str, Any], entry: dict[str, Any]) -> list[str]:
    differs = [name for name in READABLE if name in shown and _text(shown[name]) != _text(entry.get(name))]
    return (
        [f"The row of entry {entry['position']} says something else than the entry: {', '.join(differs)}."] if differs else []
    )


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return canonical(value).decode()
    return "" if value is None else str(value)


def _same(index: int, data: bytes | None) -> list[str]:
    told = json.loads(data or b"{}").get("position")
    return [] if told == index else [f"The entry says that it is number {told}, and stands at {index}."]


def _disagreements(checkpoint: Checkpoint, earlier: Sequence[str], key: str) -> list[str]:
    """Checkpoints over as many entries must be the same; about those over more or fewer, a consistency proof tells."""
    others = (verify(each, key) for each in earlier)
    return [
        f"Another checkpoint over {each.size} entries was signed: the archive showed two pasts."
        for each in others
        if each.size == checkpoint.size and each.root != checkpoint.root
    ]


def _verdict(checkpoint: Checkpoint, entries: int, problems: Sequence[str]) -> Verdict:
    return Verdict(entries, checkpoint.root.hex(), checkpoint.origin, tuple(problems))


def _failed(problem: str) -> Verdict:
    return Verdict(0, "", "", (problem,))
