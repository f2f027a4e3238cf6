"""``muniment ingest`` and ``muniment search``: clients of the HTTP face at MUNIMENT_URL, with MUNIMENT_TOKEN."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar
from uuid import uuid4

import httpx
import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from services.cli.common import INCOMPLETE, REFUSED, UNREACHABLE, USAGE, JsonOption, print_json

T = TypeVar("T")
DEFAULT_URL = "http://127.0.0.1:8000"
POLL_SECONDS = 0.5
FIRST_PATIENCE, PATIENCE = 10.0, 60.0
"""Seconds for which no answer is borne: before the first one, when the archive may be starting, and later, when it may be
restarting."""


class Api:
    """The archive over HTTP. Connection failures are retried for a while: every request here may be repeated."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._patience = FIRST_PATIENCE

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        return self._answer(lambda: self._client.get(path, params=params), _document)

    def text(self, path: str) -> str:
        """What is no JSON."""
        return self._answer(lambda: self._client.get(path), _text)

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        key = {"Idempotency-Key": str(uuid4())}
        return self._answer(lambda: self._client.post(path, headers=key, **body), _document)

    def upload(self, path: str, file: Path, progress: Progress, task: Any) -> dict[str, Any]:
        key = {"Idempotency-Key": str(uuid4())}

        def send() -> httpx.Response:
            progress.reset(task)
            with progress.open(file, "rb", task_id=task) as source:
                return self._client.post(path, headers=key, files={"file": (file.name, source)}, timeout=600)

        return self._answer(send, _document)

    def _answer(self, send: Callable[[], httpx.Response], read: Callable[[httpx.Response], T]) -> T:
        end, pause = time.monotonic() + self._patience, 0.25
        while True:
            try:
                response = send()
            except httpx.TransportError as error:
                if time.monotonic() + pause > end:
                    typer.echo(
                        f"muniment: {self._client.base_url} does not answer ({type(error).__name__}). "
                        "Start the archive with “muniment up”, or set MUNIMENT_URL.",
                        err=True,
                    )
                    raise typer.Exit(UNREACHABLE) from None
                time.sleep(pause)
                pause = min(pause * 2, 5.0)
            else:
                self._patience = PATIENCE
                return read(_checked(response))


class Refusal(Exception):
    """The archive answered with a problem."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


def register(app: typer.Typer) -> None:
    app.command("ingest")(ingest)
    app.command("search")(search)


def ingest(
    paths: Annotated[list[Path], typer.Argument(exists=True, readable=True)],
    batch: Annotated[str | None, typer.Option("--batch", help="Title of the batch.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Follow the batch until it is read and findable.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Hands files, and the files of folders, into the archive."""
    files = [file for path in paths for file in files_under(path)]
    if not files:
        typer.echo("muniment: there is no file in what you named. Name files, or folders that hold some.", err=True)
        raise typer.Exit(USAGE)
    with connected() as api:
        opened = api.post("/api/v1/batches", json={"title": batch or paths[0].resolve().name, "source": "cli"})
        receipts = _upload_all(api, opened["id"], files)
        state = _follow(api, opened["id"]) if wait else api.get(f"/api/v1/batches/{opened['id']}")
    state["uploads"] = receipts
    refused = [receipt for receipt in receipts if "error" in receipt]
    if as_json:
        print_json(state)
    else:
        _print_batch(state)
    rejected = any(problem["severity"] == "error" for problem in state["problems"])
    raise typer.Exit(INCOMPLETE if refused or rejected or state["state"] == "incomplete" else 0)


def search(query: str, as_json: JsonOption = False, limit: Annotated[int, typer.Option(min=1, max=200)] = 20) -> None:
    """Searches: words are AND, “…” a phrase, -word, OR, brackets, field:value."""
    with connected() as api:
        answer = api.get("/api/v1/search", q=query, limit=limit)
    if as_json:
        print_json(answer)
    else:
        print_hits(answer)


def files_under(path: Path) -> list[Path]:
    """The file itself, or all files of a folder but hidden ones, in order."""
    if path.is_file():
        return [path]
    return sorted(
        each for each in path.rglob("*") if each.is_file() and not any(p.startswith(".") for p in each.relative_to(path).parts)
    )


def print_hits(answer: dict[str, Any]) -> None:
    console = Console(highlight=False)
    console.print(f"{answer['total']} found in {answer['took_ms']} ms")
    for hit in answer["hits"]:
        console.print(f"  [bold]{hit['title']}[/bold]  {hit['reference_code']}  {hit['type']}")
        for snippet in hit["snippets"]:
            text = Text(snippet["text"].replace("\n", " "))
            for start, end in snippet["highlights"]:
                text.stylize("bold reverse", start, end)
            console.print(Text(f"    p. {snippet['page']}: ").append_text(text))


@contextmanager
def connected() -> Iterator[Api]:
    token = os.environ.get("MUNIMENT_TOKEN", "")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    url = os.environ.get("MUNIMENT_URL", DEFAULT_URL)
    try:
        with httpx.Client(base_url=url, headers=headers, timeout=30, trust_env=False) as client:
            yield Api(client)
    except Refusal as refusal:
        typer.echo(f"muniment: {refusal.detail}", err=True)
        raise typer.Exit(_code(refusal.status)) from None


def _code(status: int) -> int:
    if status in (401, 403, 409):
        return REFUSED
    if status in (502, 503, 504):
        return UNREACHABLE
    return USAGE if status == 422 else INCOMPLETE


def _document(response: httpx.Response) -> dict[str, Any]:
    """The JSON object that was answered."""
    body = _json(response)
    if isinstance(body, dict):
        return body
    raise Refusal(response.status_code, f"unexpected answer {response.status_code} from {response.url}")


def _text(response: httpx.Response) -> str:
    return response.text


def _checked(response: httpx.Response) -> httpx.Response:
    if response.is_success:
        return response
    body = _json(response)
    detail = body.get("detail") if isinstance(body, dict) else None
    raise Refusal(response.status_code, detail or f"unexpected answer {response.status_code} from {response.url}")


def _json(response: httpx.Response) -> Any:
    return response.json() if "json" in response.headers.get("content-type", "") else None


def _upload_all(api: Api, batch_id: str, files: list[Path]) -> list[dict[str, Any]]:
    receipts: list[dict[str, Any]] = []
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        for number, file in enumerate(files, 1):
            task = progress.add_task(f"{number}/{len(files)} {file.name}", total=file.stat().st_size)
            try:
                receipts.append({"path": str(file)} | api.upload(f"/api/v1/batches/{batch_id}/files", file, progress, task))
            except Refusal as refusal:
                receipts.append({"path": str(file), "error": refusal.detail})
            progress.remove_task(task)
    return receipts


def _follow(api: Api, batch_id: str) -> dict[str, Any]:
    """Waits for the batch, however long reading takes, as long as the archive answers."""
    columns = (TextColumn("reading"), BarColumn(), MofNCompleteColumn(), TextColumn("pages"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("reading", total=None)
        while True:
            state = api.get(f"/api/v1/batches/{batch_id}")
            progress.update(task, total=state["pages_total"] or None, completed=state["pages_done"])
            if state["state"] != "processing":
                return state
            time.sleep(POLL_SECONDS)


def _print_batch(state: dict[str, Any]) -> None:
    typer.echo(f"batch {state['id']}: {state['state']}, {state['pages_done']} of {state['pages_total']} pages read")
    for item in state["items"]:
        typer.echo(f"  {item['reference_code'] or '-'}  {item['type'] or '-'}  {item['title'] or '-'}")
    for problem in state["problems"]:
        name = problem.get("file") or problem.get("item_id") or "-"
        typer.echo(f"  {problem['severity']}: {name}: {problem['message']}", file=sys.stdout)
    for receipt in state["uploads"]:
        if "error" in receipt:
            typer.echo(f"  refused: {receipt['path']}: {receipt['error']}")
