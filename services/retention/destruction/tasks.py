"""The destroying stage: a batch is carried out, by the one kind of process that may remove anything."""

from __future__ import annotations

from services.kernel.queue.jobs import Lease
from services.retention.destruction.lines import At
from services.retention.destruction.saga import CHUNK, Saga
from services.retention.destruction.stores import Stores


class DestroyHandler:
    """Does ``Stage.DESTROY``; the payload is ``{"destruction": id}``. A part of the archive that is away postpones it."""

    def __init__(self, stores: Stores, *, chunk: int = CHUNK, at: At = lambda place: None) -> None:
        self._saga = Saga(stores, chunk=chunk, at=at)

    def __call__(self, lease: Lease) -> None:
        self._saga.carry_on(lease, lease.payload["destruction"])
