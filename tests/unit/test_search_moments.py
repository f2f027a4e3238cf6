"""Documents carry the moment of the catalogue that they were read at: what comes late does not undo what came later."""

from __future__ import annotations

from services.kernel.ledger import journal
from services.kernel.model import Role
from services.kernel.queue import jobs
from services.kernel.queue.stages import Stage
from services.kernel.readings import TITLE_CONTEXT
from services.kernel.tables import Item
from services.search.documents import index_document


def test_a_worker_that_stood_still_does_not_undo_a_later_change(desk):
    archivist, kernel = desk.client(Role.ARCHIVIST), desk.kernel
    identity = desk.item(archivist, "甲方：张伟")
    with kernel.database.read() as session:
        late = index_document(session, kernel.vault, kernel.lookups, session.get_one(Item, identity))
    with kernel.database.write() as session:
        item = session.get_one(Item, identity)
        item.title_sealed = kernel.vault.seal_text(session, item.key_id, TITLE_CONTEXT, "更正后的题名")
        jobs.enqueue(session, Stage.INDEX, f"{identity}:again", {"item": identity, "revision": 1})
        journal.append(session, "item.retitle", actor=None, item=identity)
    desk.work()
    desk.archive.index.put([late])
    (hit,) = archivist.get("/api/v1/search", params={"q": "张伟"}).json()["hits"]
    assert hit["title"] == "更正后的题名"
