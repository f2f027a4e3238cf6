"""The hot folder takes what is whole, once, and loses nothing."""

import os
import threading
import time

import pytest

from services.ingest.hotfolder import DONE, REJECTED, HotFolder, Outcome, batch_title, is_unfinished, watch


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def hot(tmp_path):
    taken, clock = [], Clock()

    def take(path):
        taken.append((path.name, path.read_bytes()))
        return Outcome(True)

    folder = HotFolder(tmp_path, take, still_seconds=2.0, clock=clock)
    folder.prepare()

    def wait(seconds=2.0):
        clock.now += seconds
        folder.look()

    folder.look()
    return tmp_path, folder, taken, wait


def settle(wait):
    wait(0.25)
    wait(2.0)


def test_a_file_is_taken_only_when_it_has_been_still(hot):
    root, _, taken, wait = hot
    scan = root / "SCN_0001.pdf"
    scan.write_bytes(b"half")
    for _ in range(10):
        wait(1.5)
        scan.write_bytes(scan.read_bytes() + b".")
    assert taken == []
    settle(wait)
    assert taken == [("SCN_0001.pdf", b"half..........")]
    assert (root / DONE / "SCN_0001.pdf").exists() and not scan.exists()


def test_the_same_name_twice_keeps_both(hot):
    root, _, taken, wait = hot
    for content in (b"one", b"two", b"three"):
        (root / "SCN_0001.pdf").write_bytes(content)
        settle(wait)
    assert [content for _, content in taken] == [b"one", b"two", b"three"]
    assert (root / DONE / "SCN_0001.pdf").read_bytes() == b"one"
    assert (root / DONE / "SCN_0001-2.pdf").read_bytes() == b"two"
    assert (root / DONE / "SCN_0001-3.pdf").read_bytes() == b"three"


def test_a_refused_file_lies_beside_its_reason(hot):
    root, folder, _, wait = hot
    folder.take = lambda path: Outcome(False, "The PDF is locked by a password.")
    for _ in range(2):
        (root / "锁.pdf").write_bytes(b"x")
        settle(wait)
    assert sorted(p.name for p in (root / REJECTED).iterdir()) == [
        "锁-2.pdf",
        "锁-2.pdf.reason.txt",
        "锁.pdf",
        "锁.pdf.reason.txt",
    ]
    assert "password" in (root / REJECTED / "锁.pdf.reason.txt").read_text()


@pytest.mark.parametrize("error", [OSError(16, "busy"), PermissionError(13, "denied"), RuntimeError("our fault")])
def test_what_fails_is_tried_again_without_end(hot, error):
    root, folder, _, wait = hot
    attempts = []

    def take(path):
        attempts.append(path)
        if len(attempts) < 20:
            raise error
        return Outcome(True)

    folder.take = take
    (root / "a.pdf").write_bytes(b"x")
    wait(0.25)
    for _ in range(19):
        wait(2.0)
        assert (root / "a.pdf").exists()
    wait(2.0)
    assert len(attempts) == 20 and (root / DONE / "a.pdf").exists()


def test_when_only_the_move_fails_it_is_not_taken_again(hot, monkeypatch):
    root, _, taken, wait = hot
    (root / "a.pdf").write_bytes(b"x")
    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.replace", lambda *_: (_ for _ in ()).throw(PermissionError(13, "denied")))
        settle(wait)
        wait(2.0)
    assert len(taken) == 1 and list((root / DONE).iterdir()) == []
    wait(2.0)
    assert len(taken) == 1 and (root / DONE / "a.pdf").exists()


def test_a_writer_that_had_only_paused_is_waited_for_again(hot):
    root, folder, taken, wait = hot
    honest = folder.take

    def take(path):
        outcome = honest(path)
        if len(taken) == 1:
            path.write_bytes(b"half and the rest")
        return outcome

    folder.take = take
    (root / "a.pdf").write_bytes(b"half")
    settle(wait)
    assert (root / "a.pdf").exists()
    settle(wait)
    assert taken[-1] == ("a.pdf", b"half and the rest")
    assert (root / DONE / "a.pdf").read_bytes() == b"half and the rest"


def test_an_empty_file_is_given_time_to_be_written(hot):
    root, _, taken, wait = hot
    (root / "a.pdf").touch()
    settle(wait)
    assert taken == []
    wait(60)
    assert taken == [("a.pdf", b"")]


@pytest.mark.parametrize(
    "name", ["a.pdf.part", ".a.pdf.swp", "a.tmp", "a.pdf~", "~$a.docx", ".hidden", "A.PDF.PART", "a.filepart"]
)
def test_unfinished_names_are_left_alone(hot, name):
    root, _, taken, wait = hot
    (root / name).write_bytes(b"x")
    settle(wait)
    settle(wait)
    assert is_unfinished(name) and taken == [] and (root / name).exists()


def test_subfolders_are_batches(hot):
    root, folder, _, wait = hot
    titles = []
    folder.take = lambda path: (titles.append(batch_title(root, path)), Outcome(True))[1]
    (root / "三月合同" / "二期").mkdir(parents=True)
    (root / "三月合同" / "a.pdf").write_bytes(b"x")
    (root / "三月合同" / "二期" / "b.pdf").write_bytes(b"x")
    (root / "c.pdf").write_bytes(b"x")
    settle(wait)
    assert sorted(titles, key=str) == [None, "三月合同", "三月合同/二期"]
    assert (root / DONE / "三月合同" / "二期" / "b.pdf").exists()


def test_links_and_pipes_are_not_followed(hot, tmp_path_factory):
    root, _, taken, wait = hot
    secret = tmp_path_factory.mktemp("elsewhere") / "secret"
    secret.write_bytes(b"secret")
    (root / "link.pdf").symlink_to(secret)
    os.mkfifo(root / "pipe.pdf")
    settle(wait)
    assert taken == []


def test_oldest_first(hot):
    root, _, taken, wait = hot
    for age, name in ((1, "new.pdf"), (3, "old.pdf"), (2, "middle.pdf")):
        (root / name).write_bytes(b"x")
        os.utime(root / name, (1e9 - age, 1e9 - age))
    settle(wait)
    assert [name for name, _ in taken] == ["old.pdf", "middle.pdf", "new.pdf"]


@pytest.mark.parametrize("poll", [False, True])
def test_watching_takes_files_and_stops_when_told(tmp_path, poll):
    (tmp_path / "before.pdf").write_bytes(b"x")
    taken, stop = [], threading.Event()

    def take(path):
        taken.append(path.name)
        return Outcome(True)

    watcher = threading.Thread(target=watch, args=(tmp_path, take), kwargs={"stop": stop, "still_seconds": 0.2, "poll": poll})
    watcher.start()
    time.sleep(0.3)
    (tmp_path / "after.pdf").write_bytes(b"x")
    deadline = time.monotonic() + 10
    while len(taken) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    stop.set()
    watcher.join(5)
    assert not watcher.is_alive()
    assert sorted(taken) == ["after.pdf", "before.pdf"]


def test_watching_goes_on_by_the_clock_when_notifications_fail(tmp_path, monkeypatch):
    def broken(*_, **__):
        raise OSError(28, "no more watches")
        yield

    monkeypatch.setattr("watchfiles.watch", broken)
    test_watching_takes_files_and_stops_when_told(tmp_path, poll=False)
