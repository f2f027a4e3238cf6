"""Resumable uploads: broken off anywhere, a file arrives whole and once, or not at all."""

import asyncio
import base64
import json
import os
import time
from collections.abc import AsyncIterator

import httpx
import pytest

from services.ingest.upload import DAYS_TO_KEEP
from services.kernel.config import Settings
from services.kernel.model import Role
from tests.desk import Desk, TestClient, created, scan

PAPER = scan("商品房买卖合同\n买受人：张伟", "第二页" * 200)
HALF = len(PAPER) // 2
UPLOADS = "/api/v1/uploads"
TUS = {"Tus-Resumable": "1.0.0"}


@pytest.fixture
def clerk(desk: Desk) -> TestClient:
    return desk.client(Role.CLERK)


@pytest.fixture
def batch(desk: Desk, clerk: TestClient) -> str:
    return desk.batch(clerk)


def metadata(**values: str) -> str:
    return ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in values.items())


def begin(client: TestClient, batch: str, size: int | None = len(PAPER), name: str = "扫描.pdf", **headers: str):
    length = {"Upload-Defer-Length": "1"} if size is None else {"Upload-Length": str(size)}
    told = {"Upload-Metadata": metadata(batch_id=batch, filename=name, filetype="application/pdf")}
    return client.post(UPLOADS, headers=TUS | length | told | headers)


def begun(client: TestClient, batch: str, **more) -> str:
    answer = begin(client, batch, **more)
    assert answer.status_code == 201, answer.text
    return UPLOADS + "/" + answer.headers["location"].rsplit("/", 1)[-1]


def patch(client: TestClient, upload: str, offset: int, content: bytes, **headers: str):
    told = TUS | {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
    return client.patch(upload, content=content, headers=told | headers)


def offset(client: TestClient, upload: str) -> int:
    answer = client.head(upload, headers=TUS)
    assert answer.status_code == 200, answer.status_code
    assert answer.headers["cache-control"] == "no-store"
    return int(answer.headers["upload-offset"])


def names(client: TestClient, batch: str) -> list[tuple[str, int]]:
    return [(file["name"], file["size"]) for file in client.get(f"/api/v1/batches/{batch}").json()["files"]]


def on_the_way(desk: Desk) -> list[str]:
    """Bytes that still lie in the uploads folder, by name of file."""
    folder = desk.settings.uploads_folder
    return [path.name for path in folder.glob("*/*") if path.is_file() and path.suffix != ".info"]


def stored(desk: Desk) -> bytes:
    """The content of the one object."""
    from sqlalchemy import select

    from services.kernel.tables import Blob

    kernel = desk.kernel
    with kernel.database.read() as session:
        blob = session.scalars(select(Blob)).one()
        return kernel.objects.fetch(blob.name, kernel.vault.key(session, blob.key_id), sha256=blob.sha256)


@pytest.mark.parametrize("piece", [1000, HALF, len(PAPER)])
def test_a_file_in_pieces_becomes_a_file_of_its_batch(desk, clerk, batch, piece):
    upload = begun(clerk, batch)
    for start in range(0, len(PAPER), piece):
        assert names(clerk, batch) == [], "not before the last byte"
        assert offset(clerk, upload) == start
        answer = patch(clerk, upload, start, PAPER[start : start + piece])
        assert answer.status_code == 204, answer.text
        assert int(answer.headers["upload-offset"]) == min(start + piece, len(PAPER))
    assert names(clerk, batch) == [("扫描.pdf", len(PAPER))]
    assert stored(desk) == PAPER
    assert on_the_way(desk) == []
    assert len(desk.ledger("file.receive")) == 1
    desk.work()
    assert clerk.get(f"/api/v1/batches/{batch}").json()["state"] == "done"


def test_what_this_server_can_do_is_told_truly(desk, clerk):
    answer = clerk.options(UPLOADS)
    assert answer.status_code == 204
    assert answer.headers["tus-version"] == "1.0.0"
    assert answer.headers["tus-max-size"] == str(desk.settings.max_file_bytes)
    assert set(answer.headers["tus-extension"].split(",")) == {"creation", "creation-defer-length", "expiration", "termination"}


def test_a_size_may_be_told_later(clerk, batch):
    upload = begun(clerk, batch, size=None)
    assert clerk.head(upload, headers=TUS).headers["upload-defer-length"] == "1"
    assert patch(clerk, upload, 0, PAPER[:HALF]).status_code == 204
    assert names(clerk, batch) == []
    assert patch(clerk, upload, HALF, PAPER[HALF:], **{"Upload-Length": str(len(PAPER))}).status_code == 204
    assert names(clerk, batch) == [("扫描.pdf", len(PAPER))]


# ── broken off ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def files_of(desk: Desk, upload: str):
    (path,) = desk.settings.uploads_folder.glob(f"*/{upload.rsplit('/', 1)[-1]}")
    return path, path.with_name(f"{path.name}.info")


def finish(client: TestClient, upload: str) -> None:
    at = offset(client, upload)
    assert patch(client, upload, at, PAPER[at:]).status_code == 204


def test_bytes_of_a_killed_server_behind_the_noted_offset_are_sent_again_not_doubled(desk, clerk, batch):
    upload = begun(clerk, batch)
    patch(clerk, upload, 0, PAPER[:HALF])
    path, _ = files_of(desk, upload)
    with path.open("ab") as target:
        target.write(PAPER[HALF : HALF + 50])  # flushed, and then the plug was pulled
    assert offset(clerk, upload) == HALF
    finish(clerk, upload)
    assert stored(desk) == PAPER


def test_bytes_that_a_power_cut_took_away_are_asked_for_again(desk, clerk, batch):
    upload = begun(clerk, batch)
    patch(clerk, upload, 0, PAPER[:HALF])
    path, _ = files_of(desk, upload)
    os.truncate(path, 100)
    assert offset(clerk, upload) == 100
    finish(clerk, upload)
    assert stored(desk) == PAPER


def test_a_patch_that_was_refused_half_way_spoils_nothing(desk, clerk, batch):
    upload = begun(clerk, batch)

    def too_much():
        yield PAPER[:HALF]
        yield PAPER

    told = TUS | {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream", "Content-Length": "1"}
    assert clerk.patch(upload, content=too_much(), headers=told).status_code == 400
    finish(clerk, upload)
    assert stored(desk) == PAPER


def test_a_whole_upload_that_was_not_taken_in_is_when_its_offset_is_asked_for(desk, clerk, batch, monkeypatch):
    """The server died between the last byte and the catalogue; the sender now hears that all is in, so it must be."""
    upload = begun(clerk, batch)
    with monkeypatch.context() as patching:
        patching.setattr("services.kernel.ledger.journal.leaf_hash", lambda data: 1 / 0)
        assert patch(clerk, upload, 0, PAPER).status_code == 500
    assert (names(clerk, batch), desk.objects()) == ([], [])
    assert offset(clerk, upload) == len(PAPER)
    assert names(clerk, batch) == [("扫描.pdf", len(PAPER))]
    assert offset(clerk, upload) == len(PAPER)
    assert len(desk.objects()) == 1 and on_the_way(desk) == []


def test_a_crash_between_catalogue_and_clearing_up_makes_no_second_file(desk, clerk, batch, monkeypatch):
    upload = begun(clerk, batch)
    with monkeypatch.context() as patching:
        patching.setattr("services.ingest.upload.Upload.taken_in", lambda self: 1 / 0)
        assert patch(clerk, upload, 0, PAPER).status_code == 500
    assert len(names(clerk, batch)) == 1
    assert offset(clerk, upload) == len(PAPER)
    assert len(names(clerk, batch)) == len(desk.objects()) == 1
    assert on_the_way(desk) == []


def test_who_missed_the_last_answer_hears_that_all_is_in(desk, clerk, batch):
    upload = begun(clerk, batch)
    patch(clerk, upload, 0, PAPER)
    answer = clerk.head(upload, headers=TUS)
    assert (answer.headers["upload-offset"], answer.headers["upload-length"]) == (str(len(PAPER)),) * 2
    assert patch(clerk, upload, 0, PAPER).status_code in (404, 409)
    assert len(names(clerk, batch)) == 1
    info = next(desk.settings.uploads_folder.glob("*/*.info")).read_text()
    assert json.loads(info)["metadata"] == {}, "of its names nothing is left"


def test_a_second_request_for_the_same_upload_neither_mixes_in_nor_stops_the_server(desk, clerk, batch):
    """After a torn connection the first request may still be at it."""
    upload = begun(clerk, batch)
    told = TUS | {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream", "Content-Length": str(len(PAPER))}

    async def at_once() -> list[int]:
        going, answered = asyncio.Event(), asyncio.Event()

        async def slow() -> AsyncIterator[bytes]:
            yield PAPER[:HALF]
            going.set()
            await answered.wait()
            yield PAPER[HALF:]

        transport = httpx.ASGITransport(app=desk.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://archive", headers=clerk.headers) as http:
            first = asyncio.create_task(http.patch(upload, content=slow(), headers=told))
            await going.wait()
            meanwhile = [
                await http.patch(upload, content=PAPER, headers=told),
                await http.head(upload, headers=TUS),
                await http.delete(upload, headers=TUS),
                await http.get("/healthz"),
            ]
            answered.set()
            return [answer.status_code for answer in (*meanwhile, await first)]

    assert asyncio.run(asyncio.wait_for(at_once(), 20)) == [423, 423, 423, 200, 204]
    assert stored(desk) == PAPER


WRONG_OFFSETS = [0, HALF - 1, HALF + 1, len(PAPER), 10**12, -1]


def test_a_wrong_offset_is_refused_and_takes_nothing(desk, clerk, batch):
    for at in WRONG_OFFSETS:
        upload = begun(clerk, batch)
        patch(clerk, upload, 0, PAPER[:HALF])
        assert patch(clerk, upload, at, PAPER[HALF:]).status_code == 409
        finish(clerk, upload)
        assert stored(desk) == PAPER


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Tus-Resumable": "0.2.0"}, 412),
        ({"Content-Type": "application/pdf"}, 415),
        ({"Upload-Offset": "x"}, 422),
    ],
    ids=str,
)
def test_a_request_that_is_none_takes_nothing(desk, clerk, batch, headers, status):
    upload = begun(clerk, batch)
    answer = patch(clerk, upload, 0, PAPER, **headers)
    assert answer.status_code in (status, 400)
    assert answer.headers["content-type"] == "application/problem+json"
    assert names(clerk, batch) == []
    finish(clerk, upload)
    assert len(names(clerk, batch)) == 1


# ── refused ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_another_s_upload_looks_like_none(desk, clerk, batch):
    upload = begun(clerk, batch)
    patch(clerk, upload, 0, PAPER[:HALF])
    none = f"{UPLOADS}/{'0' * 32}"
    for role in (Role.CLERK, Role.ARCHIVIST, Role.SERVICE):
        other = desk.client(role)
        for act in (
            lambda address, other=other: other.head(address, headers=TUS),
            lambda address, other=other: patch(other, address, HALF, PAPER[HALF:]),
            lambda address, other=other: other.delete(address, headers=TUS),
        ):
            theirs, absent = act(upload), act(none)
            assert theirs.status_code == absent.status_code == 404
            if theirs.content:
                assert theirs.json() | {"request_id": ""} == absent.json() | {"request_id": ""}
    assert offset(clerk, upload) == HALF


NO_IDS = ["x", "0" * 31, "%2e%2e%2fcatalogue.db", "..%2f..%2fcatalogue.db", "A" * 32, ".locks"]


def test_an_id_is_never_a_path(clerk):
    for identity in NO_IDS:
        for answer in (clerk.head(f"{UPLOADS}/{identity}", headers=TUS), patch(clerk, f"{UPLOADS}/{identity}", 0, b"x")):
            assert answer.status_code == 404


def test_into_another_s_batch_nothing_goes(desk, batch):
    other = desk.client(Role.CLERK)
    assert begin(other, batch).status_code == begin(other, "none").status_code == 404
    assert on_the_way(desk) == []


NO_CREATIONS = [
    ({"Upload-Length": "-1"}, 422),
    ({"Upload-Length": "x"}, 422),
    ({"Upload-Defer-Length": "1"}, 422),
    ({"Upload-Concat": "partial"}, 422),
    ({"Upload-Concat": f"final;/{'0' * 32}"}, 404),
    ({"Tus-Resumable": "0.1"}, 412),
    ({"Upload-Metadata": ""}, 422),
    ({"Upload-Metadata": "filename !!!"}, 422),
]


def test_a_creation_that_is_none_leaves_nothing(desk, clerk, batch):
    for headers, status in NO_CREATIONS:
        answer = begin(clerk, batch, **headers)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert on_the_way(desk) == []


def test_bytes_with_the_creation_are_refused_not_lost(desk, clerk, batch):
    """The library would note them and never take the file in."""
    told = TUS | {"Upload-Length": str(len(PAPER)), "Upload-Metadata": metadata(batch_id=batch, filename="a.pdf")}
    answer = clerk.post(UPLOADS, content=PAPER, headers=told)
    assert answer.status_code == 422 and "PATCH" in answer.json()["detail"]
    assert on_the_way(desk) == []


@pytest.fixture
def small(settings: Settings) -> Desk:
    desk = Desk(settings.model_copy(update={"max_file_bytes": 1000}))
    yield desk
    desk.close()


def test_too_large_is_413_at_once_or_at_the_limit(small):
    clerk = small.client(Role.CLERK)
    batch = small.batch(clerk)
    assert begin(clerk, batch, size=1001).status_code == 413
    upload = begun(clerk, batch, size=None)
    assert patch(clerk, upload, 0, b"x" * 800).status_code == 204
    assert patch(clerk, upload, 800, b"x" * 300).status_code == 413
    assert offset(clerk, upload) == 800
    assert (names(clerk, batch), small.objects()) == ([], [])


def test_an_upload_given_up_leaves_nothing(desk, clerk, batch):
    upload = begun(clerk, batch)
    patch(clerk, upload, 0, PAPER[:HALF])
    assert clerk.delete(upload, headers=TUS).status_code == 204
    assert clerk.head(upload, headers=TUS).status_code == 404
    assert [path for path in desk.settings.uploads_folder.glob("*/*") if path.is_file()] == []


def test_uploads_that_nobody_goes_on_with_are_swept(desk, clerk, batch):
    old, new = begun(clerk, batch), begun(clerk, batch)
    past = time.time() - DAYS_TO_KEEP * 86_400 - 60
    for path in files_of(desk, old):
        os.utime(path, (past, past))
    begun(clerk, batch)
    assert clerk.head(old, headers=TUS).status_code == 404
    assert offset(clerk, new) == 0
    assert len(on_the_way(desk)) == 2


def test_an_empty_file_arrives_and_is_told_to_be_empty(desk, clerk, batch):
    begun(clerk, batch, size=0)
    assert names(clerk, batch) == [("扫描.pdf", 0)]
    desk.work()
    assert clerk.get(f"/api/v1/batches/{batch}").json()["state"] == "incomplete"


def test_a_duplicate_by_this_way_too_is_not_stored_twice(desk, clerk, batch):
    created(clerk.post(f"/api/v1/batches/{batch}/files", files={"file": ("a.pdf", PAPER)}))
    finish(clerk, begun(clerk, batch))
    assert [file["state"] for file in clerk.get(f"/api/v1/batches/{batch}").json()["files"]] == ["stored", "duplicate"]
    assert len(desk.objects()) == 1


def test_bytes_on_the_way_are_for_the_archive_s_eyes_only(desk, clerk, batch):
    begun(clerk, batch)
    for folder in (desk.settings.uploads_folder, *desk.settings.uploads_folder.iterdir()):
        assert folder.stat().st_mode & 0o077 == 0
