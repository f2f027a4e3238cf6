"""The index stage: an item becomes findable."""

from __future__ import annotations

from services.kernel.core import Kernel
from services.kernel.queue.jobs import Lease, LeaseLost
from services.kernel.removal.inventory import LEAVING
from services.kernel.tables import Item
from services.search.documents import index_document
from services.search.index.port import Index


class IndexHandler:
    """Does ``Stage.INDEX``; the payload is ``{"item": id, "revision": n}``. Putting a document twice changes nothing;
    what is being destroyed is not put."""

    def __init__(self, kernel: Kernel, index: Index) -> None:
        self._kernel, self._index = kernel, index

    def __call__(self, lease: Lease) -> None:
        while not self._indexed(lease):
            pass

    def _indexed(self, lease: Lease) -> bool:
        """Whether what was put has digests that are found: not where the look-up keys were rotated meanwhile."""
        kernel = self._kernel
        with kernel.database.read() as session:
            item = session.get_one(Item, lease.payload["item"])
            revision, root = item.revision, kernel.lookups.number(session)
            document = None if item.state in LEAVING else index_document(session, kernel.vault, kernel.lookups, item)
        if document is not None:
            self._index.put([document])
        try:
            with lease.finish() as session:
                kernel.lookups.newest(session)
                if kernel.lookups.number(session) != root:
                    raise _Rotated
                session.get_one(Item, item.id).indexed_revision = revision
        except _Rotated:
            return False
        except LeaseLost:  # this process stood still for so long that the item may have been destroyed meanwhile
            self._take_back(item.id)
            raise
        return True

    def _take_back(self, item_id: str) -> None:
        with self._kernel.database.read() as session:
            gone = session.get_one(Item, item_id).state in LEAVING
        if gone:
            self._index.delete([item_id])


class _Rotated(Exception):
    """There is a newer look-up key."""
