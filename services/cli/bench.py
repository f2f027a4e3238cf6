"""``muniment bench``: measures on this machine."""

from __future__ import annotations

import typer

app = typer.Typer(help="Measure on this machine.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Measure on this machine."""
