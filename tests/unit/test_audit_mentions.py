"""What an entry names, and that what is written down of it is whole."""

from sqlalchemy import select

from services.audit import mentions
from services.audit.tables import AuditMention, AuditProgress
from services.kernel.ledger import journal
from services.kernel.ledger.tables import LedgerEntry
from tests.ledgers import grow


def test_everything_that_an_entry_names_is_found():
    entry = {
        "actor": "a",
        "item": "i",
        "details": {
            "for": "b",
            "items": ["i", "j"],
            "access": "r",
            "grant": "g",
            "party": "p",
            "page": 3,
            "why": "x",
            "count": 0,
        },
    }
    assert set(mentions.mentions(entry)) == {
        *{("person", "a"), ("person", "b"), ("item", "i"), ("item", "j")},
        *{("access", "r"), ("grant", "g"), ("party", "p")},
    }
    assert list(mentions.mentions({"actor": None, "item": None})) == []
    assert list(mentions.mentions({"details": {"person": None, "items": [None, 3, "x" * 40]}})) == []


def written(database) -> list[tuple[str, str, int]]:
    with database.read() as session:
        rows = session.scalars(select(AuditMention).order_by(AuditMention.position, AuditMention.kind, AuditMention.subject))
        return [(row.kind, row.subject, row.position) for row in rows]


def test_mentions_are_written_once_in_steps_and_go_on_after_a_gap(database, monkeypatch):
    monkeypatch.setattr(mentions, "AT_ONCE", 4)
    assert mentions.catch_up(database) is False
    grow(database, 10)
    assert [mentions.catch_up(database) for _ in range(4)] == [True, True, False, False]
    assert len(written(database)) == 20
    with database.write() as session:
        journal.append(session, "search", actor="a", items=["i", "j", "i"])
        session.delete(session.get_one(LedgerEntry, 9))
    mentions.catch_up_whole(database)
    mentions.catch_up_whole(database)
    assert written(database)[-3:] == [("item", "i", 10), ("item", "j", 10), ("person", "a", 10)]
    with database.read() as session:
        assert session.get_one(AuditProgress, mentions.ONE).done == 11
