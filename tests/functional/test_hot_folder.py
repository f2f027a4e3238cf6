"""A scanner's folder under a running archive: what is whole is taken, what is bad comes back with the reason beside it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

import samples
from tests.archive import RunningArchive
from tests.catalogue import Catalogue, until

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("scanner") / "inbox"


@pytest.fixture(scope="module")
def archive(folder):
    with RunningArchive(folder.parent / "data", options=["--hot-folder", str(folder)]) as running:
        until((folder / "rejected").is_dir, "the folder is watched")
        yield running


def receipt(seed: int, folder: Path) -> bytes:
    path = folder / f"{seed}.jpg"
    samples.write(samples.make("payment_voucher", seed), path, "jpeg", 150)
    return path.read_bytes()


def names_in(archive: RunningArchive, title: str) -> list[str]:
    """The files of today's batch of that title; every batch is the hot folder's own, and the archivist sees all."""
    with archive.client("archivist") as client:
        batches = client.get("/api/v1/batches").raise_for_status().json()["batches"]
        (batch,) = [each for each in batches if each["title"].rpartition(" ")[0] == title]
        assert batch["source"] == "hot-folder"
        return [file["name"] for file in archive.wait(client, batch["id"])["files"]]


def test_a_file_that_is_still_being_written_is_waited_for(archive, folder, tmp_path):
    content = receipt(1, tmp_path)
    pieces = [content[start : start + len(content) // 6 + 1] for start in range(0, len(content), len(content) // 6 + 1)]
    target = folder / "SCN_0001.jpg"
    with target.open("wb") as scanner:
        for piece in pieces:
            scanner.write(piece)
            scanner.flush()
            time.sleep(0.7)  # a slow scanner: in all it takes longer than the watcher's patience
            assert target.exists() and Catalogue(archive.data).one("SELECT count(*) FROM files") == 0
    until((folder / "done" / "SCN_0001.jpg").exists, "the whole file is taken")
    assert not target.exists() and (folder / "done" / "SCN_0001.jpg").read_bytes() == content
    assert names_in(archive, "inbox") == ["SCN_0001.jpg"]


def test_a_second_file_of_the_same_name_is_another_file(archive, folder, tmp_path):
    before = Catalogue(archive.data).one("SELECT count(*) FROM items")
    for seed in (2, 3):
        content = receipt(seed, tmp_path)
        (folder / "SCN_0002.jpg").write_bytes(content)
        until(lambda: not (folder / "SCN_0002.jpg").exists(), "it is taken")
    assert {path.name for path in (folder / "done").glob("SCN_0002*")} == {"SCN_0002.jpg", "SCN_0002-2.jpg"}
    assert names_in(archive, "inbox").count("SCN_0002.jpg") == 2
    assert Catalogue(archive.data).one("SELECT count(*) FROM items") == before + 2


def test_a_bad_file_comes_back_with_the_reason(archive, folder):
    (folder / "SCN_0003.pdf").write_bytes(b"%PDF-1.7\n%%EOF\n")
    reason = folder / "rejected" / "SCN_0003.pdf.reason.txt"
    until(reason.exists, "it is rejected")
    assert (folder / "rejected" / "SCN_0003.pdf").read_bytes() == b"%PDF-1.7\n%%EOF\n"
    until(lambda: len(reason.read_text("utf-8").split()) > 5, "the reason is written")
    assert not (folder / "done" / "SCN_0003.pdf").exists()


def test_a_subfolder_is_a_batch(archive, folder, tmp_path):
    (folder / "三号楼").mkdir()
    (folder / "三号楼" / "SCN_0001.jpg").write_bytes(receipt(4, tmp_path))
    until((folder / "done" / "三号楼" / "SCN_0001.jpg").exists, "it is taken")
    assert names_in(archive, "三号楼") == ["SCN_0001.jpg"]


def test_unfinished_names_are_left_alone(archive, folder, tmp_path):
    (folder / "SCN_0009.jpg.part").write_bytes(receipt(9, tmp_path))
    (folder / "SCN_0010.jpg").write_bytes(receipt(10, tmp_path))
    until((folder / "done" / "SCN_0010.jpg").exists, "the other one is taken")
    assert (folder / "SCN_0009.jpg.part").exists()
    (folder / "SCN_0009.jpg.part").rename(folder / "SCN_0009.jpg")
    until((folder / "done" / "SCN_0009.jpg").exists, "it is taken under its own name")
