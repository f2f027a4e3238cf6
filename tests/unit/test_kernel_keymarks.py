"""One archive, one set of keys."""

import secrets
import shutil
import threading

import pytest

from services import app as composition
from services.kernel.errors import Conflict
from services.kernel.keymarks import KeyMark, hold_to


def test_the_keys_of_the_first_are_those_of_all(database):
    ours = {"lookup": secrets.token_bytes(32), "master": secrets.token_bytes(32)}
    hold_to(database, ours)
    hold_to(database, ours)
    with pytest.raises(Conflict, match=r"The master key.*MUNIMENT_KEYS"):
        hold_to(database, ours | {"master": secrets.token_bytes(32)})
    hold_to(database, ours | {"ledger": secrets.token_bytes(32)})


def test_a_mark_does_not_hold_its_key(database):
    secret = secrets.token_bytes(32)
    hold_to(database, {"lookup": secret, "master": secret})
    with database.read() as session:
        marks = {row.mark for row in session.query(KeyMark)}
    assert len(marks) == 2, "one key under two names has two marks"
    assert secret.hex() not in marks


def test_of_two_that_begin_with_different_keys_at_once_one_is_refused(database):
    outcomes, together = [], threading.Barrier(4)

    def begin() -> None:
        together.wait()
        try:
            hold_to(database, {"master": secrets.token_bytes(32)})
            outcomes.append("begun")
        except Conflict:
            outcomes.append("refused")

    threads = [threading.Thread(target=begin) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["begun", "refused", "refused", "refused"]


def test_an_archive_whose_key_folder_is_gone_is_not_gone_on_with(desk):
    desk.archive  # noqa: B018 - is begun by being asked for
    shutil.move(desk.settings.keys_folder, desk.settings.keys_folder.with_name("elsewhere"))
    with pytest.raises(Conflict, match="put it back"):
        composition.build(desk.settings)
    assert composition.build(desk.settings.model_copy(update={"keys": desk.settings.keys_folder.with_name("elsewhere")}))
