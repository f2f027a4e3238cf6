"""An archive in processes of their own on the real servers, each with the credentials of its account and nothing else: a paper
goes all the way, in one trace, and what a process is not to do is refused to its credentials."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from botocore.exceptions import ClientError

import samples
from services import app as composition
from services import web
from services.kernel.config import Settings
from services.kernel.errors import Unavailable, Withheld
from services.kernel.queue.stages import Queue
from services.kernel.tables import File
from services.privileges.accounts import ACCOUNTS
from tests import databases, engines, roles
from tests.archive import once
from tests.cluster.credentials import STORES, Site, site
from tests.processes import Process, Served, run, user

TRACE, CALLER_SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CALLER = f"00-{TRACE}-{CALLER_SPAN}-01"
ROUTES = {
    "uploads": "ingest",
    "filings": "filing",
    "search": "search",
    "custody": "custody",
    "audit": "audit",
    "retention": "retention",
}
"""The second part of an API path and the room that answers it; the rest is ``access``'s, but for what is handed in."""


@pytest.fixture
def narrow(tmp_path: Path, postgresql_template: str) -> Iterator[Site]:
    with databases.postgresql(postgresql_template) as url, site(url, tmp_path) as made:
        yield made


class Way:
    """All services as processes of their own, and a client's view of them."""

    def __init__(self, site: Site, stack: ExitStack) -> None:
        folder, given = site.folder, site.environment
        self.rooms = {name: Served(folder, given(name), name) for name in web.ROOMS}
        console = {"MUNIMENT_API_URL": self.rooms["access"].url, "MUNIMENT_TRACES": given()["MUNIMENT_TRACES"]}
        self.rooms["console"] = Served(folder, console, "console")
        self.others = [
            *(Process(folder, given(queue), "worker", "--queues", queue, "--workers", "1") for queue in Queue),
            *(Process(folder, given("schedule"), "schedule") for _ in range(2)),
        ]
        for process in (*self.rooms.values(), *self.others):
            stack.callback(process.process.wait)
            stack.callback(process.process.kill)
        for room in self.rooms.values():
            room.wait()

    def url(self, path: str) -> str:
        room = "ingest" if path.endswith("/files") else ROUTES.get(path.split("/")[3], "access")
        return self.rooms[room].url + path


@pytest.mark.timeout(600)
def test_a_paper_goes_its_way_through_separate_processes(narrow):
    paper = narrow.folder / "收据.jpg"
    samples.write(samples.make("payment_voucher", 3, name="张伟"), paper, "jpeg", 200)
    people = {role: user(narrow.folder, narrow.environment(), role) for role in ("clerk", "auditor")}
    made = run(narrow.folder, "reindex", environment=narrow.environment("indexing"))
    assert made.returncode == 0, made.stderr
    with ExitStack() as stack:
        way = Way(narrow, stack)
        with httpx.Client(trust_env=False, timeout=60, headers={"traceparent": CALLER}) as client:
            walk(client, way, people, paper)
        until_nothing_is_left_over(narrow)
        assert [process.stop() for process in (*way.rooms.values(), *way.others)] == [0] * 16
    checked = run(narrow.folder, "fixity", "--json", environment=narrow.environment("fixity"))
    assert json.loads(checked.stdout)["damaged"] == [], checked.stderr
    spans = [json.loads(line) for line in (narrow.folder / "spans.jsonl").read_text().splitlines()]
    one_trace([span for span in spans if span["context"]["trace_id"] == f"0x{TRACE}"])
    assert not [span["name"] for span in spans if "张" in json.dumps(span, ensure_ascii=False)]
    refusals = [log.name for log in narrow.folder.glob("*.log") if "catalogue-refuses" in log.read_text()]
    assert refusals == []


def walk(client: httpx.Client, way: Way, people: dict[str, dict[str, str]], paper: Path) -> None:
    """Delivered twice, read, found, opened, audited, and signed in for: each at its own process."""

    def ask(who: str, path: str, **more: Any) -> dict[str, Any]:
        answer: dict[str, Any] = client.get(way.url(path), headers=people[who], **more).raise_for_status().json()
        return answer

    def deliver(batch: str) -> None:
        files = f"/api/v1/batches/{batch}/files"
        with paper.open("rb") as source:
            client.post(way.url(files), files={"file": (paper.name, source)}, headers=people["clerk"]).raise_for_status()

    opened = client.post(way.url("/api/v1/batches"), json={"title": "t"}, headers=people["clerk"] | once())
    batch = opened.raise_for_status().json()["id"]
    deliver(batch)
    end = time.monotonic() + 300
    while (state := ask("clerk", f"/api/v1/batches/{batch}"))["state"] == "processing":
        assert time.monotonic() < end, state
        time.sleep(0.3)
    assert state["state"] == "done", state
    deliver(batch)
    (item,) = [each["id"] for each in state["items"]]
    assert [hit["item_id"] for hit in ask("clerk", "/api/v1/search", params={"q": "收据"})["hits"]] == [item]
    assert "张伟" in ask("clerk", f"/api/v1/items/{item}/text")["text"]
    assert client.get(way.url(f"/api/v1/items/{item}/pdf"), headers=people["clerk"]).content.startswith(b"%PDF")
    ask("clerk", "/api/v1/filings")
    ask("auditor", "/api/v1/custody/plans")
    acts = {entry["act"] for entry in ask("auditor", "/api/v1/audit/entries", params={"limit": 200})["entries"]}
    assert acts >= {"file.receive", "file.duplicate", "item.read", "item.catalogue", "search", "text.read", "ledger.read"}
    console = client.get(f"{way.rooms['console'].url}/")
    assert console.headers["location"] == "/sign-in?next=%2F", "whoever it is, said the API"


def until_nothing_is_left_over(site: Site) -> None:
    """The copy that intake could not remove is removed by a process that can, from both stores."""
    with psycopg.connect(site.catalogue.replace("+psycopg", "")) as connection:
        named = {name for (name,) in connection.execute("SELECT name FROM blobs").fetchall()}
    end = time.monotonic() + 60
    while True:
        stored = [names(site.s3("owner", store), site.buckets[store], site.prefix) for store in STORES]
        if stored == [named, named]:
            return
        assert time.monotonic() < end, (named, stored)
        time.sleep(0.3)


def names(client: Any, bucket: str, prefix: str) -> set[str]:
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{prefix}/")
    return {each["Key"].rpartition("/")[2] for page in pages for each in page.get("Contents", [])}


def one_trace(spans: list[dict[str, Any]]) -> None:
    """Every room the paper met is in it, and each span has its cause in it, up to the client's own."""
    causes = {span["context"]["span_id"]: span["parent_id"] for span in spans}
    names = {span["context"]["span_id"]: span["name"] for span in spans}
    rooms = {name.partition(".")[0] for name in names.values()}
    assert rooms >= {*web.ROOMS, "console", "ocr", "retention"}
    assert {cause for cause in causes.values() if cause not in causes} == {f"0x{CALLER_SPAN}"}
    assert len(causes) == len(spans), "no span twice"

    def way(span: str) -> list[str]:
        return [names[span], *way(causes[span])] if span in names else []

    ways = {names[span]: way(span) for span in names}
    assert ways["kernel.me"] == ["kernel.me", "console.start"]
    assert ways["retention.discard"] == ["retention.discard", "ingest.receive", "ingest.add_file"]
    came = ["filing.catalogue", "ocr.assemble", "ocr.read", "ingest.inspect", "ingest.receive", "ingest.add_file"]
    assert ways["search.index"] == ["search.index", *came]
    (first,) = [span["start_time"] for span in spans if span["name"] == "ingest.inspect"]
    (last,) = [span["start_time"] for span in spans if span["name"] == "search.index"]
    assert min(span["start_time"] for span in spans if span["name"] == "ingest.receive") < first < last


# ── what is refused ───────────────────────────────────────────────────────────────────────────────────────────────────────

REFUSED = [
    ("search", "UPDATE items SET state = 'DESTROYED'"),
    ("search", "SELECT * FROM field_values"),
    ("search", "UPDATE data_keys SET wrapped = NULL"),
    ("search", "SELECT * FROM renditions"),
    ("search", "SELECT password_hash FROM people"),
    ("search", "DELETE FROM blobs"),
    ("ingest", "SELECT wrapped FROM data_keys"),
    ("ingest", "UPDATE files SET sha256 = ''"),
    ("ingest", "INSERT INTO person_roles (id, person_id, role, since) VALUES ('1', '1', 'archivist', now())"),
    ("ingest", "SELECT password_hash FROM people"),
    ("access", "UPDATE items SET state = 'DESTROYED'"),
    ("access", "UPDATE people SET name = ''"),
    ("access", "UPDATE data_keys SET wrapped = NULL"),
    ("audit", "UPDATE ledger_entries SET data = ''"),
    ("audit", "DELETE FROM ledger_entries"),
    ("audit", "SELECT * FROM field_values"),
    ("reading", "UPDATE data_keys SET wrapped = NULL"),
    ("reading", "SELECT * FROM credentials"),
    ("indexing", "DELETE FROM items"),
    ("destruction", "SELECT * FROM credentials"),
    ("destruction", "UPDATE grants SET until = now()"),
    ("destruction", "DELETE FROM tombstones"),
    ("schedule", "SELECT * FROM field_values"),
    ("fixity", "UPDATE blobs SET sha256 = ''"),
    *((account, "TRUNCATE ledger_entries") for account in ACCOUNTS),
    *((account, "CREATE TABLE own (id int)") for account in ACCOUNTS),
    *((account, "SET ROLE muniment") for account in ACCOUNTS),
]


def test_the_catalogue_refuses_what_is_not_granted(narrow):
    for account, statement in REFUSED:
        url = roles.signed_in(narrow.catalogue, account).replace("+psycopg", "")
        with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)


def test_what_was_granted_before_and_is_no_more_is_taken_away(narrow):
    role, owner = f"{roles.PREFIX}_search", narrow.catalogue.replace("+psycopg", "")
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(f"GRANT SELECT ON items, data_keys TO {role}")
        connection.execute(f"GRANT SELECT (password_hash), UPDATE (name) ON people TO {role}")
    roles.grant(narrow.catalogue)
    with psycopg.connect(owner) as connection:
        for table, column in (("items", "id"), ("people", "password_hash"), ("people", "name")):
            held = connection.execute("SELECT has_column_privilege(%s, %s, %s, 'UPDATE')", (role, table, column)).fetchone()
            assert held == (False,)
        assert connection.execute("SELECT has_column_privilege(%s, 'people', 'name', 'SELECT')", (role,)).fetchone() == (True,)


@pytest.fixture
def stored(narrow: Site) -> tuple[Site, str, str]:
    """An object that was stored before, in both stores: bucket and key of the first."""
    key = f"{narrow.prefix}/older"
    for store, bucket in narrow.buckets.items():
        narrow.s3("owner", store).put_object(Bucket=bucket, Key=key, Body=b"ciphertext")
    return narrow, narrow.buckets[""], key


def test_the_store_refuses_what_is_not_allowed(stored):
    site, bucket, key = stored
    (version,) = [each["VersionId"] for each in site.s3("owner").list_object_versions(Bucket=bucket, Prefix=key)["Versions"]]
    stored_for = {name for name, held in ACCOUNTS.items() if held.objects or held.checkpoints}
    assert {account for account, _ in site.users} - {"owner"} == stored_for
    acts = {
        "open": lambda client: client.get_object(Bucket=bucket, Key=key),
        "create": lambda client: client.put_object(Bucket=bucket, Key=f"{site.prefix}/newer", Body=b"x", IfNoneMatch="*"),
        "delete": lambda client: client.delete_object(Bucket=bucket, Key=key, VersionId="none"),
        "names": lambda client: client.list_objects_v2(Bucket=bucket, Prefix=site.prefix),
    }
    for account in sorted({account for account, _ in site.users} - {"owner"}):
        held = ACCOUNTS[account].objects | ({"create"} if "replace" in ACCOUNTS[account].objects else set())  # S3 knows one act
        for act, does in acts.items():
            allowed = act in held or act == "names"
            assert _refused(lambda does=does, account=account: does(site.s3(account))) is not allowed, (account, act)
        if "delete" not in ACCOUNTS[account].objects:
            assert _refused(lambda account=account: site.s3(account).delete_object(Bucket=bucket, Key=key, VersionId=version))
        assert _refused(lambda account=account: site.s3(account).delete_bucket(Bucket=bucket))
        if "create" in held:
            for _, each in _versions(site, f"{site.prefix}/newer"):
                site.s3("destruction").delete_object(Bucket=bucket, Key=f"{site.prefix}/newer", VersionId=each)
        assert _refused(lambda account=account: site.s3(account).put_object(Bucket=bucket, Key=f"elsewhere/{key}", Body=b"x"))


def _versions(site: Site, key: str) -> list[tuple[str, str]]:
    listed = site.s3("owner").list_object_versions(Bucket=site.buckets[""], Prefix=key)
    return [(each["Key"], each["VersionId"]) for each in listed.get("Versions", [])]


def _refused(act: Any) -> bool:
    try:
        act()
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        assert status in (403, 404), error
        return status == 403
    return False


def test_intake_s_keys_open_no_older_object_and_search_has_none(narrow, monkeypatch):
    """What intake has: the object's ciphertext and the wrapped key, were it given that too; and no half that opens."""
    owner = as_in(narrow.environment(), monkeypatch)
    kernel = composition.build(owner).kernel
    with kernel.database.write() as session:
        key = kernel.vault.new_key(session)
        stored = kernel.objects.put(kernel.vault.key(session, key.id), "张伟".encode())
        wrapped = key.wrapped
    settings = as_in(narrow.environment("ingest"), monkeypatch)
    assert sorted(path.name for path in settings.keys_folder.iterdir()) == ["master.pub"]
    intake = composition.build(settings, ("ingest",)).kernel
    with intake.objects.store.open(stored.name) as source:
        assert "张伟".encode() not in source.read()
    with pytest.raises(Unavailable, match="privileges"), intake.database.read() as session:
        intake.vault.key(session, key.id)
    with pytest.raises(Withheld):
        intake.vault._master.unwrap(wrapped)
    with pytest.raises(Withheld):
        intake.objects.delete(stored.name)
    intake.database.close()
    search = composition.build(as_in(narrow.environment("search"), monkeypatch), ("search",)).kernel
    for reach in (lambda: search.objects.delete(stored.name), lambda: search.objects.store.open(stored.name)):
        with pytest.raises(Withheld):
            reach()
    search.database.close()
    with kernel.database.read() as session:
        assert kernel.objects.fetch(stored.name, kernel.vault.key(session, key.id)) == "张伟".encode()
        assert session.query(File).count() == 0
    kernel.database.close()


def as_in(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings that a process with this environment has."""
    with monkeypatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        return Settings()


def test_a_server_refuses_a_delete_by_whoever_forges_more_than_its_policy(narrow, monkeypatch):
    """Without the narrowing of our own code: the store itself says no, and the object stays."""
    kernel = composition.build(as_in(narrow.environment(), monkeypatch)).kernel
    stored = kernel.objects.put(bytes(32), b"page")
    access = narrow.environment("access") | {"MUNIMENT_KEYS": str(narrow.folder / "owner.keys")}
    whole = composition.build(as_in(access, monkeypatch)).kernel
    with pytest.raises(Unavailable):
        whole.objects.delete(stored.name)
    with pytest.raises(Unavailable):
        whole.objects.put(bytes(32), b"page")
    assert kernel.objects.fetch(stored.name, bytes(32)) == b"page"
    for each in (kernel, whole):
        each.database.close()
    assert engines.value(engines.S3)
