"""A batch is carried out: every copy goes, the key last; another way of looking finds nothing, and one certificate tells it."""

import hashlib
import json
from io import BytesIO

import pytest
from pikepdf import pdfa
from sqlalchemy import select, update

from services import app as composition
from services.kernel.copies import CopyState, TrackedCopy
from services.kernel.errors import Conflict, Withheld
from services.kernel.holds import Hold, HoldItem
from services.kernel.identity import accounts
from services.kernel.identity.rights import Principal
from services.kernel.identity.tables import Person
from services.kernel.ledger.note import text_of
from services.kernel.model import ItemState, Role
from services.kernel.queue.runner import Runner
from services.kernel.queue.stages import Queue, Stage
from services.kernel.removal import sediment
from services.kernel.tables import Blob, DataKey, File, Item, Page
from services.kernel.tombstones import Tombstone
from services.retention.batches.model import BatchState, LineState
from services.retention.batches.tables import DestructionBatch, DestructionLine
from services.retention.destruction import issue, service, verification
from services.retention.destruction.certificate import FORM
from services.retention.destruction.tables import DestructionCertificate, DestructionRun
from services.retention.destruction.tasks import DestroyHandler
from tests.desk import Desk, TestClient, created, ok, scan
from tests.destroying import Ready, ready

SECRET = "饕餮魑魅合同"


@pytest.fixture
def clerk(desk: Desk) -> TestClient:
    return desk.client(Role.CLERK)


def state_of(desk: Desk, item: str) -> str:
    with desk.kernel.database.read() as session:
        return session.get_one(Item, item).state


def run_of(batch: Ready) -> DestructionRun:
    with batch.desk.kernel.database.read() as session:
        return session.get_one(DestructionRun, batch.id)


def found(client: TestClient, words: str) -> list[str]:
    return [hit["item_id"] for hit in ok(client.get("/api/v1/search", params={"q": words}))["hits"]]


def test_every_copy_goes_and_the_rest_stays_whole(desk, clerk):
    doomed, kept = desk.item(clerk, SECRET, f"{SECRET} 二"), desk.item(clerk, "关于办公用品管理的通知 乙")
    archivist = desk.client(Role.ARCHIVIST)
    before, text = set(desk.objects()), ok(clerk.get(f"/api/v1/items/{kept}/text"))["text"]
    assert found(archivist, SECRET) == [doomed]
    batch = ready(desk, [doomed])
    batch.destroy()
    assert batch.state == BatchState.VERIFYING, run_of(batch).failures
    assert state_of(desk, doomed) == ItemState.DESTROYED and batch.lines(LineState.DESTROYED) == 1
    with desk.kernel.database.read() as session:
        stone = session.get_one(Tombstone, doomed)
        assert stone.destroyed_at is not None and stone.outside
        assert session.scalars(select(Page.id).where(Page.item_id == doomed)).all() == []
        keys = session.scalars(select(DataKey).where(DataKey.id.in_(stone.keys))).all()
        assert len(keys) == 2 and all(key.wrapped is None and key.destroyed_at for key in keys)
        names = {name for name, _ in stone.objects}
        assert len(names) == 4, "the master, two pictures, one PDF"
    assert set(desk.objects()) == before - names
    assert found(archivist, SECRET) == []
    for path in ("", "/text", "/pdf", "/pages/1/image"):
        assert archivist.get(f"/api/v1/items/{doomed}{path}").status_code == 404
    assert ok(clerk.get(f"/api/v1/items/{kept}/text"))["text"] == text
    report = {each["store"]: each for each in run_of(batch).report}
    stores = {"objects", "index", "catalogue", "keys", "queue", "catalogue files", "copies", "tombstones"}
    assert set(report) == stores | {"backups", "key backups"}
    assert all(each["count"] == 0 for each in report.values()) and report["objects"]["checked"] == 4
    acts = [entry.act for entry in desk.ledger() if entry.item_id == doomed and entry.act.startswith("item.destroy")]
    assert acts == ["item.destroying", "item.destroy"]


def test_one_certificate_is_signed_and_only_when_the_witnesses_have(desk, clerk):
    doomed = desk.item(clerk, SECRET)
    batch = ready(desk, [doomed])
    batch.destroy()
    schedule = desk.kernel_of("schedule")
    assert issue.due(schedule.database, schedule.signer) == 0 and batch.state == BatchState.VERIFYING
    assert batch.sign() == 1 and batch.state == BatchState.CLOSED
    assert issue.due(schedule.database, schedule.signer) == 0
    with desk.kernel.database.read() as session:
        (row,) = session.scalars(select(DestructionCertificate)).all()
    text = text_of(row.note, schedule.signer.verifier_key)
    form, body, end = text.split("\n")
    told = json.loads(body)
    assert (form, end, told["number"]) == (FORM, "", row.number)
    assert hashlib.sha256(text.encode()).hexdigest() == row.sha256
    assert (told["items"], told["pages"]) == (1, 1) and told["method"]["nist_800_88r2"] == "purge"
    assert [each["capacity"] for each in told["people"]["witnessed_by"]] == ["supervisor", "electronic"]
    assert told["people"]["executed_by"]["id"] == batch.executor.person_id
    assert all(each["count"] == 0 for each in told["stores"])
    assert pdfa.validate_written(BytesIO(row.pdf), "2b").passed
    (closing,) = desk.ledger("destruction.close")
    assert closing.position == row.position and row.sha256.encode() in closing.data


def test_hard_case_1_a_hold_placed_after_approval_keeps_the_line_and_the_batch_goes_on(desk, clerk):
    held, doomed = desk.item(clerk, f"{SECRET} 甲"), desk.item(clerk, f"{SECRET} 乙")
    batch = ready(desk, [held, doomed])
    batch.begin()
    with desk.kernel.database.write() as session:
        key = desk.kernel_of("filing").vault.new_key(session).id
        hold = Hold(scope="item", target=held, key_id=key, reason_sealed=b"x", placed_by=batch.executor.person_id)
        session.add(hold)
        session.flush()
        session.add(HoldItem(hold_id=hold.id, item_id=held))
        session.execute(update(Item).where(Item.id == held).values(holds=1))
    desk.work()
    batch.purge()
    desk.work()
    assert batch.state == BatchState.VERIFYING, run_of(batch).failures
    assert (state_of(desk, held), state_of(desk, doomed)) == (ItemState.ARCHIVED, ItemState.DESTROYED)
    with desk.kernel.database.read() as session:
        line = session.get_one(DestructionLine, (batch.id, held))
        assert (line.state, line.obstacle) == (LineState.REMOVED, "held")
    assert found(desk.client(Role.ARCHIVIST), SECRET) == [held]


@pytest.mark.parametrize(("flag", "why"), [("on_loan", "on_loan"), ("missing", "missing")])
def test_hard_case_3_what_is_lent_or_missing_is_not_destroyed(desk, clerk, flag, why):
    item = desk.item(clerk, SECRET)
    batch = ready(desk, [item])
    with desk.kernel.database.write() as session:
        session.execute(update(Item).where(Item.id == item).values({flag: True}))
    batch.destroy()
    assert state_of(desk, item) == ItemState.ARCHIVED
    with desk.kernel.database.read() as session:
        assert session.get_one(DestructionLine, (batch.id, item)).obstacle == why


def test_hard_case_2_a_shared_scan_lives_as_long_as_its_last_referrer(desk, clerk):
    one, two = desk.item(clerk, f"{SECRET} 甲"), desk.item(clerk, f"{SECRET} 乙")
    with desk.kernel.database.write() as session:  # both were cut from one stack
        file_id = session.get_one(Item, one).file_id
        session.get_one(Item, two).file_id = file_id
    ready(desk, [one]).destroy()
    with desk.kernel.database.read() as session:
        file = session.get_one(File, file_id)
        assert file.master_id is not None and file.sha256 and session.get_one(DataKey, file.key_id).wrapped
        master = session.get_one(Blob, file.master_id).name
    assert master in desk.objects() and state_of(desk, one) == ItemState.DESTROYED
    assert ok(clerk.get(f"/api/v1/items/{two}/text"))["text"]
    last = ready(desk, [two])
    last.destroy()
    assert last.state == BatchState.VERIFYING, run_of(last).failures
    assert master not in desk.objects()


def test_hard_case_2_of_two_that_go_at_once_the_last_takes_the_scan(desk, clerk):
    one, two = desk.item(clerk, f"{SECRET} 甲"), desk.item(clerk, f"{SECRET} 乙")
    with desk.kernel.database.write() as session:
        session.get_one(Item, two).file_id = session.get_one(Item, one).file_id
    batch = ready(desk, [one, two])
    batch.destroy()
    assert batch.state == BatchState.VERIFYING, run_of(batch).failures


def test_what_was_handed_in_twice_leaves_no_second_name(desk, clerk):
    content = scan(SECRET)
    desk.deliver(clerk, content, name="张伟合同.pdf")
    desk.deliver(clerk, content, name="张伟合同副本.pdf")
    desk.work()
    with desk.kernel.database.read() as session:
        (item,) = session.scalars(select(Item.id)).all()
    batch = ready(desk, [item])
    batch.destroy()
    with desk.kernel.database.read() as session:
        files = session.scalars(select(File)).all()
        assert len(files) == 2 and all(not file.name_sealed and not file.sha256 for file in files)
        assert all(session.get_one(DataKey, file.key_id).wrapped is None for file in files)
    desk.deliver(clerk, content)
    desk.work()
    with desk.kernel.database.read() as session:
        assert session.scalars(select(Item.state).order_by(Item.id)).all()[-1] == ItemState.SCANNED, "it is new again"


def test_hard_case_4_a_tracked_copy_keeps_the_batch_from_closing_until_a_witness_saw_it_destroyed(desk, clerk):
    item = desk.item(clerk, SECRET)
    batch = ready(desk, [item])
    with desk.kernel.database.write() as session:
        person = batch.executor.person_id
        copy = TrackedCopy(item_id=item, number=1, form="paper", holder_id=person, made_by=person, ground="policy:0")
        session.add(copy)
    batch.destroy()
    assert batch.state == BatchState.PARTIAL_FAILED and batch.lines(LineState.DESTROYED) == 1
    waiting = {each["store"] for each in run_of(batch).failures} - {"catalogue"}  # where its owner's turn comes after
    assert waiting == {"copies"}
    assert batch.sign() == 0
    with desk.kernel.database.write() as session:
        row = session.get_one(DestructionBatch, batch.id)
        with pytest.raises(Exception, match="witness who was named"):
            service.confirm_copy(session, batch.executor, row, copy.id, request=None)
        gone = service.confirm_copy(session, batch.witnesses[0], row, copy.id, request=None)
        assert gone.state == CopyState.DESTROYED and gone.ended_by == batch.witnesses[0].person_id
    batch.resume()
    desk.work()
    assert batch.state == BatchState.VERIFYING, run_of(batch).failures
    assert batch.sign() == 1


def test_an_object_that_is_locked_fails_its_line_and_never_closes(desk, clerk, monkeypatch):
    locked, free = desk.item(clerk, f"{SECRET} 甲"), desk.item(clerk, f"{SECRET} 乙")
    batch = ready(desk, [locked, free])
    with desk.kernel.database.read() as session:
        file = session.get_one(File, session.get_one(Item, locked).file_id)
        master = session.get_one(Blob, file.master_id).name
    store = desk.kernel_of("destruction").objects.store
    real = getattr(store, "_part", store)
    delete = real.delete

    def refuse(name: str) -> None:
        if name == master:
            raise Conflict("The object is locked until 2999-01-01 (Object Lock). Destroy it after that.")
        delete(name)

    with monkeypatch.context() as patch:
        patch.setattr(real, "delete", refuse)
        batch.destroy()
        assert batch.state == BatchState.PARTIAL_FAILED
        assert (batch.lines(LineState.FAILED), batch.lines(LineState.DESTROYED)) == (1, 1)
        assert state_of(desk, locked) == ItemState.DESTROYING and run_of(batch).failures[0]["store"] == "objects"
    batch.resume()
    desk.work()
    batch.purge()
    desk.work()
    assert batch.state == BatchState.VERIFYING, run_of(batch).failures


def test_it_pauses_resumes_and_stops_when_a_witness_is_disabled(desk, clerk):
    items = [desk.item(clerk, f"{SECRET} {n}") for n in range(3)]
    batch = ready(desk, items)
    batch.begin()
    with desk.kernel.database.write() as session:
        service.pause(session, batch.executor, session.get_one(DestructionBatch, batch.id), request=None)
    desk.work()
    assert batch.state == BatchState.EXECUTING and batch.lines(LineState.LISTED) == 3
    with desk.kernel.database.write() as session:
        session.get_one(Person, batch.witnesses[1].person_id).active = False
    with pytest.raises(Exception, match="witness who counted"):
        batch.resume()
    with desk.kernel.database.write() as session:
        session.get_one(Person, batch.witnesses[1].person_id).active = True
    batch.resume()
    with desk.kernel.database.write() as session:
        session.get_one(Person, batch.witnesses[1].person_id).active = False
    desk.work()
    assert batch.lines(LineState.LISTED) == 3 and run_of(batch).pause_reason == "witness"
    with desk.kernel.database.write() as session:
        session.get_one(Person, batch.witnesses[1].person_id).active = True
    batch.resume()
    desk.work()
    batch.purge()
    desk.work()
    assert batch.state == BatchState.VERIFYING, run_of(batch).failures


def test_who_proposed_does_not_execute_and_nothing_is_begun_twice(desk, clerk):
    batch = ready(desk, [desk.item(clerk, SECRET)])
    with desk.kernel.database.write() as session:
        row = session.get_one(DestructionBatch, batch.id)
        proposer = session.get_one(Person, row.created_by)
        acting = Principal(proposer.id, proposer.name, frozenset({Role.ARCHIVIST}))
        with pytest.raises(Exception, match="propose"):
            service.begin(session, acting, row, pace=None, request=None)
        session.rollback()
    batch.begin()
    with pytest.raises(Exception, match="needs a batch in state"):
        batch.begin()


def test_a_ghost_that_is_left_anywhere_is_found_by_the_other_way(desk, clerk):
    item = desk.item(clerk, SECRET)
    batch = ready(desk, [item])
    batch.begin()
    desk.work()
    batch.purge()
    desk.work()
    with desk.kernel.database.write() as session:
        stone = session.get_one(Tombstone, item)
        name = stone.objects[0][0]
        session.execute(update(DataKey).where(DataKey.id == stone.keys[0]).values(wrapped=b"back"))
        session.execute(update(Item).where(Item.id == item).values(title_sealed=b"back"))
    writer = desk.kernel.objects.store.create(name)
    writer.write(b"back")
    writer.commit()
    stores = composition.stores(desk.archive_of("destruction"))
    left = {each.store: each.left for each in verification.look(stores, batch.id, lambda place: None) if each.left}
    assert set(left) == {"objects", "keys", "catalogue"}, left
    assert len(left["objects"]) == 2, "in the listing and by its name"


def test_over_http_it_is_begun_limited_witnessed_and_certified(desk, clerk):
    item = desk.item(clerk, SECRET)
    batch = ready(desk, [item])
    archivist, leader = desk.client(Role.ARCHIVIST), desk.client(Role.COMPANY_LEADER)
    at = f"/api/v1/destruction-batches/{batch.id}"
    assert leader.post(f"{at}/execution", json={}).status_code == 403
    assert archivist.get(f"{at}/execution").status_code == 409
    begun = archivist.post(f"{at}/execution", json={"lines_per_minute": 600})
    assert begun.status_code == 201, begun.text
    assert begun.json()["state"] == BatchState.EXECUTING and begun.json()["lines"] == {"listed": 1}
    assert ok(archivist.post(f"{at}/execution/pause"))["pause_reason"] == "person"
    assert ok(archivist.patch(f"{at}/execution", json={}))["lines_per_minute"] is None
    assert archivist.get(f"{at}/certificate").status_code == 409
    ok(archivist.post(f"{at}/execution/resume"))
    desk.work()
    batch.purge()
    desk.work()
    shown = ok(leader.get(f"{at}/execution"))
    assert shown["state"] == BatchState.VERIFYING and shown["failures"] == [] and shown["lines"] == {"destroyed": 1}
    assert batch.sign() == 1
    told = ok(leader.get(f"{at}/certificate"))
    assert told["items"] == 1 and told["note"].startswith(FORM)
    sheet = leader.get(f"{at}/certificate.pdf")
    assert sheet.content.startswith(b"%PDF") and sheet.headers["content-type"] == "application/pdf"
    assert desk.client(Role.STAFF).get(f"{at}/certificate").status_code == 404
    assert [entry.act for entry in desk.ledger("destruction.certificate")] == ["destruction.certificate"] * 2


def test_what_waited_for_the_catalogue_s_owner_goes_on_by_itself(desk, clerk, monkeypatch):
    batch = ready(desk, [desk.item(clerk, SECRET)])
    batch.begin()

    def refused(database, *, actor):
        raise Withheld(sediment.NOT_OURS)

    with monkeypatch.context() as patch:
        patch.setattr(sediment, "purge", refused)
        desk.work()
        assert batch.state == BatchState.PARTIAL_FAILED
        assert [each["store"] for each in run_of(batch).failures] == ["catalogue"]
    sediment.purge(desk.kernel.database, actor=None)
    assert service.purged(desk.kernel.database) == 1 and service.purged(desk.kernel.database) == 0
    with monkeypatch.context() as patch:
        patch.setattr(sediment, "purge", refused)
        desk.work()
    assert batch.state == BatchState.VERIFYING, run_of(batch).failures


def archive(desk: Desk, *items: str) -> None:
    with desk.kernel.database.write() as session:
        session.execute(update(Item).where(Item.id.in_(items)).values(state=ItemState.ARCHIVED))


def asked(desk: Desk, item: str) -> tuple[TestClient, TestClient, str]:
    """Somebody of the staff who has asked to read an item, and the head who decides."""
    clients = []
    for role in (Role.STAFF, Role.DEPARTMENT_HEAD):
        with desk.kernel.database.write() as session:
            person = accounts.add_person(session, f"{role}-{item[-8:]}", role, department="营销部")
            token = accounts.issue_token(session, person)
        clients.append(TestClient(desk.app, headers={"Authorization": f"Bearer {token}"}, raise_server_exceptions=False))
    staff, head = clients
    body = {"kind": "read", "item_ids": [item], "purpose": "核对付款日期"}
    return staff, head, str(created(staff.post("/api/v1/access-requests", json=body))["id"])


def test_hard_case_3_what_a_live_grant_opens_is_not_destroyed(desk, clerk):
    item = desk.item(clerk, SECRET)
    archive(desk, item)
    staff, head, request = asked(desk, item)
    ok(head.post(f"/api/v1/access-requests/{request}/decision", json={"approves": True, "reason": ""}))
    batch = ready(desk, [item])
    batch.destroy()
    assert state_of(desk, item) == ItemState.ARCHIVED and batch.lines(LineState.REMOVED) == 1
    assert staff.get(f"/api/v1/items/{item}/text").status_code == 200


def test_hard_case_12_access_approved_at_the_same_instant_loses(desk, clerk):
    item = desk.item(clerk, SECRET)
    archive(desk, item)
    staff, head, request = asked(desk, item)
    batch = ready(desk, [item])
    batch.begin()
    opened = []

    def between(place: str) -> None:
        if place == "tombstone: before":
            opened.append(
                head.post(f"/api/v1/access-requests/{request}/decision", json={"approves": True, "reason": ""}).status_code
            )
            opened.append(staff.get(f"/api/v1/items/{item}/text").status_code)

    archive_of = desk.archive_of("destruction")
    handlers = {Stage.DESTROY: DestroyHandler(composition.stores(archive_of), at=between)}
    Runner(archive_of.kernel.database, handlers, lease_seconds=60.0, max_attempts=3).drain(Queue.DESTRUCTION)
    assert opened == [200, 403]
    assert ok(staff.get(f"/api/v1/access-requests/{request}"))["state"] == "void"
    assert state_of(desk, item) == ItemState.DESTROYED


def test_hard_case_7_what_a_rescan_superseded_goes_too(desk, clerk):
    item = desk.item(clerk, SECRET, "第二页")
    check = created(desk.checker.post("/api/v1/filings/checks", json={"item_ids": [item]}))
    seen = [{"item_id": item, "number": page["number"], "passed": True} for page in check["page_list"]]
    seen[0] |= {"passed": False, "reason": "illegible"}
    ok(desk.checker.post(f"/api/v1/filings/checks/{check['id']}/verdicts", json={"verdicts": seen}))
    ok(desk.checker.post(f"/api/v1/filings/checks/{check['id']}/close"))
    again = {"file": ("重扫.pdf", scan(f"{SECRET} 又", "第二页"))}
    created(clerk.post(f"/api/v1/rescans/{item}", files=again, params={"reason": "illegible"}))
    desk.work()
    assert len(desk.objects()) == 2 + 2 * 3, "two masters; twice two pictures and a PDF"
    batch = ready(desk, [item])
    batch.destroy()
    assert batch.state == BatchState.VERIFYING, run_of(batch).failures
    assert desk.objects() == []
    with desk.kernel.database.read() as session:
        assert len(session.get_one(Tombstone, item).keys) == 3, "the item's, and those of both files"
