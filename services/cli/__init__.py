"""``muniment …``. Exit codes: 0 done · 1 something was rejected or is incomplete · 2 wrong usage · 3 refused · 4 the archive is
not reachable. With ``--json`` standard output is one JSON document; progress and messages go to standard error.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from services.cli.common import exit_code
from services.kernel import logs
from services.kernel.errors import MunimentError

COMMANDS = {
    "up": "serve",
    "serve": "rooms",
    "worker": "serve",
    "schedule": "serve",
    "read": "read",
    "ingest": "client",
    "search": "client",
    "migrate": "maintenance",
    "reindex": "maintenance",
    "purge": "maintenance",
    "learn": "maintenance",
    "lookups": "lookups",
    "backup": "backups",
    "restore": "restore",
    "doctor": "maintenance",
    "fixity": "maintenance",
    "package": "package",
    "user": "people",
    "privileges": "privileges",
    "ledger": "ledger",
    "policy": "policy",
    "retention": "retention",
    "destruction": "destruction",
    "watermark": "watermark",
    "bench": "bench",
}
"""Each command and the module it comes from."""


class Commands(TyperGroup):
    """Imports a command's module when it is asked for: a search does not wait until the engines are loaded."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"{__name__}.{COMMANDS[cmd_name]}")
        if isinstance(group := getattr(module, "app", None), typer.Typer):
            command = typer.main.get_group(group)
            command.name = cmd_name
            return command
        room = typer.Typer()
        module.register(room)
        return typer.main.get_group(room).get_command(ctx, cmd_name)


app = typer.Typer(
    cls=Commands,
    help="The archive for scanned property paper.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def muniment() -> None:
    """The archive for scanned property paper."""


def main() -> None:
    """The console script's entry."""
    logs.configure()
    try:
        app()
    except MunimentError as error:
        typer.echo(f"muniment: {error.detail}", err=True)
        sys.exit(exit_code(error))
