"""A throw-away archive to measure on."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from services import app as archive
from services.app import Archive
from services.kernel.config import Settings
from services.kernel.identity import accounts
from services.kernel.identity.rights import Principal
from services.kernel.model import Role

FileArguments = Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, readable=True)]
ScratchOption = Annotated[
    Path | None,
    typer.Option(
        "--scratch", help="Folder on the disk to measure; the temporary folder when unset.", exists=True, file_okay=False
    ),
]


@contextmanager
def settings_in(scratch: Path | None, engine: str = "auto") -> Iterator[Settings]:
    """Settings of an archive in a new folder that goes when the block ends. Nothing of the environment's archive is used."""
    with tempfile.TemporaryDirectory(prefix="muniment-bench-", dir=scratch, ignore_cleanup_errors=True) as folder:
        given: dict[str, Any] = {"data": Path(folder, "data"), "keys": Path(folder, "keys"), "engine": engine}
        yield Settings(**given, catalogue_url=None, broker_url=None, hot_folder=None)


@contextmanager
def broker_of(settings: Settings) -> Iterator[None]:
    """The embedded broker, so that wake-ups cost what they cost."""
    command = [sys.executable, "-m", "services.kernel.queue.broker", str(settings.broker_socket), str(os.getpid())]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:  # noqa: S603
        try:
            yield
        finally:
            process.kill()


def clerk(built: Archive) -> tuple[Principal, str]:
    """Someone who may deliver, and a token."""
    with built.kernel.database.write() as session:
        person = accounts.add_person(session, "bench", Role.CLERK)
        token = accounts.issue_token(session, person)
        return Principal(person.id, person.name, frozenset({Role.CLERK})), token


def build(settings: Settings) -> Archive:
    return archive.build(settings)
