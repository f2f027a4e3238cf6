"""``muniment user``: people, on the catalogue itself, also while it is served."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
from sqlalchemy import select
from sqlalchemy.orm import Session

from services import app as archive
from services.cli.common import USAGE, DataOption, print_json, settings_for
from services.kernel.core import Kernel
from services.kernel.errors import NotFound
from services.kernel.identity import credentials, people, second_factor
from services.kernel.identity.passwords import hashed
from services.kernel.identity.shapes import shown_person
from services.kernel.identity.tables import Person
from services.kernel.model import Role

app = typer.Typer(help="People and their tokens.", no_args_is_help=True)
RoleOption = Annotated[str, typer.Option("--role", help=f"One of: {', '.join(Role)}.")]


@app.callback()
def group() -> None:
    """People and their tokens."""


@app.command("add")
def add(
    name: str,
    role: RoleOption,
    department: Annotated[str | None, typer.Option("--department")] = None,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read a password from standard input.")] = False,
    data: DataOption = None,
) -> None:
    """Adds a person and prints the id and a bearer token, which is shown this once."""
    parsed = _role(role)
    password = _line() if password_stdin else None
    kernel = _kernel(data)
    with kernel.database.write() as session:
        person = people.add_person(session, name, parsed, department=department, password=password)
        token = credentials.issue_token(session, person)
    print_json({"id": person.id, "token": token})


@app.command("list")
def list_people(data: DataOption = None) -> None:
    """Prints everyone, with the roles that they hold now."""
    with _kernel(data).database.read() as session:
        print_json([shown_person(row) for row in session.scalars(select(Person).order_by(Person.id))])


@app.command("token")
def token(
    name: str,
    label: Annotated[str | None, typer.Option("--name", help="What it is for.")] = None,
    days: Annotated[int | None, typer.Option("--days", min=1, help="How long it lasts.")] = None,
    data: DataOption = None,
) -> None:
    """Issues a bearer token, which is shown this once."""
    kernel = _kernel(data)
    with kernel.database.write() as session:
        person = _by_name(session, name)
        issued = credentials.issue_token(session, person, name=label, days=days or kernel.settings.token_days)
    print_json({"id": person.id, "token": issued})


@app.command("role")
def role(
    name: str,
    role: RoleOption,
    end: Annotated[bool, typer.Option("--end", help="End the role instead of giving it.")] = False,
    data: DataOption = None,
) -> None:
    """Gives a role, or ends one; what was held stays known."""
    parsed = _role(role)
    with _kernel(data).database.write() as session:
        person = _by_name(session, name)
        if end:
            people.end_role(session, person.id, parsed, request=None)
        else:
            people.give_role(session, person.id, parsed, request=None)


@app.command("password")
def password(name: str, data: DataOption = None) -> None:
    """Sets a password, read from standard input; ends all sessions and lifts a lock."""
    kept = hashed(_line(), about=(name,))
    with _kernel(data).database.write() as session:
        people.change_password(session, _by_name(session, name), kept, by=None, but=None, request=None)


@app.command("forget-factor")
def forget_factor(name: str, data: DataOption = None) -> None:
    """Removes a lost authenticator; ends all sessions."""
    with _kernel(data).database.write() as session:
        person = _by_name(session, name)
        second_factor.remove(session, person.id, by=None, request=None)
        credentials.revoke_all(session, person.id, by=None, request=None, kind="session")


@app.command("join")
def join(name: str, other: str, data: DataOption = None) -> None:
    """Says that two accounts are one natural person's, for good; prints what that person has done in both that must be several
    people's."""
    with _kernel(data).database.write() as session:
        one, two = _by_name(session, name), _by_name(session, other)
        found = people.join(session, one.id, two.id, request=None)
    print_json([{"kind": kind, "subject_id": subject, "duties": parts} for kind, subject, parts in found])


@app.command("deactivate")
def deactivate(name: str, data: DataOption = None) -> None:
    """Closes an account: its sessions, tokens and delegations end at once."""
    with _kernel(data).database.write() as session:
        people.deactivate(session, _by_name(session, name).id, request=None)


def _kernel(data: Any) -> Kernel:
    return archive.build(settings_for(data)).kernel


def _by_name(session: Session, name: str) -> Person:
    person = session.scalar(select(Person).where(Person.name == name.strip()))
    if person is None:
        raise NotFound(f"There is nobody named {name}. “muniment user list” prints everyone.")
    return person


def _role(text: str) -> Role:
    try:
        return Role.parse(text)
    except ValueError as error:
        typer.echo(f"muniment: {error}", err=True)
        raise typer.Exit(USAGE) from None


def _line() -> str:
    return sys.stdin.readline().rstrip("\r\n")
