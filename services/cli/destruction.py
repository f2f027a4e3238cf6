"""``muniment destruction``: destruction batches, for scripts; a client of the HTTP face at MUNIMENT_URL, with MUNIMENT_TOKEN.

What takes a person who has the paper before them (opinions, signatures, counts) is not here; the console has it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from services.cli.client import Api, connected
from services.cli.common import INCOMPLETE, JsonOption, print_json

app = typer.Typer(help="Destruction batches: how far they are, and their certificates.", no_args_is_help=True)
API = "/api/v1/destruction-batches"
PAGE = 200
BEGUN = frozenset({"EXECUTING", "PARTIAL_FAILED", "VERIFYING", "CLOSED"})
Batch = Annotated[str, typer.Argument(help="Its id or its number, such as XH-2026-0001.")]


@app.command("list")
def list_batches(
    state: Annotated[str | None, typer.Option(help="Only those in this state, such as EXECUTING.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Lists batches, newest first."""
    with connected() as api:
        found = _all(api, **({"state": state} if state else {}))
    if as_json:
        print_json(found)
        return
    for each in found:
        typer.echo(f"{each['number']}  {each['state']}  {sum(each['items'].values())} items  {each['title']}")
    typer.echo(f"{len(found)} batches", err=True)


@app.command("show")
def show(batch: Batch, as_json: JsonOption = False) -> None:
    """Tells how far a batch is. Exit code 1: something stands in its way."""
    with connected() as api:
        told = api.get(f"{API}/{_id(api, batch)}")
        run = api.get(f"{API}/{told['id']}/execution") if told["state"] in BEGUN else None
    failures = run["failures"] if run else []
    if as_json:
        print_json(told | {"execution": run})
    else:
        typer.echo(f"{told['number']}: {told['state']}, {told['title']}")
        for state, count in sorted((run["lines"] if run else told["items"]).items()):
            typer.echo(f"  {count} {state}")
        if run and run["paused_at"]:
            typer.echo(f"  paused at {run['paused_at']} ({run['pause_reason']})")
        for each in failures:
            typer.echo(f"  {each['store']}: {each['left']} left. {each['detail']}")
    raise typer.Exit(INCOMPLETE if failures else 0)


@app.command("pause")
def pause(batch: Batch, as_json: JsonOption = False) -> None:
    """What is in hand is finished, no further line is begun."""
    _act(batch, "pause", as_json)


@app.command("resume")
def resume(batch: Batch, as_json: JsonOption = False) -> None:
    """Goes on after a pause, or tries again what could not go."""
    _act(batch, "resume", as_json)


@app.command("certificate")
def certificate(
    batch: Batch,
    note: Annotated[Path | None, typer.Option(help="Also writes the signed text there.", dir_okay=False)] = None,
    as_json: JsonOption = False,
) -> None:
    """Shows the certificate (销毁证明) of a closed batch. Exit code 3: there is none yet."""
    with connected() as api:
        told = api.get(f"{API}/{_id(api, batch)}/certificate")
    if note is not None:
        note.write_text(told["note"], "utf-8")
    if as_json:
        print_json(told)
        return
    typer.echo(
        f"{told['number']} of {told['issued_at']}: {told['items']} items, {told['pages']} pages, {told['method']['name']}"
    )
    for each in told["stores"]:
        typer.echo(f"  {each['store']}: {each['checked']} looked for, {each['count']} left")
    typer.echo(f"  SHA-256 {told['sha256']}, ledger position {told['position']}")


def _act(batch: str, act: str, as_json: bool) -> None:
    with connected() as api:
        run = api.post(f"{API}/{_id(api, batch)}/execution/{act}")
    paused = f"paused ({run['pause_reason']})" if run["paused_at"] else run["state"]
    print_json(run) if as_json else typer.echo(f"{batch}: {paused}")


def _id(api: Api, batch: str) -> str:
    """Numbers are what people have at hand."""
    return next((str(each["id"]) for each in _all(api) if each["number"] == batch), batch) if "-" in batch[:3] else batch


def _all(api: Api, **params: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: dict[str, Any] = {}
    while True:
        page = api.get(API, limit=PAGE, **params, **cursor)
        found += page["batches"]
        if page["next"] is None:
            return found
        cursor = {"cursor": page["next"]}
