"""``muniment serve SERVICE…``: some rooms of the archive in a process of their own, any number of times."""

from __future__ import annotations

from threading import Thread
from typing import Annotated

import typer

from services import app as archive
from services import web
from services.cli.common import USAGE, DataOption, settings_for
from services.cli.face import Face
from services.cli.supervisor import listen
from services.kernel.config import Settings
from services.kernel.errors import MunimentError

ALL = "all"
CHOICES = (*web.ROOMS, web.CONSOLE)


def register(app: typer.Typer) -> None:
    app.command("serve")(serve)


def serve(
    rooms: Annotated[list[str], typer.Argument(metavar="SERVICE…", help=f"Some of: {', '.join((*CHOICES, ALL))}.")],
    data: DataOption = None,
    host: Annotated[str | None, typer.Option(help="Address to serve on. Default 127.0.0.1.")] = None,
    port: Annotated[int | None, typer.Option(help="Port. Default 8000.", min=0, max=65535)] = None,
) -> None:
    """Serves rooms over HTTP until SIGTERM, then lets the requests in hand end. Worker and schedule are processes of their
    own."""
    unknown = [name for name in rooms if name not in (*CHOICES, ALL)]
    if unknown:
        typer.echo(f"muniment: no service “{unknown[0]}”; there are: {', '.join((*CHOICES, ALL))}", err=True)
        raise typer.Exit(USAGE)
    chosen = set(CHOICES) if ALL in rooms else set(rooms)
    settings = settings_for(data, host=host, port=port)
    with listen(settings.host, settings.port) as listening:
        typer.echo(f"{', '.join(sorted(chosen))} at http://{settings.host}:{listening.getsockname()[1]}/", err=True)
        serving = Rooms(settings, chosen)
        serving.face.run(sockets=[listening])
    serving.finish()


class Rooms:
    """The face of the chosen rooms, and the hot folder where intake is one of them and one is set."""

    def __init__(self, settings: Settings, chosen: set[str]) -> None:
        self._settings = settings
        self._failure: MunimentError | None = None
        held = chosen - {web.CONSOLE}
        self._archive = archive.build(settings, held) if held else None
        app = web.console_alone(settings) if self._archive is None else web.http(self._archive, chosen)
        self._leaving = app.state.leaving
        self.face = Face(app, drain_seconds=settings.drain_seconds)
        self.face.heed_signals()
        self._watcher = Thread(target=self._watch, name="hot-folder", daemon=True)
        if "ingest" in chosen and settings.hot_folder is not None:
            self._watcher.start()

    def finish(self) -> None:
        """Waits for the file in hand. Raises what made it impossible to go on."""
        self._leaving.set()
        if self._watcher.ident is not None:
            self._watcher.join(self._settings.drain_seconds)
        if self._failure is not None:
            raise self._failure

    def _watch(self) -> None:
        assert self._archive is not None, "intake is served by an archive"
        try:
            web.watch_hot_folder(self._archive, self._leaving)
        except MunimentError as error:
            self._failure = error
            self.face.leave()
