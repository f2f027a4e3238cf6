"""``muniment retention``: the schedule, for scripts; a client of the HTTP face at MUNIMENT_URL, with MUNIMENT_TOKEN."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from services.cli.client import Api, connected
from services.cli.common import INCOMPLETE, JsonOption, print_json

app = typer.Typer(help="What is due, and why.", no_args_is_help=True)
PAGE = 200


@app.command("due")
def due(
    retention: Annotated[str | None, typer.Option("--class", help="One class.")] = None, as_json: JsonOption = False
) -> None:
    """Lists what is due."""
    with connected() as api:
        items = _all(api, "/api/v1/retention/due", **({"retention": retention} if retention else {}))
    if as_json:
        print_json(items)
    else:
        for item in items:
            typer.echo(f"{item['due_on'] or '-'}  {item['retention']}  {item['reference_code'] or item['item_id']}")
        typer.echo(f"{len(items)} due", err=True)


@app.command("why")
def why(item: str, as_json: JsonOption = False) -> None:
    """Tells why an item is due, or is not, line by line."""
    with connected() as api:
        told = api.get(f"/api/v1/retention/items/{item}")
    if as_json:
        print_json(told)
    else:
        for reason in told["reasons"]:
            typer.echo(reason["text"])


@app.command("run")
def run(as_json: JsonOption = False) -> None:
    """Orders a run over the schedule at once. The daily one comes by itself."""
    with connected() as api:
        ordered = api.post("/api/v1/retention/runs")
    print_json(ordered) if as_json else typer.echo(f"ordered: run {ordered['id']} for {ordered['day']}")


@app.command("simulate")
def simulate(
    file: Annotated[Path | None, typer.Argument(help="A policy, as YAML.", exists=True, dir_okay=False)] = None,
    version: Annotated[int | None, typer.Option(help="A version that was proposed, instead of a file.", min=0)] = None,
    day: Annotated[datetime | None, typer.Option(help="On another day than today.", formats=["%Y-%m-%d"])] = None,
    as_json: JsonOption = False,
) -> None:
    """Tells what would be due under another policy, or on another day. Exit code 1: something would newly be."""
    body: dict[str, Any] = {"version": version, "day": day.date().isoformat() if day else None}
    if file is not None:
        body["body"] = file.read_text("utf-8")
    with connected() as api:
        told = api.post("/api/v1/retention/simulation", json=body)
    if as_json:
        print_json(told)
    else:
        for each in told["classes"]:
            typer.echo(f"{each['name']}: {each['due_before']} → {each['due_after']} due, {each['newly_due']} newly")
    raise typer.Exit(INCOMPLETE if told["total"].get("newly_due") else 0)


def _all(api: Api, path: str, **params: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor: dict[str, Any] = {}
    while True:
        page = api.get(path, limit=PAGE, **params, **cursor)
        items += page["items"]
        if page["next"] is None:
            return items
        cursor = {"cursor": page["next"]}
