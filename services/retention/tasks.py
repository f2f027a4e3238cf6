"""What is removed beside the life of documents, by the one kind of process that may remove anything: what a failed intake or
reading left in the object store, and what the dead left there."""

from __future__ import annotations

from services.kernel.blobs import upkeep
from services.kernel.blobs.orphans import is_kept
from services.kernel.core import Kernel
from services.kernel.queue.jobs import Lease


class DiscardHandler:
    """Does ``Stage.DISCARD``; the payload is ``{"object": name}``. An object that a row does name after all stays."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def __call__(self, lease: Lease) -> None:
        name = lease.payload["object"]
        if not is_kept(self._kernel.database, name):
            self._kernel.objects.delete(name)
        with lease.finish():
            pass


class SweepHandler:
    """Does ``Stage.SWEEP``, once a day."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def __call__(self, lease: Lease) -> None:
        upkeep.clear(self._kernel.database, self._kernel.objects)
        with lease.finish():
            pass
