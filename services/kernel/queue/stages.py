"""The way of a document: which stage comes after which, whose it is, and in which queue it waits. Nothing else says so."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Queue(StrEnum):
    READING = "reading"
    INDEXING = "indexing"
    DESTRUCTION = "destruction"
    BACKUP = "backup"
    FIXITY = "fixity"


class Stage(StrEnum):
    INSPECT = "inspect"
    """A delivered file is looked at and cut into items."""
    READ = "read"
    """Some pages of an item are read."""
    ASSEMBLE = "assemble"
    """All pages are read: type, fields, searchable PDF."""
    CATALOGUE = "catalogue"
    """Title and draft 档号."""
    INDEX = "index"
    """Findable."""
    DISCARD = "discard"
    """Beside the way: an object that no row names is removed, by a process that may."""
    SWEEP = "sweep"
    """Beside the way: what the dead left in the stores is taken away."""
    DESTROY = "destroy"
    """Beside the way: an approved batch is destroyed."""
    ASSESS = "assess"
    """Beside the way: the schedule is gone through, and what is due is put on the due list."""
    LEARN = "learn"
    """Beside the way: types are learnt from what people said of them."""
    BACK_UP = "back_up"
    """Beside the way: a backup is made, and from time to time tried."""
    FIXITY = "fixity"
    """Beside the way: stored objects are re-read, and mended from their second copy."""


@dataclass(frozen=True, slots=True)
class Rule:
    """``priority``: smaller goes first, so that what is nearly done is finished before more is begun."""

    room: str
    queue: Queue
    priority: int
    next: Stage | None


WAY = {
    Stage.INSPECT: Rule("ingest", Queue.READING, 1, Stage.READ),
    Stage.READ: Rule("ocr", Queue.READING, 3, Stage.ASSEMBLE),
    Stage.ASSEMBLE: Rule("ocr", Queue.READING, 2, Stage.CATALOGUE),
    Stage.CATALOGUE: Rule("filing", Queue.INDEXING, 1, Stage.INDEX),
    Stage.INDEX: Rule("search", Queue.INDEXING, 2, None),
    Stage.DISCARD: Rule("retention", Queue.DESTRUCTION, 1, None),
    Stage.SWEEP: Rule("retention", Queue.DESTRUCTION, 2, None),
    Stage.DESTROY: Rule("retention", Queue.DESTRUCTION, 3, None),
    Stage.ASSESS: Rule("retention", Queue.INDEXING, 1, None),
    Stage.LEARN: Rule("ocr", Queue.READING, 9, None),
    Stage.BACK_UP: Rule("custody", Queue.BACKUP, 1, None),
    Stage.FIXITY: Rule("custody", Queue.FIXITY, 1, None),
}


def following(stage: Stage) -> Stage:
    """The stage after this one. Asking at the end of the way is an error of the program."""
    after = WAY[stage].next
    if after is None:
        raise ValueError(f"nothing follows {stage}")
    return after
