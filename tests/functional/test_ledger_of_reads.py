"""No silent reading: one entry for each thing that anyone was shown, committed before the first byte of it goes out."""

import io
import json

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

from services.kernel.ledger import export
from services.kernel.model import RenditionKind, Role
from services.kernel.tables import Blob, Rendition
from tests.desk import Desk, TestClient

WORDS = ("商品房买卖合同\n合同编号：HT-2024-0001\n出卖人：北京某某置业有限公司\n买受人：张伟", "第二页：保密约定")


@pytest.fixture
def clerk(desk: Desk) -> TestClient:
    return desk.client(Role.CLERK)


@pytest.fixture
def item(desk: Desk, clerk: TestClient) -> str:
    return desk.item(clerk, *WORDS)


READS = {
    "page.read": "/api/v1/items/{item}/pages/2/image",
    "text.read": "/api/v1/items/{item}/text",
    "pdf.read": "/api/v1/items/{item}/pdf",
    "item.show": "/api/v1/items/{item}",
    "items.list": "/api/v1/items",
    "search": "/api/v1/search?q=张伟",
}
OF_ONE_ITEM = ("page.read", "text.read", "pdf.read", "item.show")


def entries(desk: Desk) -> list[dict]:
    return [json.loads(entry.data) for entry in desk.ledger()]


def test_each_read_is_one_entry(desk, clerk, item):
    for act in READS:
        before = len(desk.ledger())
        for times in range(1, 4):
            answer = clerk.get(READS[act].format(item=item))
            assert answer.status_code == 200, answer.text
            added = entries(desk)[before:]
            assert [entry["act"] for entry in added] == [act] * times
        me = clerk.get("/api/v1/me").json()["id"]
        assert {entry["actor"] for entry in added} == {me}
        assert added[-1]["request"] == answer.headers["x-request-id"]
        assert added[-1]["item"] == (item if act in OF_ONE_ITEM else None)
        assert added[-1]["result"] == "ok"


def test_the_entries_say_what_was_shown_and_nothing_personal(desk, clerk, item):
    for address in READS.values():
        clerk.get(address.format(item=item))
    told = {entry["act"]: entry.get("details", {}) for entry in entries(desk)}
    assert told["page.read"] == {"page": 2, "ground": "duty"}
    assert told["item.show"] == {"masked": False, "ground": "duty"}
    assert told["items.list"] == {"count": 1}
    assert (told["search"]["items"], told["search"]["total"], told["search"]["unmasked"]) == (
        [item],
        1,
        {item: {"ground": "duty", "pages": [1]}},
    )
    whole = b"".join(entry.data for entry in desk.ledger()).decode()
    assert "张伟" not in whole and "HT-2024" not in whole and "保密" not in whole
    again = clerk.get("/api/v1/search?q=张伟")
    assert again.status_code == 200
    questions = [entry["details"]["question"] for entry in entries(desk) if entry["act"] == "search"]
    assert questions[0] == questions[1], "an auditor sees that the same was asked"


def test_part_of_a_thing_is_a_read_of_it(desk, clerk, item):
    assert clerk.get(f"/api/v1/items/{item}/pdf", headers={"Range": "bytes=0-10"}).status_code == 200
    assert len(desk.ledger("pdf.read")) == 1
    assert clerk.head(f"/api/v1/items/{item}/pdf").status_code == 405, "nothing is told past the ledger"


def test_the_auditor_s_reading_is_on_the_ledger_too(desk, item):
    auditor = desk.client(Role.AUDITOR)
    seen = auditor.get("/api/v1/audit/entries", params={"item": item}).json()["entries"]
    assert seen and {entry["item"] for entry in seen} == {item}
    exported = auditor.get("/api/v1/audit/ledger").content
    assert [len(desk.ledger(act)) for act in ("ledger.read", "ledger.export")] == [1, 1]
    verdict = export.verify_file(io.BytesIO(exported), public_key=desk.kernel.signer.verifier_key)
    assert verdict.ok and verdict.entries == len(desk.ledger())


def test_what_is_not_shown_is_no_read(desk, clerk, item):
    other = desk.client(Role.CLERK)
    before = len(desk.ledger())
    for act in OF_ONE_ITEM:
        assert other.get(READS[act].format(item=item)).status_code == 404
    assert clerk.get(f"/api/v1/items/{item}/pages/9/image").status_code == 404
    assert clerk.get("/api/v1/search?q=(").status_code == 422
    entered = desk.ledger()[before:]
    assert [(entry.act, json.loads(entry.data)["result"]) for entry in entered] == [(act, "refused") for act in OF_ONE_ITEM]


# ── no entry, no content ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_where_the_entry_cannot_be_written_nothing_is_shown(desk, clerk, item, monkeypatch):
    store = desk.kernel_of("access").objects.store
    opened, real = [], store.open
    monkeypatch.setattr(store, "open", lambda name: opened.append(name) or real(name))
    monkeypatch.setattr("services.kernel.ledger.journal.leaf_hash", lambda data: 1 / 0)
    for address in READS.values():
        answer = clerk.get(address.format(item=item))
        assert answer.status_code >= 500
        assert answer.headers["content-type"] == "application/problem+json"
        assert opened == []
        assert "张伟" not in answer.text and "HT-2024" not in answer.text


def test_where_the_entry_cannot_be_committed_nothing_is_shown(desk, clerk, item):
    def full(connection):
        raise OperationalError("COMMIT", {}, Exception("disk full"))

    before = len(desk.ledger())
    engines = {desk.kernel_of(room).database.engine for room in ("access", "search")}
    for engine in engines:
        event.listen(engine, "commit", full)
    for address in READS.values():
        answer = clerk.get(address.format(item=item))
        assert answer.status_code == 503
        assert "张伟" not in answer.text
    for engine in engines:
        event.remove(engine, "commit", full)
    assert len(desk.ledger()) == before


def test_the_entry_is_committed_before_the_first_byte(desk, clerk, item):
    """Seen by another connection at the moment the answer begins."""
    seen = []

    async def watched(scope, receive, send):
        async def note(message):
            if message["type"] == "http.response.start" and message["status"] == 200:
                seen.append(desk.ledger()[-1].act)
            await send(message)

        await desk.app(scope, receive, note)

    reader = TestClient(watched, headers=clerk.headers)
    for address in READS.values():
        assert reader.get(address.format(item=item)).status_code == 200
    assert seen == list(READS)


# ── damaged content ───────────────────────────────────────────────────────────────────────────────────────────────────────


def object_of(desk: Desk, kind: RenditionKind) -> Blob:
    with desk.kernel.database.read() as session:
        query = select(Blob).join(Rendition, Rendition.blob_id == Blob.id).where(Rendition.kind == kind, Rendition.page != 1)
        return session.scalars(query).one()


def flip(raw: bytes) -> bytes:
    return raw[: len(raw) // 2] + bytes([raw[len(raw) // 2] ^ 1]) + raw[len(raw) // 2 + 1 :]


DAMAGE = {
    "flipped": flip,
    "cut": lambda raw: raw[:-1],
    "longer": lambda raw: raw + b"x",
    "empty": lambda raw: b"",
    "gone": None,
}


@pytest.mark.parametrize(
    ("act", "kind"), [("page.read", RenditionKind.PAGE_PICTURE), ("pdf.read", RenditionKind.PDF)], ids=["picture", "pdf"]
)
def test_damaged_content_is_an_error_and_never_garbage(desk, clerk, item, act, kind):
    path = desk.kernel.objects.store._path(object_of(desk, kind).name)
    whole = path.read_bytes()
    for change in DAMAGE.values():
        path.unlink()
        if change is not None:
            path.write_bytes(change(whole))
        answer = clerk.get(READS[act].format(item=item))
        assert answer.status_code == 500
        assert answer.json()["type"] == "urn:muniment:problem:integrity"
        assert "backup" in answer.json()["detail"]
        path.write_bytes(whole)
        assert clerk.get(READS[act].format(item=item)).status_code == 200


def test_damage_behind_the_first_piece_ends_the_answer_short(desk, clerk, item):
    """More than a piece: the answer has begun; its length was told, so a client knows that it is torn."""
    blob = object_of(desk, RenditionKind.PDF)
    kernel = desk.kernel
    with kernel.database.write() as session:
        row = session.get_one(Blob, blob.id)
        large = kernel.objects.put(kernel.vault.key(session, row.key_id), b"x" * (3 << 20))
        row.name, row.sha256, row.stored_sha256, row.size = large.name, large.sha256, large.stored_sha256, large.size
    address = READS["pdf.read"].format(item=item)
    assert len(clerk.get(address).content) == 3 << 20
    path = kernel.objects.store._path(large.name)
    raw = path.read_bytes()
    path.write_bytes(raw[:-5] + bytes([raw[-5] ^ 1]) + raw[-4:])
    answer = clerk.get(address)
    assert int(answer.headers["content-length"]) == 3 << 20
    assert len(answer.content) < 3 << 20


def test_sealed_text_that_was_changed_is_an_error(desk, clerk, item):
    from services.kernel.tables import Item, Page

    with desk.kernel.database.write() as session:
        page = session.scalars(select(Page).where(Page.item_id == item, Page.number == 1)).one()
        page.reading_sealed = flip(page.reading_sealed)
    assert clerk.get(READS["text.read"].format(item=item)).json()["type"] == "urn:muniment:problem:integrity"
    with desk.kernel.database.write() as session:
        paper = session.get_one(Item, item)
        paper.title_sealed = flip(paper.title_sealed)
    assert clerk.get(READS["item.show"].format(item=item)).json()["type"] == "urn:muniment:problem:integrity"


def test_content_under_a_destroyed_key_is_gone(desk, clerk, item):
    from services.kernel.tables import DataKey, Item

    with desk.kernel.database.write() as session:
        session.get_one(DataKey, session.get_one(Item, item).key_id).wrapped = None
    for act in ("page.read", "text.read", "pdf.read", "item.show"):
        answer = clerk.get(READS[act].format(item=item))
        assert answer.status_code == 404 and "destroyed" in answer.json()["detail"]
