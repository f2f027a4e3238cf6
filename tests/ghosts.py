"""A hunt for what was destroyed: raw bytes of every file under a folder, in the forms in which a text could lie there, and the
terms of full-text segments, which are compressed and so hide from a search for bytes."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import apsw
import numpy as np

PIECE = 1 << 22
HEAD = 8
"""Bytes by which a needle is first recognised."""


def forms(needle: str | bytes) -> set[bytes]:
    """The needle in UTF-8 and UTF-16, each also in base64 at its three alignments; none shorter than ``HEAD``."""
    plain = [needle] if isinstance(needle, bytes) else [needle.encode(code) for code in ("utf-8", "utf-16-le", "utf-16-be")]
    found = set(plain)
    for each in plain:
        for shift in range(3):
            coded = base64.b64encode(b"\0" * shift + each)
            found.add(coded[(shift * 4 + 2) // 3 : len(coded) - 4])
    return {each for each in found if len(each) >= HEAD}


class Hunt:
    """Looks for many needles at once."""

    def __init__(self, needles: Iterable[str | bytes]) -> None:
        self._whole: dict[int, list[bytes]] = {}
        self.needles = 0
        for needle in needles:
            self.needles += 1
            for form in forms(needle):
                self._whole.setdefault(int.from_bytes(form[:HEAD], "little"), []).append(form)
        self._heads = np.array(sorted(self._whole), np.uint64)
        self._longest = max(len(form) for each in self._whole.values() for form in each)

    @property
    def size(self) -> int:
        """How many forms are looked for."""
        return sum(map(len, self._whole.values()))

    def within(self, folder: Path) -> list[tuple[str, bytes]]:
        """What was found: the file's name, and the form in which it lay there."""
        return [(path.name, form) for path in sorted(folder.rglob("*")) if path.is_file() for form in self._in(path)]

    def bytes_of(self, content: bytes) -> Iterator[bytes]:
        """The forms that stand in these bytes."""
        usable = len(content) - HEAD + 1
        for shift in range(min(HEAD, max(usable, 0))):
            count = (len(content) - shift) // HEAD
            windows = np.frombuffer(content, "<u8", count, shift)
            places = np.searchsorted(self._heads, windows)
            places[places == len(self._heads)] = 0
            for at in np.nonzero(self._heads[places] == windows)[0]:
                start = shift + int(at) * HEAD
                for form in self._whole[int(windows[at])]:
                    if content.startswith(form, start):
                        yield form

    def _in(self, path: Path) -> Iterator[bytes]:
        kept = b""
        with path.open("rb") as source:
            while piece := source.read(PIECE):
                yield from self.bytes_of(kept + piece)
                kept = (kept + piece)[-self._longest + 1 :]


def size_of(folder: Path) -> int:
    """Bytes of all files under it."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def terms(folder: Path, words: Iterable[str]) -> set[str]:
    """Which of these words are terms of a full-text table of any index file, whatever document they are of."""
    wanted, found = set(words), set()
    for path in sorted(folder.rglob("index-*.db")):
        with closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
            for table in ("words", "named"):
                connection.execute(f"CREATE VIRTUAL TABLE temp.v_{table} USING fts5vocab('main', '{table}', 'row')")
                found |= wanted.intersection(term for (term,) in connection.execute(f"SELECT term FROM temp.v_{table}"))
    return found
