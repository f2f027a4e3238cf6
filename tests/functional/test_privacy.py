"""What the archive writes down is read as a thief would, byte by byte: no ID number and no telephone number anywhere, and no
name and no text outside the index."""

from __future__ import annotations

import random
import sqlite3
import zlib
from contextlib import closing, suppress
from pathlib import Path

import pytest
import redis

import samples
from tests.archive import RunningArchive
from tests.catalogue import OPEN_JOBS, Catalogue, until

pytestmark = pytest.mark.timeout(300)
CODINGS = ("utf-8", "utf-16-le", "utf-16-be")
KINDS = ("id_card", "id_card", "lease_contract", "power_of_attorney")


class Known:
    """What stands on the papers that went in."""

    def __init__(self) -> None:
        self.identifiers: set[str] = set()
        self.names: set[str] = set()
        self.lines: set[str] = set()

    def note(self, truth: samples.Truth) -> None:
        for document in truth.documents:
            for field in ("id_number", "phone", "bank_account"):
                self.identifiers.update(document.fields.get(field, ()))
            for field in ("name", "party_lessor", "party_lessee"):
                self.names.update(document.fields.get(field, ()))
        self.lines.update(line for page in truth.pages.values() for line in page.lines if len(line) >= 6)


@pytest.fixture(scope="module")
def known() -> Known:
    return Known()


@pytest.fixture(scope="module")
def archive(tmp_path_factory, known):
    """Two ID cards, a lease and a power of attorney, read, filed, indexed, searched for and shown."""
    folder = tmp_path_factory.mktemp("privacy")
    scans = []
    for number, kind in enumerate(KINDS):
        scans.append(folder / f"{kind}-{number}.pdf")
        known.note(samples.write(samples.make(kind, 40 + number), scans[-1], "pdf", 200))
    named = folder / f"{sorted(known.names)[0]}的身份证.pdf"  # a file is often named after its person
    scans[0] = scans[0].rename(named)
    with RunningArchive(folder / "data") as running:
        with running.client("archivist") as client:
            state = running.wait(client, running.deliver(client, scans))
            assert state["state"] == "done", state["problems"]
            use(client, state, known)
        yield running


def use(client, state, known: Known) -> None:
    """Searches by name and number, and looks at everything, so that logs and ledger have something to betray."""
    for question in (*known.names, *known.identifiers):
        client.get("/api/v1/search", params={"q": question}).raise_for_status()
    for item in state["items"]:
        for part in ("", "/text", "/pdf", "/pages/1/image"):
            client.get(f"/api/v1/items/{item['id']}{part}").raise_for_status()


def files(*folders: Path) -> list[Path]:
    return [path for folder in folders for path in folder.rglob("*") if path.is_file()]


def found_in(content: bytes, words: set[str], codings: tuple[str, ...] = CODINGS) -> set[str]:
    return {word for word in words if any(word.encode(coding) in content for coding in codings)}


def test_something_is_known_and_was_read(archive, known):
    assert len(known.identifiers) >= 4 and len(known.names) >= 4 and len(known.lines) > 30
    with archive.client("archivist") as client:
        for number in known.identifiers:
            assert client.get("/api/v1/search", params={"q": number}).json()["total"] >= 1, "an exact look-up finds it"


def test_no_identifier_lies_anywhere_in_the_data_folder_or_beside_it(archive, known):
    lying = {path.name: found for path in files(archive.data) if (found := found_in(path.read_bytes(), known.identifiers))}
    assert lying == {}
    assert {path.parent.name for path in files(archive.data)} >= {"data"}, "something was looked at"
    assert (archive.data / "catalogue.db-wal").stat().st_size > 0, "the write-ahead log was among it"


def test_no_name_and_no_text_lies_in_the_catalogue_or_in_an_object(archive, known):
    closed = [path for path in files(archive.data) if archive.data / "index" not in path.parents]
    assert any("objects" in path.parts for path in closed)
    lying = {
        path.name: found for path in closed if (found := found_in(path.read_bytes(), known.names | known.lines, ("utf-8",)))
    }
    assert lying == {}
    whole = {path.name: found for path in closed if (found := found_in(path.read_bytes(), known.lines))}
    assert whole == {}


def test_no_part_of_an_identifier_can_be_pieced_together_from_the_index(archive, known):
    """FTS5 compresses its terms by their prefixes, so that scanning for bytes proves little: its tables are read as tables."""
    until(lambda: Catalogue(archive.data).one(OPEN_JOBS) == 0, "all is indexed")
    middles = {number[4:-4] for number in known.identifiers if len(number) == 18}
    assert middles
    seen = 0
    for path in files(archive.data / "index"):
        if path.suffix in ("", ".lock") or path.name.endswith(("-wal", "-shm")) or path.read_bytes()[:15] != b"SQLite format 3":
            continue
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as index:
            tables = [name for (name,) in index.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for table in tables:
                try:
                    rows = index.execute(f'SELECT * FROM "{table}"').fetchall()
                except sqlite3.OperationalError:  # a virtual table of a module that this SQLite lacks: its shadows are read
                    continue
                content = "".join(readable(value) for row in rows for value in row)
                assert [middle for middle in middles if middle in content] == [], table
                seen += len(rows)
    assert seen > 10


def readable(value: object) -> str:
    """A cell as text; the index keeps the lines of a page deflated."""
    if isinstance(value, bytes):
        with suppress(zlib.error):
            value = zlib.decompress(value)
        return value.decode("utf-8", "replace")
    return str(value)


def test_the_broker_holds_wake_ups_and_nothing_else(archive, known):
    broker = redis.Redis(unix_socket_path=str(archive.data / "run" / "broker.sock"))
    for key in broker.scan_iter():
        content = key + (broker.dump(key) or b"")
        assert found_in(content, known.identifiers | known.names | known.lines) == set()


def test_logs_and_metrics_name_nobody(archive, known):
    everything = known.identifiers | known.names | known.lines
    log = archive.log.read_bytes()
    assert len(log) > 1000 and found_in(log, everything) == set()
    with archive.client("auditor") as auditor:
        metrics = auditor.get("/metrics").raise_for_status().content
    assert b"muniment_items" in metrics and found_in(metrics, everything) == set()


def test_the_ledger_names_nobody(archive, known, tmp_path):
    file = tmp_path / "ledger.jsonl"
    assert archive.muniment("ledger", "export", str(file)).returncode == 0
    content = file.read_bytes()
    assert content.count(b'"act":"search"') >= len(known.names)
    assert found_in(content, known.identifiers | known.names | known.lines) == set()


def test_the_keys_lie_apart_and_the_folder_is_the_owners_alone(archive):
    keys = archive.data.with_name(f"{archive.data.name}.keys")
    assert {path.stat().st_mode & 0o777 for path in files(keys)} == {0o600}
    assert archive.data.stat().st_mode & 0o077 == 0
    secrets = [path.read_bytes() for path in files(keys)]
    for path in files(archive.data):
        content = path.read_bytes()
        assert not any(secret in content for secret in secrets), path.name


def test_the_scan_itself_would_find_what_it_looks_for(known, tmp_path):
    number, name = random.Random(1).choice(sorted(known.identifiers)), sorted(known.names)[0]
    for coding in CODINGS:
        (tmp_path / coding).write_bytes(b"\0\1\2" + f"{name}：{number}".encode(coding) + b"\3")
        assert found_in((tmp_path / coding).read_bytes(), {number, name}) == {number, name}
