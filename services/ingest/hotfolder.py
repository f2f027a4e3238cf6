"""The hot folder: scanners push files over SMB, FTP or SFTP, and each is taken once it is whole.

A file is whole when its size and time have been still for a while. Notifications only make it faster: they do not come
from SMB mounts, so the folder is also read through again and again. What is taken moves to ``done/``, what is refused to
``rejected/`` with the reason beside it; nothing is deleted. Names are no identities: a second SCN_0001 gets a suffix.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISREG
from threading import Event

import structlog
import watchfiles

DONE, REJECTED = "done", "rejected"
REASON_SUFFIX = ".reason.txt"
_UNFINISHED = (".part", ".partial", ".tmp", ".temp", ".filepart", ".crdownload", ".swp", "~")

_EMPTY_WAITS = 30

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether a file was taken; if not, why, in words for the person who scanned it. An exact duplicate counts as taken."""

    taken: bool
    reason: str = ""


Take = Callable[[Path], Outcome]
_State = tuple[int, int]


def watch(folder: Path, take: Take, *, stop: Event, still_seconds: float = 2.0, poll: bool = False) -> None:
    """Take files until ``stop`` is set. ``take`` may raise OSError (the file is busy, the disk is full) to have it tried
    again without end; any other exception is logged and also tried again, so that no paper is lost by a fault of ours.

    ``poll`` for mounts from which no notifications come; without it the folder is still read through every
    ``still_seconds``.
    """
    hot = HotFolder(folder, take, still_seconds=still_seconds)
    hot.prepare()
    changes = watchfiles.watch(
        folder,
        stop_event=stop,
        rust_timeout=max(50, int(still_seconds * 500)),
        yield_on_timeout=True,
        raise_interrupt=False,
        force_polling=poll or None,
        watch_filter=None,
    )
    for _ in _surviving(changes, stop, still_seconds):
        hot.look()


def _surviving(changes: Iterator[object], stop: Event, seconds: float) -> Iterator[None]:
    """The ticks of ``changes``, and, should watching fail (a mount that has gone, no more watches), those of a clock."""
    try:
        for _ in changes:
            yield
    except (OSError, RuntimeError) as error:
        log.warning("hotfolder.polling", error=str(error))
    while not stop.wait(seconds / 2):
        yield


@dataclass(slots=True)
class HotFolder:
    """One folder and what has been seen in it. ``look`` is one round; it takes what has been still long enough."""

    folder: Path
    take: Take
    still_seconds: float = 2.0
    clock: Callable[[], float] = time.monotonic
    _seen: dict[Path, tuple[_State, float]] = field(default_factory=dict)
    _settled: dict[Path, tuple[_State, Outcome]] = field(default_factory=dict)

    def prepare(self) -> None:
        """Make the folder and those for what was taken and refused."""
        for folder in (self.folder, self.folder / DONE, self.folder / REJECTED):
            folder.mkdir(parents=True, exist_ok=True)

    def look(self) -> None:
        """Take every file whose size and time have not changed for ``still_seconds``, oldest first."""
        present = dict(self._files())
        self._seen = {path: seen for path, seen in self._seen.items() if path in present}
        self._settled = {path: settled for path, settled in self._settled.items() if path in present}
        for path, state in sorted(present.items(), key=lambda entry: entry[1][1]):
            now = self.clock()
            known, since = self._seen.get(path, (None, now))
            if known != state:
                self._seen[path] = (state, now)
            elif now - since >= self._patience(state):
                self._attempt(path, state)

    def _patience(self, state: _State) -> float:
        """Some scanners make the file first and write to it a minute later."""
        size, _ = state
        return self.still_seconds * (1 if size else _EMPTY_WAITS)

    def _files(self) -> Iterator[tuple[Path, _State]]:
        """Every waiting file with its size in bytes and its modification time in nanoseconds."""
        own = {self.folder / DONE, self.folder / REJECTED}
        for parent, folders, names in os.walk(self.folder):
            here = Path(parent)
            folders[:] = [name for name in folders if here / name not in own and not name.startswith(".")]
            for path in (here / name for name in names if not is_unfinished(name)):
                state = _state(path)
                if state is not None:
                    yield path, state

    def _attempt(self, path: Path, state: _State) -> None:
        try:
            with path.open("rb"):
                pass  # a writer that holds a lock shows itself here
            settled, outcome = self._settled.get(path, (None, None))
            if outcome is None or settled != state:
                outcome = self.take(path)
                self._settled[path] = (state, outcome)  # should only the move fail, it is not taken again
            if _state(path) == state:  # else its writer had only paused: what came since is taken in the next rounds
                self._put_away(path, outcome)
        except OSError as error:
            log.info("hotfolder.busy", error=type(error).__name__, errno=error.errno)
        except Exception:
            log.exception("hotfolder.failed")
        self._seen[path] = (state, self.clock())

    def _put_away(self, path: Path, outcome: Outcome) -> None:
        target = self.folder / (DONE if outcome.taken else REJECTED) / path.parent.relative_to(self.folder)
        target.mkdir(parents=True, exist_ok=True)
        moved = move_beside(path, target)
        if not outcome.taken:
            moved.with_name(moved.name + REASON_SUFFIX).write_text(outcome.reason + "\n", encoding="utf-8")


def batch_title(folder: Path, path: Path) -> str | None:
    """A subfolder of the hot folder is a batch, its path the batch's title; None for files at the top."""
    within = path.parent.relative_to(folder)
    return str(within) if within.parts else None


def _state(path: Path) -> _State | None:
    """None for what is no file, or has gone or was locked since it was listed: the next round will see."""
    try:
        status = path.lstat()
    except OSError:
        return None
    return (status.st_size, status.st_mtime_ns) if S_ISREG(status.st_mode) else None


def is_unfinished(name: str) -> bool:
    """Names under which programs write what they have not finished."""
    return name.startswith((".", "~")) or name.lower().endswith(_UNFINISHED)


def move_beside(path: Path, folder: Path) -> Path:
    """Move a file into a folder of the same file system, never over another: SCN_0001.pdf, SCN_0001-2.pdf, …"""
    number = 1
    while True:
        name = path.name if number == 1 else f"{path.stem}-{number}{path.suffix}"
        target = folder / name
        try:
            target.touch(exist_ok=False)  # claims the name, also against another watcher
        except FileExistsError:
            number += 1
            continue
        try:
            return path.replace(target)
        except OSError:
            target.unlink(missing_ok=True)
            raise
