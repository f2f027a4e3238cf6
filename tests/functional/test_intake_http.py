"""Files on their way in over HTTP: whole or not at all, once, and told truly."""

import asyncio
import json
import threading
from itertools import pairwise

import httpx
import pytest

from services.kernel.config import Settings
from services.kernel.model import Role
from tests.desk import Desk, TestClient, created, scan

PAPER = scan("商品房买卖合同\n买受人：张伟", "第二页", "第三页")


@pytest.fixture
def clerk(desk: Desk) -> TestClient:
    return desk.client(Role.CLERK)


def files(batch: str) -> str:
    return f"/api/v1/batches/{batch}/files"


def send(client: TestClient, batch: str, content: bytes = PAPER, name: str = "扫描.pdf", **headers: str) -> httpx.Response:
    return client.post(files(batch), files={"file": (name, content)}, headers=headers)


def overview(client: TestClient, batch: str) -> dict:
    answer = client.get(f"/api/v1/batches/{batch}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def assert_nothing_kept(desk: Desk, client: TestClient, batch: str) -> None:
    assert desk.objects() == []
    assert [path for path in desk.settings.objects_folder.rglob("*") if path.is_file()] == []
    assert overview(client, batch)["files"] == []
    assert desk.ledger("file.receive") == []
    assert desk.work() == 0


# ── multipart ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_was_acknowledged_is_stored_on_the_ledger_and_queued(desk, clerk):
    batch = desk.batch(clerk)
    receipt = created(send(clerk, batch))
    assert receipt["size"] == len(PAPER) and receipt["duplicate_of"] is None
    (entry,) = desk.ledger("file.receive")
    assert json.loads(entry.data)["details"] == {"file": receipt["id"], "sha256": receipt["sha256"]}
    assert len(desk.objects()) == 1
    assert overview(clerk, batch)["state"] == "processing"
    desk.work()
    done = overview(clerk, batch)
    assert (done["state"], done["pages_total"], done["pages_done"]) == ("done", 3, 3)
    assert [file["name"] for file in done["files"]] == ["扫描.pdf"]
    assert [(item["type"], item["pages"], item["indexed"]) for item in done["items"]] == [("sale_contract", 3, True)]


def test_the_file_s_name_and_content_lie_nowhere_in_plain(desk, clerk):
    desk.deliver(clerk, PAPER, name="张伟的合同.pdf")
    desk.work()
    desk.close()
    data = desk.settings.data
    raw = b"".join(path.read_bytes() for path in data.rglob("*") if path.is_file() and "index" not in path.parts)
    assert "张伟".encode() not in raw and "买受人".encode() not in raw


BOUNDARY = "x" * 30


def part(name: str, content: bytes, filename: str | None = None) -> bytes:
    file = f'; filename="{filename}"' if filename is not None else ""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
    return head.encode() + content + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()
FORM = f"multipart/form-data; boundary={BOUNDARY}"
WHOLE = part("file", PAPER, "a.pdf") + END

MALFORMED = {
    "no part named file": (FORM, part("other", PAPER, "a.pdf") + END),
    "no part at all": (FORM, END),
    "two files": (FORM, part("file", PAPER, "a.pdf") + part("file", b"other", "b.pdf") + END),
    "no file name": (FORM, part("file", PAPER) + END),
    "an empty file name": (FORM, part("file", PAPER, "") + END),
    "a name of slashes": (FORM, part("file", PAPER, "../../") + END),
    "cut in the content": (FORM, WHOLE[: len(WHOLE) // 2]),
    "cut before the boundary": (FORM, WHOLE[: -len(END) - 1]),
    "cut within the last boundary": (FORM, WHOLE[:-4]),
    "a part without its headers": (FORM, f"--{BOUNDARY}\r\n".encode() + PAPER),
    "endless headers": (FORM, f"--{BOUNDARY}\r\n".encode() + b"a" * 100_000),
    "many headers": (FORM, f"--{BOUNDARY}\r\n".encode() + b"a: b\r\n" * 5000),
    "another boundary": ("multipart/form-data; boundary=other", WHOLE),
    "an empty body": (FORM, b""),
    "no form": ("application/pdf", PAPER),
    "no boundary": ("multipart/form-data", WHOLE),
    "no type": ("", WHOLE),
}


def test_a_body_that_is_not_one_whole_file_leaves_nothing(desk, clerk):
    for case in MALFORMED:
        batch = desk.batch(clerk)
        kind, body = MALFORMED[case]
        answer = clerk.post(files(batch), content=body, headers={"Content-Type": kind})
        assert answer.status_code == 422, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert_nothing_kept(desk, clerk, batch)


@pytest.mark.parametrize("size", [1, 7, 100])
def test_pieces_of_any_size_and_other_fields_do_not_matter(desk, clerk, size):
    batch = desk.batch(clerk)
    body = part("note", b"x" * 300) + part("file", PAPER, "a.pdf") + part("after", b"y") + END
    pieces = (body[start : start + size] for start in range(0, len(body), size))
    receipt = created(clerk.post(files(batch), content=pieces, headers={"Content-Type": FORM}))
    assert receipt["size"] == len(PAPER)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("C:\\scans\\合同.pdf", "合同.pdf"),
        ("../../etc/passwd", "passwd"),
        ("a\u202eb\u0000.pdf", "ab.pdf"),
        ("x" * 300, "x" * 255),
    ],
)
def test_a_name_is_a_label_and_never_a_path(desk, clerk, sent, kept):
    batch = desk.batch(clerk)
    body = part("file", PAPER, sent) + END
    created(clerk.post(files(batch), content=body, headers={"Content-Type": FORM}))
    assert [file["name"] for file in overview(clerk, batch)["files"]] == [kept]


@pytest.fixture
def small(settings: Settings) -> Desk:
    desk = Desk(settings.model_copy(update={"max_file_bytes": 100_000}))
    yield desk
    desk.close()


def test_too_large_is_413_and_leaves_nothing(small):
    clerk = small.client(Role.CLERK)
    batch = small.batch(clerk)
    answer = send(clerk, batch, b"x" * 100_001)
    assert answer.status_code == 413 and "100,000" in answer.json()["detail"]
    assert_nothing_kept(small, clerk, batch)
    created(send(clerk, batch, b"x" * 100_000))


def test_the_rest_of_what_is_too_large_is_not_read(small):
    """A sender that never ends is stopped at the limit."""
    clerk = small.client(Role.CLERK)
    batch, sent = small.batch(clerk), []

    def endless():
        yield part("file", b"", "a.pdf")[:-2]
        while len(sent) < 1000:
            sent.append(1)
            yield b"x" * 65_536

    assert clerk.post(files(batch), content=endless(), headers={"Content-Type": FORM}).status_code == 413
    assert small.objects() == []


def asgi_request(desk: Desk, batch: str, token: str) -> tuple[dict, list]:
    headers = [(b"authorization", f"Bearer {token}".encode()), (b"content-type", FORM.encode())]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": files(batch),
        "raw_path": files(batch).encode(),
        "query_string": b"",
        "headers": headers,
        "client": ("t", 1),
        "server": ("t", 80),
        "root_path": "",
    }
    return scope, []


def test_a_sender_that_goes_away_leaves_nothing(desk):
    _, token = desk.person(Role.CLERK)
    client = TestClient(desk.app, headers={"Authorization": f"Bearer {token}"})
    batch = desk.batch(client)
    messages = [
        {"type": "http.request", "body": WHOLE[:200], "more_body": True},
        {"type": "http.disconnect"},
    ]
    scope, sent = asgi_request(desk, batch, token)

    async def receive():
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def note(message):
        sent.append(message)

    asyncio.run(desk.app(scope, receive, note))
    assert not [message for message in sent if message.get("status", 0) < 400 and message["type"] == "http.response.start"]
    assert_nothing_kept(desk, client, batch)


def test_a_full_store_is_503_and_leaves_nothing(desk, clerk, monkeypatch):
    from services.kernel.errors import Unavailable

    batch = desk.batch(clerk)
    with monkeypatch.context() as patch:

        def full(name):
            raise Unavailable("The object store is full.")

        patch.setattr(desk.kernel_of("ingest").objects.store, "create", full)
        assert send(clerk, batch).status_code == 503
    assert_nothing_kept(desk, clerk, batch)
    created(send(clerk, batch))


def test_a_catalogue_that_fails_at_the_last_moment_leaves_no_object(desk, clerk, monkeypatch):
    batch = desk.batch(clerk)
    with monkeypatch.context() as patch:
        patch.setattr("services.kernel.ledger.journal.leaf_hash", lambda data: 1 / 0)
        assert send(clerk, batch).status_code == 500
    assert_nothing_kept(desk, clerk, batch)


# ── once ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_duplicate_is_told_and_not_stored_twice(desk, clerk):
    batch = desk.batch(clerk)
    first = created(send(clerk, batch))
    second = created(send(clerk, batch, name="noch einmal.pdf"))
    assert second["duplicate_of"] == first["id"] != second["id"]
    assert len(desk.objects()) == 1
    desk.work()
    state = overview(clerk, batch)
    assert state["state"] == "done"
    assert [file["state"] for file in state["files"]] == ["accepted", "duplicate"]
    assert [(problem["code"], problem["severity"]) for problem in state["problems"]] == [("duplicate", "warning")]
    assert len(state["items"]) == 1


def test_of_the_same_file_sent_many_times_at_once_one_is_stored(desk, clerk):
    batch, receipts = desk.batch(clerk), []
    threads = [threading.Thread(target=lambda: receipts.append(created(send(clerk, batch)))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(desk.objects()) == 1
    assert [receipt["duplicate_of"] for receipt in receipts].count(None) == 1
    assert len({receipt["id"] for receipt in receipts}) == 6


def test_an_idempotency_key_makes_a_repeated_upload_one(desk, clerk):
    batch = desk.batch(clerk)
    first = created(send(clerk, batch, **{"Idempotency-Key": "k"}))
    again = created(send(clerk, batch, **{"Idempotency-Key": "k"}))
    assert again == first
    assert len(desk.objects()) == 1
    assert len(overview(clerk, batch)["files"]) == 1


def test_a_key_used_for_another_file_is_refused_and_the_file_not_taken_for_stored(desk, clerk):
    """Else its sender would believe that it is in the archive."""
    batch = desk.batch(clerk)
    created(send(clerk, batch, **{"Idempotency-Key": "k"}))
    answer = send(clerk, batch, scan("另一份"), **{"Idempotency-Key": "k"})
    assert answer.status_code == 409
    assert len(desk.objects()) == 1
    created(send(clerk, batch, scan("另一份"), **{"Idempotency-Key": "k2"}))


def test_one_key_at_once_is_one_file(desk, clerk):
    batch, receipts = desk.batch(clerk), []

    def deliver() -> None:
        receipts.append(created(send(clerk, batch, **{"Idempotency-Key": "k"})))

    threads = [threading.Thread(target=deliver) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({receipt["id"] for receipt in receipts}) == 1
    assert len(overview(clerk, batch)["files"]) == len(desk.objects()) == 1


# ── told truly ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_cannot_be_read_is_never_called_done(desk, clerk):
    rejected = desk.deliver(clerk, b"no scan")
    partial = desk.deliver(clerk, scan("第一页", "!", "第三页"))
    empty = desk.deliver(clerk, b"")
    desk.work()
    state = overview(clerk, rejected)
    assert (state["state"], state["files"][0]["state"], state["items"]) == ("incomplete", "rejected", [])
    assert state["problems"][0]["code"] == "wrong_type"
    state = overview(clerk, partial)
    assert (state["state"], state["pages_total"], state["pages_done"]) == ("incomplete", 3, 3)
    assert [(problem["code"], problem["page"]) for problem in state["problems"]] == [("page_unreadable", 2)]
    assert overview(clerk, empty)["state"] == "incomplete"


def test_a_parked_job_is_told_to_who_delivered_and_can_be_sent_off_again(desk, clerk):
    batch = desk.deliver(clerk, PAPER)
    desk.work(Broken())
    for _ in range(desk.settings.max_attempts):
        make_due(desk)
        desk.work(Broken())
    state = overview(clerk, batch)
    assert state["state"] == "incomplete"
    parked = [problem for problem in state["problems"] if problem["code"] == "job_parked"]
    assert parked and "张伟" not in json.dumps(parked, ensure_ascii=False)
    archivist = desk.client(Role.ARCHIVIST)
    listed = archivist.get("/api/v1/jobs").json()["jobs"]
    assert {job["reason"] for job in listed} == {"ValueError"}
    for job in listed:
        assert archivist.post(f"/api/v1/jobs/{job['id']}/retry").status_code == 200
    desk.work()
    assert overview(clerk, batch)["state"] == "done"
    assert len(desk.ledger("job.retry")) == len(listed)


class Broken:
    def read(self, *_, **__):
        raise ValueError("张伟")


def make_due(desk: Desk) -> None:
    from sqlalchemy import update

    from services.kernel.queue.tables import Job

    with desk.kernel.database.write() as session:
        session.execute(update(Job).values(due_at=0))


def test_a_rejected_file_is_kept_in_quarantine(desk, clerk):
    batch = desk.batch(clerk)
    created(send(clerk, batch, b"no scan"))
    desk.work()
    assert len(desk.objects()) == 1
    created(send(clerk, batch, b"no scan", name="again.pdf"))
    desk.work()
    assert [file["state"] for file in overview(clerk, batch)["files"]] == ["rejected", "rejected"]


def events(client: TestClient, batch: str) -> list[dict]:
    with client.stream("GET", f"/api/v1/batches/{batch}/events") as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = [line for line in answer.iter_lines() if line.startswith("data: ")]
    return [json.loads(line.removeprefix("data: ")) for line in lines]


def test_events_end_with_done(desk, clerk, monkeypatch):
    monkeypatch.setattr("services.ingest.endpoints.EVENT_SECONDS", 0.02)
    batch = desk.deliver(clerk, PAPER)
    worker = threading.Timer(0.1, desk.work)
    worker.start()
    told = events(clerk, batch)
    worker.join()
    assert told[0]["state"] == "processing" and told[-1]["state"] == "done"
    assert told[-1] == overview(clerk, batch)
    done = [state["pages_done"] for state in told]
    assert done == sorted(done) and done[-1] == 3
    assert all(one != other for one, other in pairwise(told)), "only what has changed"


def test_events_end_with_incomplete(desk, clerk):
    batch = desk.deliver(clerk, b"no scan")
    desk.work()
    assert [state["state"] for state in events(clerk, batch)] == ["incomplete"]
