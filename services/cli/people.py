"""``muniment user``: people, on the catalogue itself, also while it is served."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from services import app as archive
from services.cli.common import USAGE, DataOption, print_json, settings_for
from services.kernel.identity import accounts
from services.kernel.model import Role

app = typer.Typer(help="People and their tokens.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """People and their tokens."""


@app.command("add")
def add(
    name: str,
    role: Annotated[str, typer.Option("--role", help=f"One of: {', '.join(Role)}.")],
    department: Annotated[str | None, typer.Option("--department")] = None,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read a password from standard input.")] = False,
    data: DataOption = None,
) -> None:
    """Adds a person and prints the id and a bearer token, which is shown this once."""
    try:
        parsed = Role.parse(role)
    except ValueError as error:
        typer.echo(f"muniment: {error}", err=True)
        raise typer.Exit(USAGE) from None
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else None
    kernel = archive.build(settings_for(data)).kernel
    with kernel.database.write() as session:
        person = accounts.add_person(session, name, parsed, department=department, password=password)
        token = accounts.issue_token(session, person)
    print_json({"id": person.id, "token": token})
