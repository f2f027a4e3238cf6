"""The index stage: an item becomes findable."""

from __future__ import annotations

from services.kernel.core import Kernel
from services.kernel.queue.jobs import Lease
from services.kernel.tables import Item
from services.search.documents import index_document
from services.search.index.port import Index


class IndexHandler:
    """Does ``Stage.INDEX``; the payload is ``{"item": id, "revision": n}``. Putting a document twice changes nothing."""

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
            document = index_document(session, kernel.vault, kernel.lookups, item)
        self._index.put([document])
        try:
            with lease.finish() as session:
                kernel.lookups.newest(session)
                if kernel.lookups.number(session) != root:
                    raise _Rotated
                session.get_one(Item, item.id).indexed_revision = revision
        except _Rotated:
            return False
        return True


class _Rotated(Exception):
    """There is a newer look-up key."""
