"""Every bad input through the doors of a running archive with one worker, and through ``muniment read``: a clear problem each,
the original kept, nothing called a success, and the archive goes on."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFilter
from sqlalchemy import select

import samples
from services import app as composition
from services.kernel.blobs.scratch import fetch_master
from services.kernel.config import Settings
from services.kernel.paper import WARNINGS
from services.kernel.tables import File
from tests.archive import MUNIMENT, RunningArchive, clean_environment
from tests.catalogue import Catalogue
from tests.data.bad_inputs import BadInput, bad_inputs, encoded, pdf_of

pytestmark = pytest.mark.timeout(420)
INPUTS = {bad.name: bad for bad in bad_inputs()}
IDS = sorted(INPUTS)
PAGES_READ_OF = "SELECT count(*) FROM pages JOIN items ON items.id = item_id WHERE batch_id = ? AND pages.state = 'read'"
SLOW = {"MUNIMENT_PARSER_SECONDS": "12"}
"""One of them draws for ever; it need not do so for a minute."""


def told(bad: BadInput, codes: set[str]) -> bool:
    """Which limit a file without end meets first depends on how fast the machine is."""
    return bool(codes & ({"timeout", "too_much_memory"} if bad.code == "timeout" else {bad.code}))


def picture_only() -> bytes:
    """A photograph out of focus, on which there is nothing to read."""
    picture = Image.new("RGB", (1240, 1754), (120, 140, 120))
    draw = ImageDraw.Draw(picture)
    for i in range(40):
        draw.ellipse((i * 12, 100 + i * 20, 1240 - i * 12, 1700 - i * 18), fill=(80 + i * 4, 100 + i * 3, 90 + i * 3))
    return encoded(picture.filter(ImageFilter.GaussianBlur(12)), "JPEG", dpi=(150, 150))


def blank_sheets() -> bytes:
    sheet = encoded(Image.new("L", (620, 877), 252), "JPEG", dpi=(75, 75))
    return pdf_of(sheet, sheet)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("bad")


@pytest.fixture(scope="module")
def archive(folder):
    with RunningArchive(folder / "data", workers=1, environment=SLOW) as running:
        yield running


@pytest.fixture(scope="module")
def delivered(archive, folder):
    """Each input in a batch of its own, and a good file after all of them; (batches by name, the good file's batch)."""
    batches = {}
    with archive.client("clerk") as client:
        for name in IDS:
            path = folder / name / INPUTS[name].filename
            path.parent.mkdir()
            path.write_bytes(INPUTS[name].data)
            batches[name] = archive.deliver(client, [path], title=name)
        good = folder / "good.jpg"
        samples.write(samples.make("payment_voucher", 1), good, "jpeg", 200)
        last = archive.wait(client, archive.deliver(client, [good]), 300)
        return {name: archive.wait(client, batch) for name, batch in batches.items()}, last


def test_there_are_forty_and_more():
    assert len(INPUTS) >= 40


@pytest.mark.parametrize("name", IDS)
def test_a_bad_input_is_a_clear_problem_of_its_batch_and_is_kept(delivered, archive, name):
    bad, state = INPUTS[name], delivered[0][name]
    (file,) = state["files"]
    codes = {problem["code"] for problem in state["problems"]}
    assert told(bad, codes)
    assert all(len(problem["message"].split()) > 5 for problem in state["problems"])
    assert "job-parked" not in codes
    if bad.expected == "rejected":
        assert (state["state"], file["state"], state["items"]) == ("incomplete", "rejected", [])
    else:
        assert file["state"] in ("partial", "accepted") and len(state["items"]) == 1
        assert state["state"] == ("done" if bad.code in WARNINGS else "incomplete")
        assert Catalogue(archive.data).one(PAGES_READ_OF, state["id"]) >= 1, "what is good of it is read"


def test_every_original_is_kept_byte_for_byte(delivered, archive):
    built = composition.build(Settings(data=archive.data, broker_url="memory://"))
    kernel = built.kernel
    with kernel.database.read() as session:
        for name, state in delivered[0].items():
            file = session.get_one(File, state["files"][0]["id"])
            master = file if file.master is not None else session.get_one(File, file.duplicate_of)
            with fetch_master(session, kernel.vault, kernel.objects, master.master) as kept:
                assert kept.read() == INPUTS[name].data, name
        assert len(session.scalars(select(File)).all()) == len(INPUTS) + 1


def test_after_all_of_them_a_good_file_is_read_and_found(delivered, archive):
    assert delivered[1]["state"] == "done"
    with archive.client("clerk") as client:
        found = client.get("/api/v1/search", params={"q": "type:payment_voucher"}).raise_for_status().json()
        assert [hit["item_id"] for hit in found["hits"]] == [delivered[1]["items"][0]["id"]]
        assert client.get("/readyz").status_code == 200
    with archive.client("admin") as admin:
        assert admin.get("/api/v1/jobs").raise_for_status().json()["jobs"] == []


@pytest.mark.parametrize(("what", "content", "code"), [
    ("blank.pdf", blank_sheets(), "no_text"),
    ("photo.jpg", picture_only(), "nothing_read"),
])  # fmt: skip
def test_what_holds_no_text_is_no_success(archive, folder, what, content, code):
    path = folder / what
    path.write_bytes(content)
    with archive.client("clerk") as client:
        state = archive.wait(client, archive.deliver(client, [path]))
    assert state["state"] == "incomplete"
    assert code in {problem["code"] for problem in state["problems"]}
    entry = read([path])[0]
    assert entry["status"] == "partial" and code in {problem["code"] for problem in entry["problems"]}


def test_a_copy_of_a_rejected_file_is_rejected_too_even_if_it_comes_before_the_first_was_looked_at(archive, folder):
    path = folder / "twice.pdf"
    path.write_bytes(b"%PDF-1.7\n1 0 obj\n<< >>\nendobj\n%%EOF\n")
    with archive.client("clerk") as first, archive.client("archivist") as second:
        batches = [(client, archive.deliver(client, [path])) for client in (first, second)]
        states = [archive.wait(client, batch) for client, batch in batches]
    assert [state["files"][0]["state"] for state in states] == ["rejected", "rejected"]
    assert [state["state"] for state in states] == ["incomplete", "incomplete"]


def read(paths: list[Path]) -> list[dict]:
    ran = subprocess.run(
        [*MUNIMENT, "read", *map(str, paths), "--json"],
        capture_output=True,
        text=True,
        timeout=300,
        env=clean_environment() | SLOW,
    )
    assert ran.returncode == 1, ran.stderr
    entries: list[dict] = json.loads(ran.stdout)
    return entries


def test_read_tells_of_each_and_calls_none_ok(delivered, folder):
    entries = read([folder / name / INPUTS[name].filename for name in IDS])
    assert len(entries) == len(IDS)
    for name, entry in zip(IDS, entries, strict=True):
        bad = INPUTS[name]
        assert entry["status"] == ("ok" if bad.code in WARNINGS else bad.expected), (name, entry["problems"])
        assert told(bad, {problem["code"] for problem in entry["problems"]}), (name, entry["problems"])
        assert entry["status"] != "ok" or any(page["text"] for page in entry["pages"])
