"""One day of an archive over HTTP, in processes of its own, with paper that is really read: from the scanner to the shelf, from
a request to a page with its reader's mark, and to the auditor's proof."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

import samples
from tests.archive import MUNIMENT, RunningArchive, clean_environment, once

pytestmark = pytest.mark.timeout(600)
SALES, NEW_PHONE = "营销部", "13900001111"
PURPOSE = "客户要求核对租期"


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    with RunningArchive(tmp_path_factory.mktemp("day") / "data") as running:
        running.user("staff", "置业顾问", department=SALES)
        running.user("department_head", "营销经理", department=SALES)
        yield running


@pytest.fixture(scope="module")
def paper(tmp_path_factory) -> tuple[list[Path], samples.Truth]:
    """A lease and its tenant's ID card."""
    folder = tmp_path_factory.mktemp("paper")
    files = [folder / "租赁合同.pdf", folder / "身份证.pdf"]
    truth = samples.write(samples.make("lease_contract", 7), files[0], "pdf", 200)
    samples.write(samples.make("id_card", 8), files[1], "pdf", 200)
    return files, truth


def post(client: httpx.Client, address: str, **body: Any) -> dict[str, Any]:
    answer = client.post(f"/api/v1{address}", json=body, headers=once())
    assert answer.is_success, (address, answer.text)
    told: dict[str, Any] = answer.json()
    return told


def get(client: httpx.Client, address: str, **params: Any) -> dict[str, Any]:
    told: dict[str, Any] = client.get(f"/api/v1{address}", params=params).raise_for_status().json()
    return told


def found(client: httpx.Client, question: str) -> list[dict[str, Any]]:
    hits: list[dict[str, Any]] = get(client, "/search", q=question)["hits"]
    return hits


def until(truth: Callable[[], object], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not truth():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.2)


def refusal(client: httpx.Client, method: str, address: str, **body: Any) -> str:
    answer = client.request(method, f"/api/v1{address}", json=body or None)
    assert answer.status_code in (403, 404, 409), answer.text
    return str(answer.json()["type"]).removeprefix("urn:muniment:problem:")


def test_a_filing_and_access_day(archive, paper, tmp_path):
    files, truth = paper
    clerk, keeper, signer = archive.client("clerk"), archive.client("archivist"), archive.client("archivist", "归档负责人")
    sales, manager = archive.client("staff", "置业顾问"), archive.client("department_head", "营销经理")
    operations, auditor = archive.client("company_leader", "运营经理"), archive.client("auditor")
    tenant = truth.documents[0].fields["party_lessee"][0]

    operations_are_told(keeper, operations)
    lease, items = scanned(archive, clerk, files)
    corrected(clerk, lease)
    code = filed(clerk, keeper, signer, items)
    until(lambda: [hit["item_id"] for hit in found(sales, f"phone:{NEW_PHONE} state:ARCHIVED")] == [lease])

    for person in (sales, clerk, keeper):  # whoever filed it, too
        (hit,) = found(person, f"reference_code:{code}")
        assert hit["masked"] and tenant not in json.dumps(hit, ensure_ascii=False)
        assert refusal(person, "GET", f"/items/{lease}/pages/1/image") == "needs-grant"

    asked = post(sales, "/access-requests", kind="read", item_ids=[lease], purpose=PURPOSE, days=1)["id"]
    assert refusal(sales, "POST", f"/access-requests/{asked}/decision", approves=True) in ("forbidden", "not-found")
    assert [each["id"] for each in get(manager, "/access-requests/waiting")["requests"]] == [asked]
    decided = post(manager, f"/access-requests/{asked}/decision", approves=True)
    assert decided["state"] == "granted"
    assert "access.told" in json.dumps(get(operations, "/notices")), "the operations manager is told"

    page = sales.get(f"/api/v1/items/{lease}/pages/1/image").raise_for_status().content
    assert refusal(manager, "GET", f"/items/{lease}/pages/1/image") == "needs-grant", "who approves does not read"
    whose = keeper.post("/api/v1/watermarks/reading", content=page).raise_for_status().json()
    grant = get(sales, f"/access-requests/{asked}")["grant_id"]
    assert (whose["reader"]["name"], whose["grant_id"]) == ("置业顾问", grant)
    (hit,) = found(sales, f"reference_code:{code} {tenant}")
    assert not hit["masked"] and tenant in json.dumps(hit, ensure_ascii=False)

    post(sales, f"/grants/{grant}/revocation")
    assert refusal(sales, "GET", f"/items/{lease}/pages/1/image") == "needs-grant"
    assert found(sales, f"reference_code:{code} {tenant}")[0]["masked"]

    proven(
        archive,
        auditor,
        tmp_path,
        {"lease": lease, "grant": grant, "asked": asked, "sales": archive.user("staff", "置业顾问").id},
    )


def operations_are_told(keeper: httpx.Client, operations: httpx.Client) -> None:
    """The operations manager must be told of each reading (I): one proposes this as policy, another puts it in force."""
    policy = yaml.safe_load(keeper.get("/api/v1/policy").raise_for_status().text)
    for rule in policy["access"]["read"]:
        rule["notify"] = ["company_leader"]
    body = yaml.safe_dump(policy, allow_unicode=True)
    number = post(keeper, "/policy/versions", body=body, reason="营销经理审批，告知运营经理")["number"]
    post(operations, f"/policy/versions/{number}/decision", approves=True)


def scanned(archive: RunningArchive, clerk: httpx.Client, files: list[Path]) -> tuple[str, list[str]]:
    """The lease, and all items of the delivery."""
    state = archive.wait(clerk, archive.deliver(clerk, files), seconds=400)
    assert state["state"] == "done", state["problems"]
    items = {get(clerk, f"/items/{each['id']}")["type"]: each["id"] for each in state["items"]}
    assert set(items) == {"lease_contract", "id_card"}
    return items["lease_contract"], list(items.values())


def corrected(clerk: httpx.Client, lease: str) -> None:
    """The clerk looks at the page beside what was read, and adds what is written by hand there."""
    assert clerk.get(f"/api/v1/items/{lease}/pages/1/image").status_code == 200
    path = f"/filings/items/{lease}/corrections"
    post(clerk, path, what="field", field="phone", value=NEW_PHONE, note="手写电话", page=1)
    values = [each["value"] for each in get(clerk, f"/items/{lease}")["fields"]["phone"]]
    assert NEW_PHONE in values


def filed(clerk: httpx.Client, keeper: httpx.Client, signer: httpx.Client, items: list[str]) -> str:
    """Checked by another than who scanned, signed by another than who checked; returns the lease's 档号."""
    file = post(clerk, "/case-files", title="租户档案", business_type="lease")["id"]
    post(clerk, f"/case-files/{file}/items", item_ids=items)
    check = post(keeper, "/filings/checks", item_ids=items)
    seen = [{"item_id": each["item_id"], "number": each["number"], "passed": True} for each in check["page_list"]]
    post(keeper, f"/filings/checks/{check['id']}/verdicts", verdicts=seen)
    post(keeper, f"/filings/checks/{check['id']}/close")
    post(keeper, "/filings/catalogued", item_ids=items)
    form = post(keeper, "/filings", item_ids=items)["id"]
    for wrong in (clerk, keeper):
        assert refusal(wrong, "POST", f"/filings/{form}/signature", approves=True) in ("separation-of-duties", "forbidden")
    post(signer, f"/filings/{form}/signature", approves=True)
    shown = [get(signer, f"/items/{item}") for item in items]
    assert {each["state"] for each in shown} == {"ARCHIVED"}
    return str(next(each["reference_code"] for each in shown if each["type"] == "lease_contract"))


def proven(archive: RunningArchive, auditor: httpx.Client, folder: Path, known: dict[str, str]) -> None:
    """The auditor takes the ledger along, proves it without the archive, and reads the day in it."""
    file = folder / "ledger.jsonl"
    file.write_bytes(auditor.get("/api/v1/audit/ledger").raise_for_status().content)
    command = [*MUNIMENT, "ledger", "verify", str(file), "--json"]
    verdict = subprocess.run(
        command, capture_output=True, text=True, env=clean_environment(), check=False, cwd=folder, timeout=120
    )
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr
    _, *lines = file.read_text("utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    assert PURPOSE not in file.read_text("utf-8")
    mine = [each for each in entries if each["actor"] == known["sales"]]
    story = [(each["act"], each["result"]) for each in mine if each["act"] in ("access.ask", "page.read", "grant.revoke")]
    assert story == [
        ("page.read", "refused"),
        ("access.ask", "ok"),
        ("page.read", "ok"),
        ("grant.revoke", "ok"),
        ("page.read", "refused"),
    ]
    (read,) = (each for each in mine if (each["act"], each["result"]) == ("page.read", "ok"))
    assert (read["item"], read["details"]["grant"], read["details"]["page"]) == (known["lease"], known["grant"], 1)
    acts = [each["act"] for each in entries]
    steps = [
        "item.read",
        "item.correct",
        "check.see",
        "filing.sign",
        "item.archive",
        "access.ask",
        "access.approve",
        "grant.open",
    ]
    assert [step for step in steps if step not in acts] == []
    tampered = folder / "tampered.jsonl"
    tampered.write_text(file.read_text("utf-8").replace(known["sales"], known["grant"], 1), "utf-8")
    again = subprocess.run(
        [*MUNIMENT, "ledger", "verify", str(tampered)], capture_output=True, env=clean_environment(), check=False, timeout=120
    )
    assert again.returncode == 1
