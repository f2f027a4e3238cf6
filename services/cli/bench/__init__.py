"""``muniment bench``: measures on this machine, each time beside something bare, in the same run: on a busy or a slow machine
the ratio still tells.
"""

from __future__ import annotations

import typer

from services.cli.bench import intake, ocr, search

app = typer.Typer(help="Measure on this machine.", no_args_is_help=True)
for measure in (ocr, intake, search):
    measure.register(app)


@app.callback()
def group() -> None:
    """Measure on this machine."""
