"""The command line as contract.md fixes it, against a really running archive: shapes, exit codes, and one JSON document on
standard output and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections import defaultdict
from pathlib import Path

import pytest

import samples
from tests.archive import MUNIMENT, RunningArchive, free_port
from tests.contract_shapes import ENTRIES, Account, Answer, Batch

pytestmark = pytest.mark.timeout(300)
DONE, INCOMPLETE, USAGE, REFUSED, UNREACHABLE = range(5)


@pytest.fixture(scope="module")
def scans(tmp_path_factory) -> Path:
    """A folder as it is handed to ``muniment ingest``: three files, one of them in a folder of its own, and a hidden one."""
    folder = tmp_path_factory.mktemp("scans")
    samples.write(samples.make("payment_voucher", 11, name="张伟"), folder / "收据.jpg", "jpeg", 200)
    samples.write(samples.make("id_card", 11, name="张伟"), folder / "证件.png", "png", 200)
    (folder / "合同").mkdir()
    samples.write(samples.make("sale_contract", 11, name="张伟"), folder / "合同" / "买卖合同.pdf", "pdf", 200)
    (folder / ".DS_Store").write_bytes(b"not a scan")
    return folder


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    running = RunningArchive(tmp_path_factory.mktemp("cli") / "data")
    early = running.muniment("user", "add", "早来的人", "--role", "clerk")  # before the archive was ever served
    assert early.returncode == DONE, early.stderr
    Account.model_validate_json(early.stdout)
    with running:
        running.user("admin")
        yield running


@pytest.fixture(scope="module")
def batch(archive, scans):
    """The batch of the scans, by ``muniment ingest --wait --json``."""
    answer = muniment(archive, "ingest", str(scans), "--wait", "--json")
    assert answer.returncode == DONE, answer.stdout + answer.stderr
    return json.loads(answer.stdout)


def muniment(archive: RunningArchive, *arguments: str, token: str | None = None, url: str | None = None):
    """A client command with an archivist's token, or another."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MUNIMENT_")}
    token = archive.user("archivist").token if token is None else token
    environment |= {"MUNIMENT_URL": url or archive.url, "MUNIMENT_TOKEN": token, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [*MUNIMENT, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
        env=environment,
        cwd=archive.data.parent,
    )


# -- people


def test_user_add_prints_id_and_token_also_while_the_archive_is_served(archive):
    added = archive.muniment("user", "add", "王建国", "--role", "archivist", "--department", "档案室")
    assert added.returncode == DONE
    account = Account.model_validate_json(added.stdout)
    with archive.client("archivist") as client:
        who = client.get("/api/v1/me", headers={"Authorization": f"Bearer {account.token}"}).raise_for_status().json()
    assert (who["id"], who["name"], who["department"]) == (account.id, "王建国", "档案室")


def test_user_add_refuses_a_name_twice_and_does_not_know_every_role(archive):
    assert archive.muniment("user", "add", "重名", "--role", "staff").returncode == DONE
    twice = archive.muniment("user", "add", "重名", "--role", "staff")
    assert twice.returncode == REFUSED and "重名" in twice.stderr and twice.stdout == ""
    unknown = archive.muniment("user", "add", "某人", "--role", "emperor")
    assert unknown.returncode == USAGE and "archivist" in unknown.stderr


# -- ingest and search


def test_ingest_takes_a_folder_and_waits_until_it_is_findable(batch):
    shape = Batch.model_validate_json(json.dumps(batch))
    assert batch["state"] == "done" and shape.pages_done == shape.pages_total > 3
    assert sorted(file["name"] for file in batch["files"]) == ["买卖合同.pdf", "收据.jpg", "证件.png"]
    assert sorted(item["type"] for item in batch["items"]) == ["id_card", "payment_voucher", "sale_contract"]
    assert all(item["indexed"] and item["reference_code"] and item["title"] for item in batch["items"])
    assert [problem for problem in batch["problems"] if problem["severity"] == "error"] == []


def test_ingest_of_the_same_files_again_reports_duplicates_and_stores_nothing(archive, batch, scans):
    again = muniment(archive, "ingest", str(scans / "收据.jpg"), "--wait", "--json", "--batch", "再来一次")
    assert again.returncode == DONE
    state = json.loads(again.stdout)
    assert (state["title"], state["state"], state["items"]) == ("再来一次", "done", [])
    assert [problem["code"] for problem in state["problems"]] == ["duplicate"]
    original = next(file["id"] for file in batch["files"] if file["name"] == "收据.jpg")
    assert state["files"][0]["duplicate_of"] == original


def test_search_answers_in_the_shape_of_the_contract(archive, batch):
    found = muniment(archive, "search", "张伟", "--json")
    assert found.returncode == DONE
    answer = Answer.model_validate_json(found.stdout)
    assert answer.total == len(answer.hits) == 3 and answer.next is None
    assert {hit.item_id for hit in answer.hits} == {item["id"] for item in batch["items"]}
    assert answer.facets["type"] == {"sale_contract": 1, "payment_voucher": 1, "id_card": 1}
    for hit in answer.hits:
        marked = [snippet.text[start:end] for snippet in hit.snippets for start, end in snippet.highlights]
        assert "张伟" in marked and all(snippet.boxes for snippet in hit.snippets if snippet.highlights)


def test_search_prints_for_people_without_json(archive, batch):
    found = muniment(archive, "search", "张伟", "--limit", "1")
    assert found.returncode == DONE and found.stdout.startswith("3 found in ") and "张伟" in found.stdout


# -- read


def read(archive: RunningArchive, *arguments: str) -> tuple[int, list[dict]]:
    answer = muniment(archive, "read", *arguments, "--json")
    ENTRIES.validate_json(answer.stdout)
    return answer.returncode, json.loads(answer.stdout)


def test_read_prints_every_member_of_the_contract(archive, scans):
    code, (contract, receipt) = read(archive, str(scans / "合同" / "买卖合同.pdf"), str(scans / "收据.jpg"))
    assert (code, contract["status"], receipt["status"]) == (DONE, "ok", "ok")
    assert (contract["file"], receipt["file"]) == ("买卖合同.pdf", "收据.jpg")
    assert contract["engine"]["name"] == "rapid"
    assert [page["number"] for page in contract["pages"]] == contract["documents"][0]["pages"]
    assert all(page["text"] for page in contract["pages"])
    truth = samples.make("sale_contract", 11, name="张伟").truths[0].fields
    found = contract["documents"][0]["fields"]
    assert contract["documents"][0]["type"] == "sale_contract"
    assert [value["value"] for value in found["contract_number"]] == list(truth["contract_number"])
    assert "张伟" in {value["value"] for value in found["party_buyer"]}


def test_read_with_the_other_engine(archive, scans):
    code, (receipt,) = read(archive, str(scans / "收据.jpg"), "--engine", "tesseract")
    assert receipt["engine"]["name"] == "tesseract" and receipt["pages"][0]["text"]
    assert code == (DONE if receipt["status"] == "ok" else INCOMPLETE)


def test_read_of_a_stack_numbers_pages_by_file_and_documents_by_separators(archive, tmp_path):
    file = tmp_path / "stack.pdf"
    papers = [samples.make(kind, 5) for kind in ("payment_voucher", "patch_t", "bank_slip")]
    samples.write(samples.stacked(papers), file, "pdf", 200)
    code, (entry,) = read(archive, str(file))
    assert (code, entry["status"]) == (DONE, "ok")
    assert [document["pages"] for document in entry["documents"]] == [[1], [3]]
    assert [document["type"] for document in entry["documents"]] == ["payment_voucher", "bank_slip"]


def test_read_needs_no_archive_and_stores_nothing(archive, scans, tmp_path):
    answer = subprocess.run(
        [*MUNIMENT, "read", str(scans / "收据.jpg"), "--json"], capture_output=True, text=True, cwd=tmp_path, timeout=120
    )
    assert answer.returncode == DONE and len(json.loads(answer.stdout)) == 1
    assert list(tmp_path.iterdir()) == []


# -- exit codes


def test_exit_1_when_something_was_rejected_with_the_problem_in_the_document(archive, tmp_path, scans):
    bad = tmp_path / "坏.pdf"
    bad.write_bytes(b"%PDF-1.7\n%%EOF\n")
    answer = muniment(archive, "ingest", str(bad), "--wait", "--json")
    state = json.loads(answer.stdout)
    assert (answer.returncode, state["state"], state["files"][0]["state"]) == (INCOMPLETE, "incomplete", "rejected")
    assert state["problems"][0]["file"] == "坏.pdf" and len(state["problems"][0]["message"]) > 20
    code, (rejected, fine) = read(archive, str(bad), str(scans / "收据.jpg"))
    assert (code, rejected["status"], fine["status"]) == (INCOMPLETE, "rejected", "ok")


@pytest.mark.parametrize(
    "arguments",
    [
        ["read"],
        ["read", "no-such-file.pdf", "--json"],
        ["read", "--engine", "gutenberg", "/etc/hostname"],
        ["ingest", "no-such-folder"],
        ["search"],
        ["search", "(张伟", "--json"],
        ["search", "nobody:张伟", "--json"],
        ["search", "张伟", "--limit", "0"],
        ["archive"],
    ],
    ids=" ".join,
)
def test_exit_2_for_wrong_usage_with_nothing_on_standard_output(archive, arguments):
    answer = muniment(archive, *arguments)
    assert answer.returncode == USAGE, answer.stdout + answer.stderr
    assert answer.stdout == "" and answer.stderr


def test_exit_2_for_a_folder_without_files(archive, tmp_path):
    answer = muniment(archive, "ingest", str(tmp_path), "--json")
    assert (answer.returncode, answer.stdout) == (USAGE, "") and "no file" in answer.stderr


def test_exit_3_when_refused(archive, scans):
    for token in ("", "not-a-token", archive.user("auditor").token):
        for command in (["search", "张伟", "--json"], ["ingest", str(scans / "收据.jpg"), "--json"]):
            answer = muniment(archive, *command, token=token)
            assert answer.returncode == REFUSED, (command, answer.stderr)
            assert answer.stdout == "" and answer.stderr.startswith("muniment: ")


def test_exit_3_for_a_second_archive_on_the_same_folder_or_port(archive, tmp_path):
    same_folder = archive.muniment("up", "--port", str(free_port()))
    assert same_folder.returncode == REFUSED and "served already" in same_folder.stderr
    same_port = archive.muniment("up", "--port", str(archive.port), "--data", str(tmp_path / "other"), data=False)
    assert same_port.returncode == REFUSED and "--port" in same_port.stderr
    with archive.client("archivist") as client:
        assert client.get("/readyz").status_code == 200


def test_exit_4_when_no_archive_answers(archive):
    answer = muniment(archive, "search", "张伟", "--json", url=f"http://127.0.0.1:{free_port()}")
    assert (answer.returncode, answer.stdout) == (UNREACHABLE, "")
    assert "muniment up" in answer.stderr


# -- ledger, index, doctor


def test_ledger_export_verifies_and_a_tampered_one_does_not(archive, batch, tmp_path):
    file = tmp_path / "ledger.jsonl"
    assert archive.muniment("ledger", "export", str(file)).returncode == DONE
    whole = file.read_bytes()
    assert verdict(archive, file) == (DONE, True)
    lines = whole.splitlines(keepends=True)
    acts = [json.loads(line)["act"] for line in lines[1:]]
    assert {"batch.open", "file.receive", "item.create", "item.read", "item.catalogue", "search", "ledger.export"} <= set(acts)
    changed = lines[7].replace(b'"result":"ok"', b'"result":"no"')
    assert changed != lines[7]
    header = json.loads(lines[0])
    origin, size, root, rest = header["checkpoint"].split("\n", 3)
    other = "\n".join((origin, size, ("B" if root[0] == "A" else "A") + root[1:], rest))
    for tampered in (
        [*lines[:7], changed, *lines[8:]],
        [*lines[:7], *lines[8:]],
        [*lines[:7], lines[8], lines[7], *lines[9:]],
        lines[:-1],
        [*lines, lines[-1]],
        [json.dumps(header | {"checkpoint": other}).encode() + b"\n", *lines[1:]],
    ):
        file.write_bytes(b"".join(tampered))
        assert verdict(archive, file) == (INCOMPLETE, False)


def verdict(archive: RunningArchive, file: Path) -> tuple[int, bool]:
    answer = archive.muniment("ledger", "verify", str(file), "--json", data=False)
    told = json.loads(answer.stdout)
    assert bool(told["problems"]) != told["ok"]
    return answer.returncode, told["ok"]


def test_the_index_is_built_anew_while_searches_go_on_and_answer_the_same(archive, batch):
    answers: defaultdict[int, int] = defaultdict(int)
    done = threading.Event()

    def ask() -> None:
        with archive.client("archivist") as client:
            while not done.is_set():
                answer = client.get("/api/v1/search", params={"q": "张伟"})
                answers[answer.json()["total"] if answer.status_code == 200 else -answer.status_code] += 1

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        for _ in range(2):
            rebuilt = archive.muniment("reindex", "--json")
            assert rebuilt.returncode == DONE, rebuilt.stderr
            assert json.loads(rebuilt.stdout) == {"items": 3}
    finally:
        done.set()
        asking.join()
    assert set(answers) == {3} and answers[3] > 5


def test_doctor_tells_of_every_part_in_one_document(archive, batch):
    answer = archive.muniment("doctor", "--json")
    findings = {finding["check"]: finding for finding in json.loads(answer.stdout)}
    assert set(findings) >= {
        "catalogue", "master key", "index", "engine rapid", "engine tesseract", "parser sandbox", "disk", "broker",
    }  # fmt: skip
    assert [finding for name, finding in findings.items() if not finding["ok"] and name != "disk"] == []
    assert answer.returncode == (DONE if findings["disk"]["ok"] else INCOMPLETE)
