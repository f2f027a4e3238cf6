"""``muniment migrate``, ``reindex``, ``purge``, ``learn``, ``fixity`` and ``doctor``."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass

import typer
from rich.console import Console
from rich.progress import Progress

from services import app as archive
from services.cli.common import INCOMPLETE, DataOption, JsonOption, print_json, settings_for
from services.custody.backups import register as backups
from services.custody.backups.tables import BackupState
from services.custody.fixity.service import Tally, verify_all
from services.custody.fixity.tables import Result
from services.kernel import migrations
from services.kernel.config import Settings
from services.kernel.db import Database
from services.kernel.errors import MunimentError
from services.kernel.removal import sediment
from services.kernel.sandbox import Sandbox
from services.ocr.engines import load_engine
from services.ocr.types.service import learn as learn_types
from services.retention.destruction.service import purged
from services.search.service import reindex as build_index

LEAST_FREE_BYTES = 5 * 1024**3


def register(app: typer.Typer) -> None:
    app.command("migrate")(migrate)
    app.command("reindex")(reindex)
    app.command("learn")(learn)
    app.command("purge")(purge)
    app.command("doctor")(doctor)
    app.command("fixity")(fixity)


def migrate(data: DataOption = None) -> None:
    """Brings the catalogue up to date with this program: for upgrades, before processes with MUNIMENT_MIGRATE=false start."""
    database = Database(settings_for(data).catalogue)
    if not migrations.is_current(database):
        migrations.upgrade(database)
    typer.echo(f"The catalogue ({database.version()}) is up to date.")


def reindex(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Builds the index anew from the catalogue, beside the live one, and swaps."""
    built = archive.build(settings_for(data), ("indexing",))
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("indexing", total=None)
        count = build_index(built.kernel, built.index, actor=None, progress=lambda done: progress.update(task, completed=done))
    if as_json:
        print_json({"items": count})
    else:
        typer.echo(f"{count} items indexed.")


def purge(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Has the catalogue's files written anew, so that they keep nothing of what was deleted. On PostgreSQL it takes the owner's
    credentials, and each table is closed while it is written; destructions that wait for it go on."""
    built = archive.build(settings_for(data))
    sediment.purge(built.kernel.database, actor=None)
    sent = purged(built.kernel.database)
    if as_json:
        print_json({"destructions": sent})
    else:
        typer.echo(f"The catalogue's files are written anew. {sent} destruction(s) go on.")


def learn(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Makes a new version of the model that says what a document is, from what people have said. It takes the place of the one
    before unless it is worse on documents that were held back; the scheduler has the same done once a day."""
    built = archive.build(settings_for(data), ("reading",))
    outcome = learn_types(built.kernel)
    if as_json:
        print_json(outcome.to_json())
    elif outcome.version is None:
        typer.echo("Nobody has corrected a type yet, so there is nothing to learn from.")
    else:
        typer.echo(
            f"Version {outcome.version}, from {outcome.learned} documents: of {outcome.held} that were held back it takes "
            f"{outcome.right_after} for what they are, the one before {outcome.right_before}. "
            + ("It is in use." if outcome.accepted else "It is worse, so it is not used.")
        )
    raise typer.Exit(0 if outcome.accepted or outcome.version is None else INCOMPLETE)


@dataclass(frozen=True, slots=True)
class Finding:
    """One check; ``ok`` is False where someone must act."""

    check: str
    ok: bool
    detail: str


def doctor(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Checks what the archive needs on this machine and says what to do about it."""
    findings = list(_findings(settings_for(data)))
    if as_json:
        print_json([{"check": each.check, "ok": each.ok, "detail": each.detail} for each in findings])
    else:
        for each in findings:
            typer.echo(f"{'ok  ' if each.ok else 'FAIL'} {each.check}: {each.detail}")
    raise typer.Exit(0 if all(each.ok for each in findings) else INCOMPLETE)


def _findings(settings: Settings) -> Iterator[Finding]:
    built = archive.build(settings)
    database = built.kernel.database
    yield Finding("catalogue", migrations.is_current(database), database.version())
    mode = (settings.keys_folder / "master.key").stat().st_mode & 0o777
    yield Finding("master key", mode == 0o600, f"mode {mode:o} in {settings.keys_folder}; keep a copy apart from the data")
    faults = built.index.check()
    yield Finding("index", not faults, "; ".join(faults) or f"{built.index.count()} items")
    for name in ("rapid", "tesseract"):
        yield _engine(name)
    sandbox = Sandbox()
    yield Finding("parser sandbox", True, sandbox.level())
    sandbox.close()
    free = shutil.disk_usage(settings.data).free
    yield Finding("disk", free > LEAST_FREE_BYTES, f"{free / 1024**3:.0f} GiB free")
    yield _backup(database)
    reachable = built.kernel.wakeup.reachable()
    yield Finding("broker", reachable, "answers" if reachable else "does not answer; it runs while “muniment up” does")


def _backup(database: Database) -> Finding:
    """One counts once a restore of it was tried."""
    with database.read() as session:
        rows = [row for row in backups.listed(session, after=None, limit=50) if row.state != BackupState.RUNNING]
    tried = next((row for row in rows if row.verified_at), None)
    if tried is None:
        return Finding("backup", True, "none was tried yet: muniment backup run, then muniment backup verify")
    detail = f"made {rows[0].begun_at:%Y-%m-%d %H:%M} UTC ({rows[0].state}); one of {tried.begun_at:%Y-%m-%d %H:%M} was tried"
    faults = [*rows[0].problems, *(tried.verify_problems or [])]
    return Finding("backup", not faults, "; ".join([detail, *faults[:5]]))


def _engine(name: str) -> Finding:
    try:
        info = load_engine(name).info
    except (MunimentError, ImportError, OSError) as error:
        return Finding(f"engine {name}", False, str(error))
    return Finding(f"engine {name}", True, f"{info.version}, {info.model}")


def fixity(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Re-reads every stored object in each of its copies, now; mends a copy from the other where that one is whole. The
    schedule does the same bit by bit."""
    built, tally = archive.build(settings_for(data), ("fixity",)), Tally()
    findings = list(verify_all(built.kernel, built.copies, tally))
    damaged = [each for each in findings if each.result is Result.DAMAGED]
    repaired = [each for each in findings if each.result is Result.REPAIRED]
    if as_json:
        told = {"damaged": damaged, "repaired": repaired}
        print_json(
            {"objects": tally.objects}
            | {name: [{"name": each.name, "faults": each.faults} for each in found] for name, found in told.items()}
        )
    else:
        for each in findings:
            how = ", ".join(f"{reason} in the {copy}" for copy, reason in each.faults.items())
            advice = "Restore it from the backup." if each in damaged else "It is whole again."
            typer.echo(f"object {each.name} was {how}. {advice}")
        typer.echo(f"{tally.objects} objects read, {tally.repaired} repaired, {tally.damaged} damaged.")
    raise typer.Exit(INCOMPLETE if damaged else 0)
