"""Generations of an index kept in files: which one is live, which is being built, and how one takes another's place.

A folder holds ``index-<generation>.db`` files, ``current`` with the number of the live one, ``building`` with that of one under
construction, and lock files. ``current`` is replaced by a rename, so a reader finds the old index or the new one, never none.

Locks are ``flock``: the kernel lets go of them when a process dies. Writers of all processes take turns on ``write.lock``.
A reader holds its generation's own lock for the time of one question; a generation is disposed of only when its readers are
done, and its files are cut to nothing before they are unlinked: an idle process that still has one open keeps no text alive.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from services.kernel.errors import Unavailable

_PATIENCE = 120.0
"""Seconds to wait for a lock before the index counts as not reachable."""


@dataclass(frozen=True, slots=True)
class Generations:
    """The index files in ``folder``."""

    folder: Path

    def file(self, generation: int) -> Path:
        return self.folder / f"index-{generation:06d}.db"

    def files(self) -> list[Path]:
        """Return the files of all generations that are there, in use or not."""
        return sorted(self.folder.glob("index-*.db"))

    def current(self) -> int | None:
        """Return the live generation, ``None`` before the first."""
        return _number(self.folder / "current")

    def building(self) -> int | None:
        """Return the generation under construction, if any."""
        return _number(self.folder / "building")

    def next(self) -> int:
        """Return a number that no generation has. Hold ``writing``."""
        taken = [int(path.stem.rpartition("-")[2]) for path in self.folder.glob("index-*.db")]
        return max([0, self.current() or 0, *taken]) + 1

    def begin(self, generation: int) -> None:
        """Note that ``generation`` is under construction: from now on writers write to it too. Hold ``writing``."""
        _replace(self.folder / "building", str(generation))

    def swap(self, generation: int, *, built: bool = False) -> None:
        """Make ``generation`` the live one. Hold ``writing``; with ``built`` the construction is over."""
        _sync(self.file(generation))
        _replace(self.folder / "current", str(generation))
        if built:
            (self.folder / "building").unlink(missing_ok=True)
        self.sweep()

    def sweep(self) -> None:
        """Dispose of all generations that are neither live nor under construction. Hold ``writing``."""
        kept = {self.current(), self.building()}
        for path in sorted(self.folder.glob("index-*.db")):
            generation = int(path.stem.rpartition("-")[2])
            if generation not in kept:
                self._dispose(generation)

    def abandon(self, generation: int) -> None:
        """Give up a construction. Hold ``writing``."""
        if self.building() == generation:
            (self.folder / "building").unlink()
        self.sweep()

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the turn to write, among all threads and processes."""
        with _locked(self.folder / "write.lock", fcntl.LOCK_EX):
            yield

    @contextlib.contextmanager
    def rebuilding(self) -> Iterator[bool]:
        """Hold the right to rebuild; yields whether it was free."""
        descriptor = os.open(self.folder / "rebuild.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            yield _try(descriptor, fcntl.LOCK_EX)
        finally:
            os.close(descriptor)

    @contextlib.contextmanager
    def reading(self, generation: int) -> Iterator[bool]:
        """Keep ``generation`` from disposal; yields whether it is still the live one."""
        with _locked(self._lock_of(generation), fcntl.LOCK_SH):
            yield self.current() == generation

    def _lock_of(self, generation: int) -> Path:
        return self.file(generation).with_suffix(".lock")

    def _dispose(self, generation: int) -> None:
        path = self.file(generation)
        with _locked(self._lock_of(generation), fcntl.LOCK_EX):
            for suffix in ("", "-wal", "-journal"):
                with contextlib.suppress(FileNotFoundError):
                    os.truncate(f"{path}{suffix}", 0)
            for suffix in ("-wal", "-journal", "-shm", ""):
                Path(f"{path}{suffix}").unlink(missing_ok=True)
            self._lock_of(generation).unlink(missing_ok=True)


@contextlib.contextmanager
def _locked(path: Path, kind: int) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        deadline = time.monotonic() + _PATIENCE
        pause = 0.001
        while not _try(descriptor, kind):
            if time.monotonic() > deadline:
                raise Unavailable("The index is busy with another writer. Try again in a minute.")
            time.sleep(pause)
            pause = min(pause * 2, 0.05)
        yield
    finally:
        os.close(descriptor)


def _try(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (FileNotFoundError, ValueError):
        return None


def _replace(path: Path, text: str) -> None:
    """Write a small file so that after a crash it holds the old text or the new."""
    temporary = path.with_suffix(".tmp")
    temporary.write_text(text)
    _sync(temporary)
    temporary.replace(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
