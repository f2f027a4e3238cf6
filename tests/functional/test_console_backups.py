"""The page about backups: what there is, whether it was tried, and one more on request."""

from __future__ import annotations

from services.custody.backups import verifying
from services.kernel.model import Role
from tests.functional.test_console_audit import visitor
from tests.restores import made


def test_rule_21_the_page_shows_backups_and_whether_they_were_tried(desk):
    archivist = visitor(desk, Role.ARCHIVIST)
    page = archivist.get("/custody/backups").text
    assert "还没有备份" in page and "不会自动备份" in page and "立即备份" in page
    row = made(desk)
    page = archivist.get("/custody/backups").text
    assert row.id[-8:] in page and "尚未试恢复" in page
    verifying.verify(desk.kernel, desk.archive.backups(), actor=None)
    assert "完整" in archivist.get("/custody/backups").text
    assert "已安排备份" in archivist.post("/custody/backups").text
    assert "已有一次备份" in archivist.post("/custody/backups").text
    auditor = visitor(desk, Role.AUDITOR)
    assert "立即备份" not in auditor.get("/custody/backups").text
    assert visitor(desk, Role.STAFF).get("/custody/backups").status_code == 403
