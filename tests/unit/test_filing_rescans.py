"""Likely rescans: found through the hash index, and not where only the form is the same."""

import random

import pytest

from services.filing import rescans
from services.kernel.blobs.keys import FileMasterKey, Vault
from services.kernel.identity import accounts
from services.kernel.ids import new_id
from services.kernel.model import FileState, ItemState, Role
from services.kernel.paper import FieldReading
from services.kernel.tables import Batch, FieldValue, File, Item, Page, PageBand

BOX = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
FORM = "0f1e2d3c4b5a6978"
NUMBER = {"contract_number": "HT-2024-0001"}


def damaged(phash: str, bits: int, seed: int = 0) -> str:
    """The hash with so many bits flipped, as another scan of the sheet has it."""
    value = int(phash, 16)
    for bit in random.Random(seed).sample(range(64), bits):
        value ^= 1 << bit
    return f"{value:016x}"


class Shelf:
    def __init__(self, database, folder) -> None:
        self.database, self.vault = database, Vault(FileMasterKey(folder))
        with database.write() as session:
            person = accounts.add_person(session, "张伟", Role.CLERK)
            self.owner = person.id
            batch = Batch(owner_id=person.id, title="t", source="s")
            session.add(batch)
            session.flush()
            self.batch = batch.id

    def file(self, *hashes: str | None, check: str = "ok", **values: str) -> tuple[str, list[dict]]:
        """Catalogues an item with pages of these hashes and these fields; returns its id and its problems."""
        fields = [FieldReading(name, value, value, 1, BOX, 0.9, check) for name, value in values.items()]
        with self.database.write() as session:
            key = self.vault.new_key(session)
            file = File(
                id=new_id(),
                batch_id=self.batch,
                key_id=key.id,
                name_sealed=b"",
                sha256="0" * 64,
                size=1,
                state=FileState.ACCEPTED,
            )
            session.add(file)
            session.flush()
            item = Item(
                batch_id=self.batch,
                file_id=file.id,
                owner_id=self.owner,
                key_id=key.id,
                position=1,
                state=ItemState.SCANNED,
                problems=[],
                revision=1,
            )
            session.add(item)
            session.flush()
            for number, phash in enumerate(hashes, 1):
                session.add(Page(item_id=item.id, number=number, file_page=number, state="read", phash=phash, problems=[]))
            for each in fields:
                session.add(
                    FieldValue(
                        item_id=item.id,
                        revision=1,
                        name=each.name,
                        page=1,
                        box=[list(point) for point in BOX],
                        confidence=0.9,
                        check=check,
                        source="t",
                        value_sealed=self.vault.seal_text(session, key.id, "field_values.value", each.value),
                        raw_sealed=self.vault.seal_text(session, key.id, "field_values.raw", each.raw),
                    )
                )
            session.flush()
            session.refresh(item)
            rescans.note(session, self.vault, item, fields)
            return item.id, item.problems


@pytest.fixture
def shelf(database, tmp_path) -> Shelf:
    return Shelf(database, tmp_path / "keys")


def repeats(problems: list[dict]) -> list[str]:
    assert {problem["code"] for problem in problems} <= {"near_duplicate"}
    return [problem["of"] for problem in problems]


@pytest.mark.parametrize("bits", range(8))
def test_a_rescan_is_found_through_the_bands(shelf, bits):
    original, none = shelf.file(FORM, **NUMBER)
    assert none == []
    _, problems = shelf.file(damaged(FORM, bits, seed=bits), **NUMBER)
    assert repeats(problems) == [original]
    assert original in problems[0]["message"]


def test_the_same_number_on_another_looking_page_is_no_rescan(shelf):
    shelf.file(FORM, **NUMBER)
    assert shelf.file(damaged(FORM, 20), **NUMBER)[1] == []


def test_the_same_form_with_another_number_is_no_rescan(shelf):
    shelf.file(FORM, contract_number="HT-2024-0001")
    assert shelf.file(FORM, contract_number="HT-2024-0002")[1] == []
    assert shelf.file(FORM)[1] == []
    assert shelf.file(FORM, amount="100.00", name="张伟")[1] == []


def test_a_number_that_failed_its_check_identifies_nothing(shelf):
    shelf.file(FORM, id_number="11010519491231002X")
    assert shelf.file(FORM, check="failed", id_number="11010519491231002X")[1] == []


def test_blank_pages_resemble_nothing(shelf):
    shelf.file(None, **NUMBER)
    assert shelf.file(None, **NUMBER)[1] == []


def test_any_page_may_be_the_one_that_is_alike(shelf):
    original, _ = shelf.file("ffff0000ffff0000", FORM, None, **NUMBER)
    assert repeats(shelf.file(None, damaged(FORM, 3), **NUMBER)[1]) == [original]


def test_an_item_does_not_repeat_itself(shelf):
    assert shelf.file(FORM, FORM, **NUMBER)[1] == []


def test_the_true_rescan_is_found_among_hundreds_of_one_form(shelf, monkeypatch):
    monkeypatch.setattr(rescans, "MOST_CANDIDATES", 5)
    for number in range(30):
        shelf.file(damaged(FORM, 3, seed=number), contract_number=f"before {number}")
    original, _ = shelf.file(FORM, **NUMBER)
    for number in range(30):
        shelf.file(damaged(FORM, 3, seed=100 + number), contract_number=f"after {number}")
    assert repeats(shelf.file(damaged(FORM, 1), **NUMBER)[1]) == [original]


def test_each_page_stands_in_the_index_once(shelf, database):
    identity, _ = shelf.file(FORM, **NUMBER)
    with database.write() as session:
        item = session.get_one(Item, identity)
        rescans.note(session, shelf.vault, item, [])
        assert session.query(PageBand).count() == 8
