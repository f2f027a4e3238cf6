"""Backups: one moment, shared chunks, keys elsewhere; tried before they count (behaviour 21)."""

import pytest
from sqlalchemy import select

from services.custody.backups import making, verifying
from services.custody.backups.tables import BackupState
from services.kernel.model import Role
from services.kernel.tables import Blob
from tests.desk import Desk

PAPER = "房屋租赁合同\n出租人：张小伟"


@pytest.fixture
def item(desk: Desk) -> str:
    return desk.item(desk.client(Role.CLERK), PAPER, "第二页")


def made(desk: Desk, **options):
    return making.make(desk.kernel, desk.archive.backups(), actor=None, **options)


def tried(desk: Desk, **options):
    return verifying.verify(desk.kernel, desk.archive.backups(), actor=None, **options)


def test_rule_21_a_backup_comes_back_row_by_row_and_object_by_object(desk, item):
    row = made(desk)
    assert (row.state, row.problems) == (BackupState.DONE, [])
    with desk.kernel.database.read() as session:
        objects = len(session.scalars(select(Blob.id)).all())
    assert row.objects == objects > 2
    trial = tried(desk)
    assert trial.problems == []
    assert (trial.objects, trial.opened) == (objects, True)
