"""``muniment lookups``: the keys under which people are found by number."""

from __future__ import annotations

import typer
from rich.console import Console
from rich.progress import Progress

from services import app as archive
from services.cli.common import DataOption, JsonOption, print_json, settings_for
from services.search import rekeying

app = typer.Typer(help="The keys under which people are found by number.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """The keys under which people are found by number."""


@app.command("rotate")
def rotate(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Puts a new key in the old one's place, while the archive is served: nothing is lost to searches meanwhile. When it was
    broken off, run it again. All processes must be of this release."""
    built = archive.build(settings_for(data))
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("new digests", total=None)
        count = rekeying.rotate(
            built.kernel, built.index, actor=None, progress=lambda done: progress.update(task, completed=done)
        )
    with built.kernel.database.read() as session:
        number = built.kernel.lookups.number(session)
    if as_json:
        print_json({"root": number, "items": count})
    else:
        typer.echo(f"{count} items are found under key {number}; the one before is gone.")
