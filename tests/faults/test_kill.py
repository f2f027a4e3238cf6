"""kill −9 of whatever runs, at random moments: nothing acknowledged is lost, nothing is done twice, nothing is left running."""

from __future__ import annotations

import random
import signal
import socket
import statistics
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import httpx
import psutil
import pytest

import samples
from tests.archive import RunningArchive
from tests.catalogue import OPEN_JOBS, PAGES_READ, PROGRESS, Catalogue, until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]
SEED = 20260723
ROUNDS = ["worker"] * 6 + ["reader"] * 3 + ["server"] * 5 + ["both"] * 3 + ["broker"] * 3
LONGEST_DELAY = 0.7
ORPHANS_LIVE = 5.0
"""Seconds that the kernel and init may take to end and bury a child on a busy machine."""


class Victims:
    """The processes of an archive, by what they are."""

    def __init__(self, archive: RunningArchive) -> None:
        assert archive.process is not None
        self.server = psutil.Process(archive.process.pid)
        self.family = self.server.children(recursive=True)

    def direct(self, word: str) -> psutil.Process | None:
        for child in self.family:
            with suppress(psutil.NoSuchProcess):
                if child.ppid() == self.server.pid and any(word in part for part in child.cmdline()):
                    return child
        return None

    @property
    def worker(self) -> psutil.Process | None:
        return self.direct("worker")

    @property
    def broker(self) -> psutil.Process | None:
        return self.direct("broker.sock") or self.direct("services.kernel.queue.broker")

    @property
    def readers(self) -> list[psutil.Process]:
        """The processes that hold leases; the sandbox's children are theirs."""
        with suppress(psutil.NoSuchProcess):
            return [child for child in self.worker.children() if "worker" in child.cmdline()] if self.worker else []
        return []


def below(process: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        return process.children(recursive=True)
    return []


def kill(*processes: psutil.Process | None) -> list[psutil.Process]:
    """SIGKILL; returns those killed and all that were below them, none of whom may live on."""
    doomed = [process for process in processes if process is not None]
    doomed += [child for process in doomed for child in below(process)]
    for process in processes:
        if process is not None:
            with suppress(psutil.NoSuchProcess):
                process.kill()
    return doomed


def strike(archive: RunningArchive, what: str, rng: random.Random) -> None:
    """Kills one kind of process, and brings the server back at once where it was among them."""
    victims = Victims(archive)
    if what == "reader" and victims.readers:
        doomed = kill(rng.choice(victims.readers))
    elif what in ("worker", "reader"):
        doomed = kill(victims.worker, *victims.readers)
    elif what == "broker":
        doomed = kill(victims.broker)
    else:
        everyone = victims.family
        doomed = kill(victims.worker, *victims.readers, victims.server) if what == "both" else kill(victims.server)
        archive.process.wait()
        archive.process = None
        doomed += everyone
    _, alive = psutil.wait_procs([each for each in doomed if each.pid != victims.server.pid], timeout=ORPHANS_LIVE)
    assert [each for each in alive if each.status() != psutil.STATUS_ZOMBIE] == [], f"orphans after the kill of {what}"
    if archive.process is None:
        archive.start(ready=False)


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    with RunningArchive(tmp_path_factory.mktemp("kill") / "data", workers=2) as running:
        running.user("archivist")
        yield running


def big(folder: Path, pages: int, seed: int) -> tuple[Path, list[str], int]:
    """A stack, the serial number that stands on each of its pages and nowhere else, and of how many documents it is."""
    path = folder / f"stack-{seed}.pdf"
    truth = samples.big_pdf(path, pages, seed)
    return path, [truth.pages[number].phrase[-8:] for number in sorted(truth.pages)], len(truth.documents)


def test_twenty_kills_lose_nothing_and_repeat_nothing(archive, tmp_path):
    rng = random.Random(SEED)
    rounds = rng.sample(ROUNDS, len(ROUNDS))
    recovered = defaultdict(list)
    catalogue = Catalogue(archive.data)
    phrases, documents = [], 0

    def deliver(pages: int) -> None:
        nonlocal documents
        path, more, parts = big(tmp_path, pages, SEED + len(phrases))
        documents += parts
        with archive.client("archivist") as client:
            archive.deliver(client, [path])
        phrases.extend(more)

    deliver(60)
    for what in rounds:
        if catalogue.one(OPEN_JOBS) == 0:
            deliver(12)
        before = catalogue.one(PROGRESS)
        until(lambda before=before: catalogue.one(PROGRESS) > before, f"any progress before the kill of {what}")
        time.sleep(rng.uniform(0, LONGEST_DELAY))
        strike(archive, what, rng)
        before = catalogue.one(PROGRESS)
        if catalogue.one(OPEN_JOBS):
            seconds = until(lambda before=before: catalogue.one(PROGRESS) > before, f"progress after the kill of {what}")
            recovered[what].append(seconds)
    archive.wait_until_ready()
    until(lambda: catalogue.one(OPEN_JOBS) == 0, "all jobs done", 300)
    for what, seconds in sorted(recovered.items()):
        print(
            f"{what}: {len(seconds)} kills, back at work after {statistics.median(seconds):.1f} s, at most {max(seconds):.1f} s"
        )
    everything_is_whole(archive, catalogue, phrases, documents)


def everything_is_whole(archive: RunningArchive, catalogue: Catalogue, phrases: list[str], documents: int) -> None:
    """Each page read once and found once, each document one item, nothing parked, no object too many, the ledger sound."""
    assert catalogue.rows("SELECT key, reason FROM jobs WHERE state <> 'done'") == []
    assert catalogue.one(PAGES_READ) == len(phrases)
    assert catalogue.rows("SELECT item_id, number, times_read FROM pages WHERE times_read <> 1") == []
    assert catalogue.one("SELECT count(*) FROM items") == documents
    assert catalogue.one("SELECT count(*) FROM renditions") == len(phrases) + documents
    with archive.client("archivist") as client:
        for phrase in phrases:
            found = client.get("/api/v1/search", params={"q": f'"{phrase}"'}).raise_for_status().json()
            assert found["total"] == 1 and len(found["hits"]) == 1, phrase
    ledger_is_sound(archive)


def ledger_is_sound(archive: RunningArchive) -> None:
    file = archive.data.parent / "ledger.jsonl"
    exported = archive.muniment("ledger", "export", str(file))
    assert exported.returncode == 0, exported.stderr
    verified = archive.muniment("ledger", "verify", str(file), data=False)
    assert verified.returncode == 0, verified.stdout


def multipart(name: str, content: bytes) -> tuple[bytes, str]:
    request = httpx.Request("POST", "http://unused/", files={"file": (name, content)})
    return request.read(), request.headers["content-type"]


def post_by_hand(archive: RunningArchive, path: str, key: str, name: str, content: bytes) -> tuple[socket.socket, bytes]:
    """A connection on which the head of an upload was sent, and the body that has still to follow."""
    body, kind = multipart(name, content)
    token = archive.user("archivist").token
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\nIdempotency-Key: {key}\r\n"
        f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    connection = socket.create_connection(("127.0.0.1", archive.port), timeout=30)
    connection.sendall(head.encode())
    return connection, body


CUTS = ("by the client", "by a kill", "after it was stored")


@pytest.mark.parametrize("cut", CUTS)
def test_an_upload_that_is_cut_is_not_acknowledged_and_is_repeated_without_a_second_file(archive, tmp_path, cut):
    catalogue, key = Catalogue(archive.data), str(uuid4())
    picture = tmp_path / "receipt.png"
    samples.write(samples.make("payment_voucher", CUTS.index(cut)), picture, "png", 150)
    content = picture.read_bytes()
    with archive.client("archivist") as client:
        path = f"/api/v1/batches/{archive.deliver(client, [])}/files"
        of_batch = "SELECT count(*) FROM files WHERE batch_id = ?", path.split("/")[4]
        connection, body = post_by_hand(archive, path, key, picture.name, content)
        with connection:
            if cut == "after it was stored":
                connection.sendall(body)
                until(lambda: catalogue.one(*of_batch) == 1, "the file is stored")
                archive.kill()
            else:
                connection.sendall(body[: len(body) // 2])
                time.sleep(0.3)
                if cut == "by a kill":
                    archive.kill()
        if archive.process is None:
            archive.start()
        assert catalogue.one(*of_batch) == (1 if cut == "after it was stored" else 0)
        answers = [
            client.post(path, files={"file": (picture.name, content)}, headers={"Idempotency-Key": key}) for _ in range(2)
        ]
        assert [answer.status_code for answer in answers] == [201, 201]
        assert answers[0].json() == answers[1].json()
        assert catalogue.one(*of_batch) == 1
        state = archive.wait(client, path.split("/")[4])
        assert [file["state"] for file in state["files"]] == ["accepted"] and len(state["items"]) == 1


def test_a_stop_drains_and_leaves_no_lease(archive, tmp_path):
    catalogue, (path, _, _) = Catalogue(archive.data), big(tmp_path, 16, 3)
    read = catalogue.one(PAGES_READ)
    with archive.client("archivist") as client:
        batch = archive.deliver(client, [path])
        until(lambda: catalogue.one(PAGES_READ) > read, "the first page is read")
        family = Victims(archive).family
        assert archive.stop() == 0
        assert psutil.wait_procs(family, timeout=30)[1] == [], "some live on; who has ended may wait a moment to be reaped"
        assert catalogue.rows("SELECT key, lease_owner FROM jobs WHERE state = 'leased'") == []
        assert catalogue.one(OPEN_JOBS) > 0, "it stopped in the middle, as it should"
        archive.start()
        state = archive.wait(client, batch)
    assert state["state"] == "done" and state["pages_done"] == 16
    assert catalogue.rows("SELECT item_id, number FROM pages WHERE times_read > 1") == []


@pytest.fixture(scope="module")
def impatient(tmp_path_factory):
    """An archive that takes a job from a reader that was silent for four seconds, and starts workers anew after twenty."""
    environment = {"MUNIMENT_LEASE_SECONDS": "4", "MUNIMENT_PAGES_PER_JOB": "3", "MUNIMENT_DEAF_SECONDS": "20"}
    data = tmp_path_factory.mktemp("fence") / "data"
    with RunningArchive(data, workers=2, environment=environment) as running:
        running.user("archivist")
        yield running


def test_a_reader_that_slept_through_its_lease_may_not_write(impatient, tmp_path):
    archive, catalogue = impatient, Catalogue(impatient.data)
    path, phrases, documents = big(tmp_path, 18, 4)
    with archive.client("archivist") as client:
        batch = archive.deliver(client, [path])
        sleeper, job, fence = put_to_sleep(archive, catalogue)
        taken = "SELECT fence FROM jobs WHERE id = ?"
        until(lambda: catalogue.one(taken, job) > fence, "another reader took the job")
        assert archive.wait(client, batch)["state"] == "done"
        sleeper.send_signal(signal.SIGCONT)
        until(lambda: '"lease-lost"' in archive.log.read_text("utf-8", "replace"), "the sleeper's write is refused")
    until(lambda: len(objects(archive)) == catalogue.one("SELECT count(*) FROM blobs"), "what it had stored is removed")
    everything_is_whole(archive, catalogue, phrases, documents)


def test_a_worker_that_hears_nothing_any_more_is_started_anew(impatient, tmp_path):
    archive, catalogue = impatient, Catalogue(impatient.data)
    deaf = Victims(archive)
    for process in (deaf.worker, *deaf.readers):
        process.send_signal(signal.SIGSTOP)
    path, _, _ = big(tmp_path, 2, 5)
    with archive.client("archivist") as client:
        assert archive.wait(client, archive.deliver(client, [path]))["state"] == "done"
    assert '"child-deaf"' in archive.log.read_text("utf-8", "replace")
    assert psutil.wait_procs(deaf.readers, timeout=30)[1] == []
    assert catalogue.rows("SELECT item_id, number FROM pages WHERE times_read <> 1") == []


def put_to_sleep(archive: RunningArchive, catalogue: Catalogue) -> tuple[psutil.Process, str, int]:
    """Stops (SIGSTOP) a reader in the middle of a page, and not while it holds the catalogue's write lock."""
    leased = "SELECT lease_owner, id, fence FROM jobs WHERE state = 'leased' AND kind = 'read' AND attempts = 1"
    for _ in range(50):
        until(lambda: bool(catalogue.rows(leased)) and catalogue.one(PAGES_READ) > 0, "a page is being read")
        owner, job, fence = catalogue.rows(leased)[0]
        sleeper = psutil.Process(int(owner.split("/")[1]))
        sleeper.send_signal(signal.SIGSTOP)
        still = catalogue.rows("SELECT lease_owner, id, fence FROM jobs WHERE id = ? AND state = 'leased'", job)
        if still == [(owner, job, fence)] and not catalogue.is_locked():
            return sleeper, job, fence
        sleeper.send_signal(signal.SIGCONT)
    raise AssertionError("no reader could be stopped between two writes")


def objects(archive: RunningArchive) -> list[Path]:
    return [path for path in (archive.data / "objects").rglob("*") if path.is_file()]
