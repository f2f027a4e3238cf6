"""A package on the other side: unpacked, proven by the Library of Congress's own tool, and looked at item by item. It needs no
archive. What is wrong with an item is told of that item; what is wrong with the bag is told of all."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

import bagit

from services.custody.packages.bag import ALGORITHM
from services.custody.packages.contents import CORE, EVENTS, INDEX, MASTER, PDF
from services.custody.packages.receipts import Receipt, Rejection
from services.custody.properties.rules import HEAD, begins
from services.kernel.clock import now
from services.kernel.errors import InvalidInput

MOST_FILES = 100_000
PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class ReceivedItem:
    """``problems`` are codes of the four checks that did not pass (DA/T 70-2018)."""

    item_id: str
    reference_code: str | None
    problems: list[str]


@dataclass(frozen=True, slots=True)
class Report:
    """``digest`` is the SHA-512 of the tag manifest; ``problems`` are the bag's own."""

    number: str
    digest: str
    items: list[ReceivedItem] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.problems and all(not each.problems for each in self.items)

    def receipt(self, rejected: dict[str, str]) -> Receipt:
        """Accepts what passed and is not among ``rejected`` (item → reason); rejects the rest with what was wrong."""
        reasons = {each.item_id: ", ".join(self.problems + each.problems) for each in self.items} if not self.ok else {}
        reasons = {item_id: reason for item_id, reason in reasons.items() if reason} | rejected
        if strangers := set(rejected) - {each.item_id for each in self.items}:
            raise InvalidInput(f"Not in this package: {', '.join(sorted(strangers))}. Name items by the ids that it lists.")
        return Receipt(
            package=self.number,
            digest=self.digest,
            checked_at=now(),
            accepted=[each.item_id for each in self.items if each.item_id not in reasons],
            rejected=[Rejection(item_id=item_id, reason=reason[:1000]) for item_id, reason in sorted(reasons.items())],
        )


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """The bag's folder: ``path`` itself, or what its ZIP holds, which is gone afterwards. Raises ``InvalidInput`` for a ZIP
    that could not be ours: entries are stored as they are, in one folder, and none leads out of it."""
    if path.is_dir():
        yield path
        return
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        raise InvalidInput("This is no package: neither a folder nor a whole ZIP. Fetch it again.") from error
    with archive, TemporaryDirectory(prefix="muniment-") as folder:
        entries = archive.infolist()
        tops = {PurePosixPath(entry.filename).parts[:1] for entry in entries}
        if len(entries) > MOST_FILES or len(tops) != 1 or not all(_is_plain(entry) for entry in entries):
            raise InvalidInput("This ZIP is no package: it compresses, encrypts, or leads out of its folder. Ask for another.")
        try:
            archive.extractall(folder)
        except (zipfile.BadZipFile, OSError) as error:
            raise InvalidInput("The ZIP is damaged. Fetch it again.") from error
        yield Path(folder) / next(iter(tops))[0]


def check(folder: Path, *, expected: str | None = None) -> Report:
    """Everything that can be known of a bag without the archive that it comes from. ``expected`` is its digest as the sender
    told it by another way. Raises ``InvalidInput`` for what is no bag at all."""
    try:
        bag = bagit.Bag(str(folder))
    except bagit.BagError as error:
        raise InvalidInput("This folder is no bag (RFC 8493): it has no bagit.txt that can be read.") from error
    manifest = folder / f"tagmanifest-{ALGORITHM}.txt"
    digest = hashlib.new(ALGORITHM, manifest.read_bytes()).hexdigest() if manifest.is_file() else "0" * 128
    problems = [*_faults_of(bag), *([] if manifest.is_file() else ["authenticity.tagmanifest"])]
    if expected is not None and expected.lower() != digest:
        problems.append("authenticity.expected-digest")
    index = _json(folder / "data" / INDEX)
    if not isinstance(index, dict) or not isinstance(index.get("items"), list):
        return Report(str(bag.info.get("External-Identifier", "")), digest, problems=[*problems, "completeness.index"])
    items = [_item(folder / "data", each) for each in index["items"] if isinstance(each, dict)]
    if index.get("number") != bag.info.get("External-Identifier"):
        problems.append("authenticity.number")
    return Report(str(index.get("number")), digest, items, problems)


def _faults_of(bag: Any) -> list[str]:
    try:
        bag.validate()
    except bagit.BagValidationError as error:
        return [f"authenticity.bag: {each}" for each in (error.details or [error.message])]
    return []


def _item(data: Path, listed: dict[str, Any]) -> ReceivedItem:
    folder = data / PurePosixPath(str(listed.get("folder"))).name
    core, events = _json(folder / CORE), _json(folder / EVENTS)
    entry = core if isinstance(core, dict) else {}
    problems = [] if entry.get("identifier") and entry.get("title") and entry.get("type") else ["authenticity.entry"]
    if entry.get("item_id") != listed.get("item_id"):
        problems.append("authenticity.entry-of-another")
    if not isinstance(events, list) or "accession" not in {each.get("eventType") for each in events if isinstance(each, dict)}:
        problems.append("authenticity.history")
    problems += _master(folder, entry)
    if not (folder / PDF).is_file() or not begins("application/pdf", _head(folder / PDF)):
        problems.append("usability.pdfa")
    return ReceivedItem(str(listed.get("item_id")), entry.get("identifier"), problems)


def _master(folder: Path, entry: dict[str, Any]) -> list[str]:
    found = sorted(folder.glob(f"{MASTER}.*"))
    if len(found) != 1:
        return ["completeness.master"]
    source = entry.get("source")
    told = source.get("sha256") if isinstance(source, dict) else None
    problems = [] if told == _sha256(found[0]) else ["authenticity.digest"]
    return problems if begins(entry.get("format"), _head(found[0])) else [*problems, "usability.opens"]


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None


def _head(path: Path) -> bytes:
    with path.open("rb") as source:
        return source.read(HEAD)


def _sha256(path: Path) -> str:
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def _is_plain(entry: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(entry.filename)
    inside = not path.is_absolute() and ".." not in path.parts and "\\" not in entry.filename
    return inside and entry.compress_type == zipfile.ZIP_STORED and not entry.flag_bits & 1
