"""``muniment …``. Exit codes: 0 done · 1 something was rejected or is incomplete · 2 wrong usage · 3 refused · 4 the archive is
not reachable. With ``--json`` standard output is one JSON document; progress and messages go to standard error.
"""

from __future__ import annotations

import sys

import typer

from services.cli import bench, client, ledger, maintenance, people, read, serve
from services.cli.common import exit_code
from services.kernel import logs
from services.kernel.errors import MunimentError

app = typer.Typer(
    help="The archive for scanned property paper.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)
for room in (serve, read, client, maintenance):
    room.register(app)
app.add_typer(people.app, name="user")
app.add_typer(ledger.app, name="ledger")
app.add_typer(bench.app, name="bench")


def main() -> None:
    """The console script's entry."""
    logs.configure()
    try:
        app()
    except MunimentError as error:
        typer.echo(f"muniment: {error.detail}", err=True)
        sys.exit(exit_code(error))
