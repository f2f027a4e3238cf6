"""``muniment policy``: policy as YAML, out and in; a client of the HTTP face at MUNIMENT_URL, with MUNIMENT_TOKEN."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services.cli.client import connected
from services.cli.common import JsonOption, print_json

app = typer.Typer(help="What the archive goes by: proposed by one person, put in force by another.", no_args_is_help=True)
VERSIONS = "/api/v1/policy/versions"
Version = Annotated[int | None, typer.Option("--version", min=0, help="Another version than the one in force.")]


@app.command("show")
def show(version: Version = None) -> None:
    """Prints the policy in force, or a version of it, as YAML."""
    with connected() as api:
        typer.echo(api.text("/api/v1/policy" if version is None else f"{VERSIONS}/{version}"), nl=False)


@app.command("list")
def list_versions(as_json: JsonOption = False) -> None:
    """Lists the versions, newest first, with who proposed and who decided."""
    with connected() as api:
        told = api.get(VERSIONS)
    if as_json:
        print_json(told)
        return
    for each in told["versions"]:
        typer.echo(f"{each['number']}  {each['state']}  {each['proposed_by_name']}  {each['reason']}")
    typer.echo(f"in force: {told['in_force']}", err=True)


@app.command("changes")
def changes(number: int) -> None:
    """Prints what a version would change in the policy in force, as a unified diff."""
    with connected() as api:
        typer.echo(api.text(f"{VERSIONS}/{number}/changes"))


@app.command("propose")
def propose(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    reason: Annotated[str, typer.Option(help="Why it is to change.")],
) -> None:
    """Proposes FILE, a whole policy as YAML, for another person to decide on; prints its number."""
    with connected() as api:
        print_json(api.post(VERSIONS, json={"body": file.read_text("utf-8"), "reason": reason}))


@app.command("decide")
def decide(
    number: int, reject: Annotated[bool, typer.Option("--reject", help="Reject it instead of putting it in force.")] = False
) -> None:
    """Puts a proposed version in force, or rejects it."""
    with connected() as api:
        print_json(api.post(f"{VERSIONS}/{number}/decision", json={"approves": not reject}))
