"""What the commands share: options, exit codes, JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from services.kernel.config import Settings
from services.kernel.errors import Conflict, Forbidden, MunimentError, TooMany, Unauthenticated, Unavailable

INCOMPLETE, USAGE, REFUSED, UNREACHABLE = 1, 2, 3, 4

DataOption = Annotated[
    Path | None, typer.Option("--data", help="The archive's data folder. Default: MUNIMENT_DATA, else ./data.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]


def settings_for(data: Path | None = None, **given: Any) -> Settings:
    """Settings from environment and file, with what was given on the command line on top."""
    chosen = {name: value for name, value in given.items() if value is not None}
    return Settings(**chosen) if data is None else Settings(data=data, **chosen)


def print_json(document: Any) -> None:
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2))


@contextmanager
def progress(what: str) -> Iterator[None]:
    """Shows on standard error that something is done."""
    from rich.console import Console  # only here: most commands have nothing to show
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as shown:
        shown.add_task(what, total=None)
        yield


def exit_code(error: MunimentError) -> int:
    if isinstance(error, Unavailable):
        return UNREACHABLE
    if isinstance(error, Forbidden | Unauthenticated | Conflict | TooMany):
        return REFUSED
    return INCOMPLETE
