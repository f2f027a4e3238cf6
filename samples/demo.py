"""The demonstration behind ``make demo``: invented scans go through a real archive, as a clerk's would.

It speaks to the archive only as users do: by the command line and over HTTP.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

import samples

FOLDER = Path("demo")
NAME, PASSWORD = "档案员", "demo-password-1"
SEARCHES = ("张伟", "租赁 OR 收据 -发票", "type:sale_contract 买受人")
KEY_FIELDS = (
    "contract_number", "voucher_number", "party_buyer", "party_lessee", "payer", "name", "organisation", "property_unit",
    "amount", "signed_on", "paid_on",
)  # fmt: skip
START_SECONDS, READ_SECONDS = 60.0, 240.0
console = Console(highlight=False)


def main() -> int:
    """Runs the whole demonstration; 0 when everything was read as it should be."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    shutil.rmtree(FOLDER.with_name(f"{FOLDER.name}.keys"), ignore_errors=True)
    scans, data = FOLDER / "scans", FOLDER / "archive"
    with console.status("Drawing sample scans"):
        truths = samples.demo_set(scans)
    pages = sum(len(truth.pages) for truth in truths)
    console.print(f"[bold]{len(truths)} sample scans[/bold] with {pages} pages in {scans}/\n")
    token = _add_user(data)
    with _archive(data) as client:
        client.headers["Authorization"] = f"Bearer {token}"
        batch = _take_in(client, sorted(scans / truth.file for truth in truths))
        _print_items(client, batch)
        _print_problems(batch)
        for query in SEARCHES:
            _print_search(client, query)
    complete = batch["state"] == "done" and len(batch["items"]) == sum(len(truth.documents) for truth in truths)
    console.print("\nOpen the console:  [bold]make up DATA=demo/archive[/bold]  then http://127.0.0.1:8000/")
    console.print(f"Sign in as [bold]{NAME}[/bold] with the password [bold]{PASSWORD}[/bold]\n")
    return 0 if complete else 1


def _add_user(data: Path) -> str:
    command = [*_muniment(), "user", "add", NAME, "--role", "archivist", "--password-stdin", "--data", str(data)]
    added = subprocess.run(command, input=PASSWORD, text=True, capture_output=True, check=True)  # noqa: S603
    token: str = json.loads(added.stdout)["token"]
    return token


def _muniment() -> list[str]:
    return [sys.executable, "-m", "services.cli"]


@contextmanager
def _archive(data: Path) -> Iterator[httpx.Client]:
    """A running archive on a free port, and a client for it; its log goes to a file."""
    port = _free_port()
    log = FOLDER / "archive.log"
    command = [*_muniment(), "up", "--data", str(data), "--port", str(port)]
    with log.open("wb") as sink:
        process = subprocess.Popen(command, stdout=sink, stderr=sink, env=os.environ | {"PYTHONUNBUFFERED": "1"})  # noqa: S603
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as client:
                with console.status("Starting the archive"):
                    _await_ready(client, process, log)
                yield client
        finally:
            process.terminate()
            process.wait(60)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _await_ready(client: httpx.Client, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            if client.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    console.print(log.read_text(errors="replace")[-2000:])
    raise SystemExit("The archive did not start; the end of its log is above.")


def _take_in(client: httpx.Client, files: list[Path]) -> dict[str, Any]:
    batch = _json(client.post("/api/v1/batches", json={"title": "演示批次", "source": "demo"}))
    columns = (TextColumn("{task.description:14}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        sending = progress.add_task("files taken in", total=len(files))
        reading = progress.add_task("pages read", total=None)
        for file in files:
            with file.open("rb") as source:
                _json(client.post(f"/api/v1/batches/{batch['id']}/files", files={"file": (file.name, source)}))
            progress.advance(sending)
        end = time.monotonic() + READ_SECONDS
        while time.monotonic() < end:
            state = _json(client.get(f"/api/v1/batches/{batch['id']}"))
            progress.update(reading, total=state["pages_total"] or None, completed=state["pages_done"])
            if state["state"] in ("done", "incomplete"):
                return state
            time.sleep(0.3)
    raise SystemExit("The archive did not finish reading in time; see demo/archive.log.")


def _print_items(client: httpx.Client, batch: dict[str, Any]) -> None:
    table = Table(title="What was read", title_justify="left", show_lines=True)
    for heading in ("序号", "type", "档号 (draft)", "key fields", "sure"):
        table.add_column(heading, justify="right" if heading in ("序号", "sure") else "left")
    for number, listed in enumerate(batch["items"], 1):
        item = _json(client.get(f"/api/v1/items/{listed['id']}"))
        fields = {name: values[0] for name, values in item["fields"].items() if name in KEY_FIELDS}
        told = [f"{name}: {fields[name]['value']}" for name in KEY_FIELDS if name in fields][:4]
        sure = min([field["confidence"] for field in fields.values()] or [0.0])
        table.add_row(str(number), item["type"], item["reference_code"], "\n".join(told), f"{sure:.0%}")
    console.print(table)


def _print_problems(batch: dict[str, Any]) -> None:
    numbers = {item["id"]: number for number, item in enumerate(batch["items"], 1)}
    console.print("\n[bold]Problems that a person should see[/bold]")
    for problem in batch["problems"]:
        where = problem.get("file") or f"item {numbers.get(problem.get('item_id'), '-')}"
        page = f", page {problem['page']}" if problem.get("page") else ""
        console.print(Text(f"  {problem['severity']:8}{where}{page}: {problem['message']}"))


def _print_search(client: httpx.Client, query: str) -> None:
    answer = _json(client.get("/api/v1/search", params={"q": query, "limit": 3}))
    console.print(f"\n[bold]Search[/bold] {query}  →  {answer['total']} found in {answer['took_ms']} ms")
    for hit in answer["hits"]:
        console.print(Text(f"  {hit['reference_code']}  {hit['title']}"))
        for snippet in hit["snippets"][:1]:
            text, cursor = Text(f"    p. {snippet['page']}  "), 0
            for start, end in snippet["highlights"]:
                text.append(snippet["text"][cursor:start].replace("\n", " "))
                text.append(snippet["text"][start:end], style="bold reverse")
                cursor = end
            console.print(text.append(snippet["text"][cursor:].replace("\n", " ")))


def _json(response: httpx.Response) -> dict[str, Any]:
    if not response.is_success:
        raise SystemExit(f"{response.request.url.path} answered {response.status_code}: {response.text}")
    body: dict[str, Any] = response.json()
    return body


if __name__ == "__main__":
    sys.exit(main())
