"""The ledger: no act without its entry, and no change of the past that verification does not find."""

import io
import json
import multiprocessing
import random
import threading

import pytest
from sqlalchemy import func, select, update

from services.kernel.db import Database
from services.kernel.ledger import export, journal
from services.kernel.ledger.merkle import leaf_hash, tree_of
from services.kernel.ledger.note import Signer, verify
from services.kernel.ledger.tables import LedgerEntry, LedgerHead
from services.kernel.tables import Counter

SIGNER = Signer("muniment/ledger", bytes(range(32)))
KEY = SIGNER.verifier_key
STRANGER = Signer("muniment/ledger", bytes(range(1, 33)))


def write(database: Database, count: int, act: str = "page.read") -> None:
    for number in range(count):
        with database.write() as session:
            journal.append(session, act, actor="a", item=f"item-{number}", request="r", page=number)


def exported(database: Database) -> bytes:
    with database.read() as session:
        return b"".join(line + b"\n" for line in export.lines(session, SIGNER))


def judge(data: bytes, **options: str) -> export.Verdict:
    return export.verify_file(io.BytesIO(data), **{"public_key": KEY} | options)


def checkpoint_of(data: bytes) -> str:
    return str(json.loads(data.partition(b"\n")[0])["checkpoint"])


def signed_anew(lines: list[bytes], signer: Signer = SIGNER) -> bytes:
    """What an administrator with the signing key would write: these entries under a fresh checkpoint."""
    header = {"format": export.FORMAT, "checkpoint": signer.sign(tree_of(lines)), "public_key": signer.verifier_key}
    return b"".join(line + b"\n" for line in [json.dumps(header).encode(), *lines])


def test_an_entry_is_the_leaf_that_was_hashed(database):
    write(database, 1)
    with database.read() as session:
        entry = session.scalars(select(LedgerEntry)).one()
    told = json.loads(entry.data)
    assert told == {
        "position": 0,
        "at": entry.at,
        "actor": "a",
        "act": "page.read",
        "item": "item-0",
        "request": "r",
        "result": "ok",
        "details": {"page": 0},
    }
    assert entry.at.endswith("Z")
    assert entry.leaf_hash == leaf_hash(entry.data)
    assert entry.data == journal.canonical(told)


def test_canonical_json_does_not_depend_on_order_and_keeps_chinese_as_it_is():
    assert journal.canonical({"b": 1, "a": "张"}) == journal.canonical({"a": "张", "b": 1}) == '{"a":"张","b":1}'.encode()


def test_the_head_is_that_of_the_entries(database):
    write(database, 13)
    with database.read() as session:
        head = session.get_one(LedgerHead, journal.HEAD)
        data = session.scalars(select(LedgerEntry.data).order_by(LedgerEntry.position)).all()
    assert journal.tree_at(head) == tree_of(data)


def test_an_act_that_fails_leaves_neither_entry_nor_gap(database):
    write(database, 2)
    with pytest.raises(RuntimeError), database.write() as session:
        session.add(Counter(series="act", last=1))
        journal.append(session, "act", actor=None)
        raise RuntimeError
    write(database, 1)
    with database.read() as session:
        assert session.get(Counter, "act") is None
        assert session.scalars(select(LedgerEntry.position).order_by(LedgerEntry.position)).all() == [0, 1, 2]
    assert judge(exported(database)).ok


def test_an_entry_that_cannot_be_written_undoes_the_act(database, monkeypatch):
    monkeypatch.setattr(journal, "leaf_hash", lambda data: 1 / 0)
    with pytest.raises(ZeroDivisionError), database.write() as session:
        session.add(Counter(series="act", last=1))
        journal.append(session, "act", actor=None)
    with database.read() as session:
        assert session.get(Counter, "act") is None


def test_several_entries_of_one_act_stand_in_order(database):
    with database.write() as session:
        assert [journal.append(session, f"act.{number}", actor=None) for number in range(5)] == [0, 1, 2, 3, 4]
    assert judge(exported(database)).entries == 5


def test_an_empty_ledger_verifies(database):
    verdict = judge(exported(database))
    assert verdict.ok and verdict.entries == 0


def test_what_was_exported_verifies(database):
    write(database, 37)
    data = exported(database)
    verdict = judge(data)
    assert verdict.ok, verdict.problems
    assert (verdict.entries, verdict.origin) == (37, "muniment/ledger")
    assert verdict.root == tree_of(data.splitlines()[1:]).root.hex()
    assert export.verify_file(io.BytesIO(data)).ok, "with the file's own key it is at least whole"


def test_a_longer_export_agrees_with_each_earlier_checkpoint(database):
    kept = []
    for _ in range(9):
        kept.append(checkpoint_of(exported(database)))
        write(database, 3)
    data = exported(database)
    for checkpoint in [*kept, checkpoint_of(data)]:
        assert judge(data, earlier=checkpoint).ok


def test_another_archive_s_export_is_not_believed(database):
    write(database, 3)
    lines = exported(database).splitlines()[1:]
    assert judge(signed_anew(lines)).ok
    assert not judge(signed_anew(lines, STRANGER)).ok


def test_an_entry_changed_in_the_catalogue_is_found(database):
    write(database, 6)
    with database.write() as session:
        forged = session.get_one(LedgerEntry, 3).data.replace(b"page.read", b"page.skip")
        session.execute(update(LedgerEntry).where(LedgerEntry.position == 3).values(data=forged, leaf_hash=leaf_hash(forged)))
    assert not judge(exported(database)).ok


def test_an_entry_removed_from_the_catalogue_is_found_even_at_the_end(database):
    write(database, 6)
    with database.write() as session:
        session.delete(session.get_one(LedgerEntry, 5))
    assert not judge(exported(database)).ok


def tampered(lines: list[bytes], draw: random.Random) -> tuple[str, list[bytes]]:
    """One change of the entries, drawn at random."""
    kind = draw.choice(("flip", "remove", "swap", "cut", "repeat", "insert", "rewrite", "renumber"))
    lines, place = list(lines), draw.randrange(len(lines))
    if kind == "flip":
        entry, bit = bytearray(lines[place]), draw.randrange(len(lines[place]) * 8)
        entry[bit // 8] ^= 1 << bit % 8
        lines[place] = bytes(entry)
    elif kind == "remove":
        del lines[place]
    elif kind == "swap":
        other = draw.choice([each for each in range(len(lines)) if each != place])
        lines[place], lines[other] = lines[other], lines[place]
    elif kind == "cut":
        del lines[place:]
    elif kind == "repeat":
        lines.insert(place, lines[draw.randrange(len(lines))])
    elif kind == "insert":
        lines.insert(place, journal.canonical({"position": place, "act": "page.read"}))
    elif kind == "rewrite":
        lines[place] = journal.canonical(json.loads(lines[place]) | {"actor": "someone-else"})
    else:
        del lines[place]
        lines[place:] = [
            journal.canonical(json.loads(line) | {"position": place + offset}) for offset, line in enumerate(lines[place:])
        ]
    return kind, lines


@pytest.fixture
def ledger(database) -> tuple[bytes, str]:
    """An export of 60 entries, and a checkpoint that an auditor kept when there were 40."""
    write(database, 40)
    kept = checkpoint_of(exported(database))
    write(database, 20, "text.read")
    return exported(database), kept


def test_whoever_lacks_the_key_can_change_nothing(ledger):
    data, kept = ledger
    header, *lines = data.splitlines()
    for seed in range(250):
        kind, changed = tampered(lines, random.Random(seed))
        if changed == lines:
            continue
        forged = b"".join(line + b"\n" for line in [header, *changed])
        for options in ({}, {"earlier": kept}):
            verdict = judge(forged, **options)
            assert not verdict.ok, (seed, kind, options)
            assert verdict.problems


def test_whoever_has_the_key_can_change_nothing_that_an_auditor_has_seen(ledger):
    data, kept = ledger
    lines = data.splitlines()[1:]
    seen, tries = lines[:40], 0
    for seed in range(400):
        kind, changed = tampered(lines, random.Random(seed))
        if changed[:40] == seen:
            continue  # only entries after the checkpoint, of which nobody outside knows
        tries += 1
        assert not judge(signed_anew(changed), earlier=kept).ok, (seed, kind)
    assert tries >= 200


def test_a_ledger_cut_back_behind_the_checkpoint_is_found_though_signed(ledger):
    data, kept = ledger
    lines = data.splitlines()[1:]
    for length in (0, 1, 32, 39):
        verdict = judge(signed_anew(lines[:length]), earlier=kept)
        assert not verdict.ok and "holds only" in " ".join(verdict.problems)
    assert judge(signed_anew(lines[:40]), earlier=kept).ok


def test_any_flipped_bit_of_the_header_is_found_or_harmless(ledger):
    data, _ = ledger
    header, rest = data.split(b"\n", 1)
    for bit in random.Random(1).sample(range(len(header) * 8), 300):
        forged = bytearray(header)
        forged[bit // 8] ^= 1 << bit % 8
        verdict = judge(bytes(forged) + b"\n" + rest)
        if verdict.ok:  # the format's name, the header's own key (an auditor has his), or the slack bits of base64
            read = verify(json.loads(bytes(forged))["checkpoint"], KEY)
            assert (read.size, read.root.hex()) == (60, verdict.root)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"null\n",
        b"[]\n",
        b"5\n",
        b"{}\n",
        b'{"checkpoint":5}\n',
        b'{"checkpoint":null,"public_key":null}\n',
        b'{"checkpoint":"x","public_key":7}\n',
        b'{"checkpoint":["\\n\\n"]}\n',
        b'{"checkpoint":"\\ud800\\n\\n\\n"}\n',
        b"\xff\xfe\n",
        b"[" * 200_000 + b"\n",
    ],
)
@pytest.mark.parametrize("options", [{}, {"public_key": KEY}])
def test_a_file_that_is_no_export_is_refused_in_words(data, options):
    verdict = export.verify_file(io.BytesIO(data), **options)
    assert not verdict.ok and "header" in verdict.problems[0]


@pytest.mark.parametrize("line", [b"", b"null", b"[]", b"\xff", b"{", b'{"position":true}', b"[" * 200_000])
def test_an_entry_that_is_no_entry_is_a_problem_though_signed(line):
    verdict = judge(signed_anew([line]))
    assert not verdict.ok and "position" in verdict.problems[0]


def test_an_earlier_checkpoint_that_is_none_is_refused(ledger):
    assert not judge(ledger[0], earlier="not a note").ok
    assert not judge(ledger[0], earlier=STRANGER.sign(tree_of([]))).ok


def assert_gapless(database: Database, count: int) -> None:
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(LedgerEntry)) == count
        positions = session.scalars(select(LedgerEntry.position).order_by(LedgerEntry.position)).all()
    assert positions == list(range(count))
    verdict = judge(exported(database))
    assert verdict.ok and verdict.entries == count, verdict.problems


def test_threads_give_one_gapless_tree(database):
    threads = [threading.Thread(target=write, args=(database, 25, f"thread.{number}")) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert_gapless(database, 8 * 25)


def write_in_process(url: str, count: int) -> None:
    database = Database(url)
    write(database, count, "process")
    database.close()


def test_processes_give_one_gapless_tree(database):
    url = database.url.render_as_string(hide_password=False)
    context = multiprocessing.get_context("fork")
    database.close()
    processes = [context.Process(target=write_in_process, args=(url, 25)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    assert_gapless(database, 4 * 25)


def test_an_export_is_one_moment_although_others_write(database):
    write(database, 5)
    with database.read() as session:
        lines = export.lines(session, SIGNER)
        data = [next(lines)]
        write(database, 5)
        data += lines
    verdict = judge(b"".join(line + b"\n" for line in data))
    assert verdict.ok and verdict.entries == 5
