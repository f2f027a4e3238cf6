"""Proofs as files (C2SP tlog-proof and tlog-witness), read back and checked offline; what is no proof is refused in words."""

import json
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kernel.ledger import journal, proofs, verification
from services.kernel.ledger.merkle import tree_of
from services.kernel.ledger.note import Signer
from services.kernel.ledger.proof_files import FIRST, Consistency, Inclusion

SIGNER = Signer("muniment/ledger", bytes(range(32)))
KEY = SIGNER.verifier_key
STRANGER = Signer("muniment/ledger", bytes(range(1, 33)))
DATA = [journal.canonical({"position": number, "act": "page.read", "actor": "a"}) for number in range(21)]


def note(size: int, signer: Signer = SIGNER, data: list[bytes] = DATA) -> str:
    return signer.sign(tree_of(data[:size]))


def inclusion(index: int, size: int = 21, *, whole: bool = True) -> Inclusion:
    path = [tree_of(DATA[start:end]).root for start, end in proofs.inclusion_ranges(index, size)]
    return Inclusion(index, tuple(path), note(size), DATA[index] if whole else None)


def consistency(old: int, new: int = 21) -> Consistency:
    path = [tree_of(DATA[start:end]).root for start, end in proofs.consistency_ranges(old, new)]
    return Consistency(old, tuple(path), note(new))


def test_a_proof_of_inclusion_has_the_form_of_the_specification():
    proof = inclusion(5, whole=False)
    head, checkpoint = proof.to_text().split("\n\n", 1)
    assert head.split("\n") == ["c2sp.org/tlog-proof@v1", "index 5", *(b64encode(each).decode() for each in proof.path)]
    assert checkpoint == note(21)
    extra = inclusion(5).to_text().split("\n")[1]
    assert extra == f"extra {b64encode(DATA[5]).decode()}"


def test_a_proof_of_consistency_has_the_form_that_witnesses_take():
    proof = consistency(5)
    head, checkpoint = proof.to_text().split("\n\n", 1)
    assert head.split("\n") == ["old 5", *(b64encode(each).decode() for each in proof.path)]
    assert checkpoint == note(21)


@given(st.integers(1, 21), st.data())
def test_what_was_written_is_read_and_holds(size, data):
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    for whole in (True, False):
        proof = Inclusion.parse(inclusion(index, size, whole=whole).to_text())
        assert proof == inclusion(index, size, whole=whole)
        assert proof.check(KEY, DATA[index]).size == size
    chain = Consistency.parse(consistency(old, size).to_text())
    assert chain == consistency(old, size)
    before, after = chain.check(note(old), KEY)
    assert (before.size, after.size) == (old, size)


def test_a_proof_of_the_only_entry_has_no_path():
    proof = Inclusion.parse(inclusion(0, 1).to_text())
    assert proof.path == () and proof.check(KEY).size == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "wrong-header\nindex 0\n\ncheckpoint\n",
        f"{FIRST}\n",
        f"{FIRST}\nindex 0\n",
        f"{FIRST}\n\n\ncheckpoint\n",
        f"{FIRST}\nextra !!notbase64!!\nindex 0\n\ncheckpoint\n",
        f"{FIRST}\nindex notanumber\n\ncheckpoint\n",
        f"{FIRST}\nindex -5\n\ncheckpoint\n",
        f"{FIRST}\nindex 05\n\ncheckpoint\n",
        f"{FIRST}\nindex ５\n\ncheckpoint\n",
        f"{FIRST}\nindex {'9' * 5000}\n\ncheckpoint\n",
        f"{FIRST}\nindex 0\n!!notbase64!!\n\ncheckpoint\n",
        f"{FIRST}\nindex 0\n{b64encode(bytes(64)).decode()}\n\ncheckpoint\n",
        f"{FIRST}\nindex 0\n{b64encode(bytes(31)).decode()}\n\ncheckpoint\n",
    ],
)
def test_what_is_no_proof_is_refused(text):
    with pytest.raises(ValueError):
        Inclusion.parse(text)


@pytest.mark.parametrize("text", ["", "old 3\n", "new 3\n\nx", "old three\n\nx", "old 3\nx\n\nx", "index 3\n\nx"])
def test_what_is_no_consistency_proof_is_refused(text):
    with pytest.raises(ValueError):
        Consistency.parse(text)


def test_a_proof_holds_for_its_entry_at_its_place_under_its_signer_alone():
    proof = inclusion(5)
    for changed in (
        Inclusion(6, proof.path, proof.note, proof.data),
        Inclusion(5, proof.path[::-1], proof.note, proof.data),
        Inclusion(5, proof.path[1:], proof.note, proof.data),
        Inclusion(5, proof.path, note(21, STRANGER), proof.data),
        Inclusion(5, proof.path, note(20), proof.data),
        Inclusion(5, proof.path, proof.note, DATA[6]),
        Inclusion(5, proof.path, proof.note),
    ):
        with pytest.raises(ValueError):
            changed.check(KEY)
    with pytest.raises(ValueError, match="does not stand there"):
        proof.check(KEY, DATA[6])


def test_a_rewritten_ledger_does_not_go_on_from_its_checkpoint():
    forged = [DATA[0], DATA[1].replace(b"page", b"pare"), *DATA[2:]]
    path = tuple(tree_of(forged[start:end]).root for start, end in proofs.consistency_ranges(7, 21))
    with pytest.raises(ValueError, match="does not begin"):
        Consistency(7, path, note(21, data=forged)).check(note(7), KEY)
    with pytest.raises(ValueError, match="first 7 entries"):
        consistency(7).check(note(8), KEY)


# ── files ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def judged(tmp_path, content: str, **options) -> verification.Verdict:
    file = tmp_path / "file"
    file.write_text(content, "utf-8")
    return verification.verify_path(file, **{"public_key": KEY} | options)


def extract(*positions: int, change=lambda row: row) -> list[dict]:
    return [change({"entry": DATA[each].decode(), "proof": inclusion(each, whole=False).to_text()}) for each in positions]


def jsonl(rows: list[dict]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def test_each_kind_of_file_is_told_by_its_beginning(tmp_path):
    assert judged(tmp_path, inclusion(3).to_text()).ok
    assert judged(tmp_path, inclusion(3, whole=False).to_text(), entry=DATA[3]).ok
    assert judged(tmp_path, consistency(9).to_text(), earlier=[note(9)]).ok
    assert judged(tmp_path, jsonl(extract(1, 5, 20))).entries == 3
    assert judged(tmp_path, jsonl(extract(1, 5, 20))).ok
    assert judged(tmp_path, note(9)).entries == 9
    for content in (inclusion(3).to_text(), jsonl(extract(1)), consistency(9).to_text()):
        verdict = judged(tmp_path, content, public_key=None)
        assert not verdict.ok and "public key" in verdict.problems[0]


def test_what_does_not_hold_is_said(tmp_path):
    assert not judged(tmp_path, inclusion(3, whole=False).to_text()).ok
    assert not judged(tmp_path, inclusion(3).to_text(), entry=DATA[4]).ok
    assert not judged(tmp_path, inclusion(3).to_text(), public_key=STRANGER.verifier_key).ok
    assert not judged(tmp_path, consistency(9).to_text()).ok
    assert not judged(tmp_path, consistency(9).to_text(), earlier=[note(8)]).ok
    assert not judged(tmp_path, jsonl(extract(1, change=lambda row: row | {"entry": DATA[2].decode()}))).ok
    assert not judged(tmp_path, jsonl([*extract(1), {"entry": "x"}])).ok
    assert not judged(tmp_path, "").ok and not judged(tmp_path, "{}").ok and not judged(tmp_path, "\x00\xff").ok


def test_two_pasts_of_one_length_are_told(tmp_path):
    other = [*DATA[:20], b"{}"]
    verdict = judged(tmp_path, inclusion(3).to_text(), earlier=[note(21, data=other)])
    assert not verdict.ok and "two pasts" in verdict.problems[0]


def test_a_row_s_readable_columns_must_say_what_its_entry_says(tmp_path):
    rows = extract(1, 2, change=lambda row: {"position": None} | row)
    for row, position in zip(rows, (1, 2), strict=True):
        row |= {"position": position, "act": "page.read", "actor": "a"}
    good = jsonl([{"entry": row["entry"], **row} for row in rows])
    assert judged(tmp_path, good).ok
    verdict = judged(tmp_path, good.replace('"actor": "a"', '"actor": "b"'))
    assert not verdict.ok and "actor" in verdict.problems[0]


def test_a_folder_of_checkpoints_is_read_whole(tmp_path):
    folder = tmp_path / "store"
    (folder / "07").mkdir(parents=True)
    (folder / "07/checkpoint-000000000000007").write_text(note(7))
    (folder / "07/checkpoint-000000000000009.part").write_text("half")
    (folder / "checkpoint-000000000000009").write_text(note(9))
    assert sorted(verification.checkpoints_in(folder)) == sorted([note(7), note(9)])
    assert verification.checkpoints_in(folder / "07/checkpoint-000000000000007") == [note(7)]
