"""Signs of life: who has a job in hand says every few seconds that it lives. Where the signs stay out, the machine is gone, and
its jobs need not wait for their leases. A sign renews no lease: a process may live and get nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from services.kernel.db import Database
from services.kernel.errors import Unavailable
from services.kernel.queue import jobs

SIGN_SECONDS = 5.0
SILENT_SECONDS = 45.0
"""Without a sign for so long an owner is taken for dead."""


@contextmanager
def beating(database: Database, owner: str) -> Iterator[None]:
    """Gives signs as long as the block lasts."""
    over = Event()
    Thread(target=_beat, args=(database, owner, over), name="pulse", daemon=True).start()
    try:
        yield
    finally:
        over.set()


def _beat(database: Database, owner: str, over: Event) -> None:
    while not over.wait(SIGN_SECONDS):
        try:
            jobs.give_sign(database, owner)
        except Unavailable:  # the catalogue is away, and while it is nobody judges
            continue
