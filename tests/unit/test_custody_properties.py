"""四性检测: what each of the four properties asks, check by check."""

from dataclasses import replace

import pytest

from services.custody.properties import rules
from services.custody.properties.rules import Facts, Property

WHOLE = Facts(
    reference_code="M001-HT·2026-D30-0001",
    final=True,
    type_known=True,
    titled=True,
    archived_entry=True,
    content="whole",
    head=b"%PDF-1.7\n",
    size_matches=True,
    media_type="application/pdf",
    encrypted=False,
    pages=(1, 2),
    unread=0,
    undescribed=0,
    pictures=2,
    pdf=True,
    readable=2,
    faulty=0,
    copies=2,
    scan="clean",
)


def failed(facts: Facts) -> list[str]:
    return [f"{check.property}.{check.name}" for check in rules.judge(facts) if check.ok is False]


def test_what_is_whole_passes_on_all_four():
    checks = rules.judge(WHOLE)
    assert rules.passed(checks) and {check.property for check in checks} == set(Property)
    assert all(check.ok for check in checks)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"reference_code": None}, ["authenticity.number"]),
        ({"reference_code": "M001-HT-1"}, ["authenticity.number"]),
        ({"final": False}, ["authenticity.number"]),
        ({"titled": False}, ["authenticity.entry"]),
        ({"type_known": False}, ["authenticity.entry"]),
        ({"archived_entry": False}, ["authenticity.filed"]),
        ({"content": "damaged"}, ["authenticity.digest"]),
        ({"content": "missing", "head": b"", "size_matches": False}, ["authenticity.digest", "completeness.size"]),
        ({"undescribed": 1}, ["authenticity.process"]),
        ({"pages": ()}, ["completeness.pages"]),
        ({"pages": (1, 3)}, ["completeness.pages"]),
        ({"unread": 1}, ["completeness.read"]),
        ({"pictures": 1}, ["completeness.pictures"]),
        ({"lacking": ("id_card/household_register",)}, ["completeness.file"]),
        ({"media_type": "application/zip"}, ["usability.format"]),
        ({"head": b"PK\x03\x04"}, ["usability.opens"]),
        ({"pdf": False}, ["usability.pdfa"]),
        ({"encrypted": True}, ["usability.unencrypted"]),
        ({"scan": "infected"}, ["safety.malware"]),
        ({"faulty": 1}, ["safety.medium"]),
    ],
)
def test_one_thing_that_is_not_so_fails_its_own_check(change, expected):
    assert failed(replace(WHOLE, **change)) == expected


def test_what_does_not_apply_is_not_failed():
    alone = rules.judge(replace(WHOLE, scan="none", copies=1, readable=0, pdf=False, pictures=0))
    assert rules.passed(alone)
    assert {check.name for check in alone if check.ok is None} == {"malware", "copies", "pdfa"}


@pytest.mark.parametrize(
    ("media_type", "head", "so"),
    [
        ("image/jpeg", b"\xff\xd8\xff\xe0", True),
        ("image/jpeg", b"xx\xff\xd8\xff", False),
        ("image/heic", b"\0\0\0\x18ftypheic", True),
        ("image/tiff", b"MM\0*", True),
        ("image/png", b"GIF8", False),
        ("application/pdf", b"\n" * 900 + b"%PDF-1.4", True),
        (None, b"%PDF-1.4", False),
    ],
)
def test_a_format_is_known_by_its_first_bytes(media_type, head, so):
    assert rules.begins(media_type, head) is so
