"""The table of privileges: complete, printed as documented, and meant by the composition root."""

import json
import re
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from services import app as composition
from services import web
from services.cli.privileges import app as command
from services.kernel.blobs.halves import PublicHalf
from services.kernel.db import Base
from services.kernel.errors import Conflict, Withheld
from services.kernel.model import Role
from services.kernel.queue.stages import Queue
from services.kernel.tables import File
from services.privileges import markdown, postgresql, s3, shared, vault
from services.privileges.accounts import ACCOUNTS
from services.privileges.model import ALL
from tests.desk import TestClient, scan

DOCUMENT = Path(__file__).parents[2] / "docs/privileges.md"
RIGHT = re.compile(r"(SELECT|INSERT|UPDATE|DELETE)(\((\w+(?:,\w+)*)\))?")


def test_every_process_has_an_account():
    assert {*web.ROOMS, *Queue} < set(ACCOUNTS)


def test_every_table_is_somebody_s():
    known = {table for each in ACCOUNTS.values() for table in each.tables}
    assert set(Base.metadata.tables) - known == set(), "say in services/privileges who needs these"


def test_what_is_granted_is_there():
    for name, account in ACCOUNTS.items():
        for table, rights in account.tables.items():
            assert table in ("alembic_version", ALL) or table in Base.metadata.tables, (name, table)
            for right in rights.split():
                (columns,) = [match[3] for match in [RIGHT.fullmatch(right)] if match]
                assert not columns or set(columns.split(",")) <= set(Base.metadata.tables[table].columns.keys()), right


def test_nobody_takes_an_entry_back_and_one_room_reads_digests_of_passwords():
    for name, account in ACCOUNTS.items():
        assert not re.search("UPDATE|DELETE", account.tables.get("ledger_entries", ""))
        assert "DELETE" not in account.tables.get("data_keys", "")
        whole = "SELECT" in account.tables.get("people", "").split()
        assert (whole or "password_hash" in account.tables.get("people", "")) == (name == "access")
    known = set(Base.metadata.tables["people"].columns.keys()) - {"password_hash"}
    assert set(shared.PEOPLE.split(",")) == known


def test_deleting_is_one_account_s():
    assert [name for name, account in ACCOUNTS.items() if "delete" in account.objects] == ["destruction"]


def test_the_documentation_has_the_table():
    told = DOCUMENT.read_text().split("<!-- table -->\n")[1].split("<!-- /table -->")[0]
    assert told == markdown.document(), "paste what “muniment privileges table” prints"


# ── what is printed ───────────────────────────────────────────────────────────────────────────────────────────────────────


def printed(*arguments: str) -> str:
    done = CliRunner().invoke(command, arguments)
    assert done.exit_code == 0, done.exception
    return done.stdout


def test_the_commands_print_for_the_settings_at_hand(monkeypatch):
    monkeypatch.setenv("MUNIMENT_OBJECTS_URL", "s3://papers/archive")
    monkeypatch.setenv("MUNIMENT_VAULT_MOUNT", "keys")
    assert printed("table") == markdown.document()
    assert printed("postgresql", "--prefix", "office") == postgresql.script("office")
    assert json.loads(printed("s3")) == dict(s3.policies("papers", "archive"))
    assert printed("vault") == vault.document("keys", "muniment")


@pytest.mark.parametrize("prefix", ['a"; DROP', "", "Office", "1a"])
def test_a_prefix_that_is_no_name_is_refused(prefix):
    assert CliRunner().invoke(command, ("postgresql", "--prefix", prefix)).exit_code != 0


def test_intake_s_token_may_lock_and_not_open():
    policies = dict(vault.policies("transit", "m"))
    assert "transit/encrypt/m" in policies["ingest"] and "decrypt" not in policies["ingest"]
    assert "transit/decrypt/m" in policies["indexing"] and "encrypt" not in policies["indexing"]
    assert "schedule" not in policies and "encrypt" not in policies["search"]


# ── the composition root ──────────────────────────────────────────────────────────────────────────────────────────────────


def only_public(settings):
    """Another process's settings, with the public half of the master key and no other."""
    folder = settings.keys_folder.with_name("intake")
    folder.mkdir()
    (folder / "master.pub").write_bytes((settings.keys_folder / "master.pub").read_bytes())
    return settings.model_copy(update={"keys": folder})


def test_a_process_is_built_without_what_it_does_not_need(desk):
    desk.archive  # noqa: B018 - is begun by being asked for
    search = composition.build(desk.settings, ("search",))
    assert search.index.count() == 0
    for reach in (
        lambda: search.index.put([]),
        lambda: search.kernel.objects.store.open("name"),
        lambda: search.kernel.objects.delete("name"),
        lambda: search.kernel.signer.sign,
        lambda: search.kernel.vault.new_key(None),  # type: ignore[arg-type]
    ):
        with pytest.raises(Withheld):
            reach()
    both = composition.build(desk.settings, ("search", "indexing"))
    both.index.put([])
    with pytest.raises(Withheld):
        both.kernel.objects.store.open("name")


def test_intake_locks_with_the_public_half_and_opens_nothing_afterwards(desk):
    desk.archive  # noqa: B018
    settings = only_public(desk.settings)
    intake = composition.build(settings, ("ingest",))
    face = web.http(intake, ("ingest",))
    token = desk.person(Role.CLERK)[1]
    client = TestClient(face, headers={"Authorization": f"Bearer {token}"})
    clerk = TestClient(desk.app, headers={"Authorization": f"Bearer {token}"})
    batch = desk.batch(clerk)
    desk.deliver(client, scan("出卖人：张伟"), batch=batch, name="张伟.pdf")
    with intake.kernel.database.read() as session:
        (file,) = session.scalars(select(File))
        with pytest.raises(Withheld):
            intake.kernel.vault.open_text(session, file.key_id, "files.name", file.name_sealed)
        with pytest.raises(Withheld):
            intake.kernel.vault.key(session, file.master.key_id)
    with pytest.raises(Withheld):
        intake.kernel.objects.delete(file.master.name)
    assert [each["name"] for each in clerk.get(f"/api/v1/batches/{batch}").json()["files"]] == ["张伟.pdf"]
    desk.work()
    assert clerk.get(f"/api/v1/batches/{batch}").json()["state"] == "done"
    assert not (settings.keys_folder / "master.key").exists()


def test_what_intake_may_not_remove_another_process_does(desk):
    desk.archive  # noqa: B018
    token = desk.person(Role.CLERK)[1]
    headers = {"Authorization": f"Bearer {token}"}
    client = TestClient(web.http(composition.build(desk.settings, ("ingest",)), ("ingest",)), headers=headers)
    clerk = TestClient(desk.app, headers=headers)
    batch = desk.batch(clerk)
    for _ in range(2):
        desk.deliver(client, scan("合同"), batch=batch)
    assert len(desk.objects()) == 2
    assert desk.runner().drain(Queue.DESTRUCTION) == 1
    assert len(desk.objects()) == 1
    desk.work()
    assert clerk.get(f"/api/v1/batches/{batch}").json()["state"] == "done"


def test_a_public_half_of_another_archive_is_refused_and_so_is_one_that_nobody_knows(desk, settings, tmp_path):
    fresh = settings.model_copy(update={"data": tmp_path / "fresh", "keys": tmp_path / "half"})
    other = composition.build(settings.model_copy(update={"data": tmp_path / "other"}))
    (tmp_path / "half").mkdir()
    (tmp_path / "half/master.pub").write_bytes((other.kernel.settings.keys_folder / "master.pub").read_bytes())
    with pytest.raises(Conflict, match="has the master key"):
        composition.build(fresh, ("ingest",))
    desk.archive  # noqa: B018
    with pytest.raises(Conflict, match="not the one"):
        composition.build(desk.settings.model_copy(update={"keys": tmp_path / "half"}), ("ingest",))


def test_on_a_folder_that_has_the_master_intake_begins_an_archive_as_ever(settings):
    intake = composition.build(settings, ("ingest",))
    assert (settings.keys_folder / "master.key").exists()
    assert not isinstance(intake.kernel.vault, PublicHalf)
    assert composition.build(settings).kernel.vault.reachable()
