"""``muniment backup``: made, tried, listed."""

from __future__ import annotations

from typing import Annotated

import typer

from services import app as archive
from services.cli.common import INCOMPLETE, DataOption, JsonOption, print_json, progress, settings_for
from services.custody.backups import making, verifying
from services.custody.backups.sets import BackupSet
from services.custody.backups.tables import BackupState

app = typer.Typer(help="Backups: one moment of the archive, in a second store.", no_args_is_help=True)


@app.command("run")
def run(
    data: DataOption = None,
    whole: Annotated[bool, typer.Option("--whole", help="Ask the store for every object, not only for new ones.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Makes a backup: what is new since the last one goes to MUNIMENT_BACKUPS_URL, the keys to MUNIMENT_BACKUP_KEYS_URL. The
    archive may be served meanwhile."""
    built = archive.build(settings_for(data))
    with progress("backing up"):
        row = making.make(built.kernel, built.backups(), actor=None, whole=whole)
    if as_json:
        told = {"rows": row.rows, "objects": row.objects, "new_bytes": row.new_bytes, "problems": row.problems}
        print_json({"backup": row.id, "state": row.state, "ledger": row.ledger_size, **told})
    else:
        for problem in row.problems:
            typer.echo(problem)
        typer.echo(f"Backup {row.id}: {row.rows} rows, {row.objects} objects, {row.new_bytes} bytes of it new.")
        typer.echo("It counts once a restore of it was tried: muniment backup verify", err=True)
    raise typer.Exit(0 if row.state == BackupState.DONE else INCOMPLETE)


@app.command("verify")
def verify(
    data: DataOption = None,
    backup: Annotated[str | None, typer.Option(help="Which one. Default: the newest.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Restores a backup into an empty place and compares everything: each row, the ledger's root, each object, opened with its
    key."""
    built = archive.build(settings_for(data))
    with progress("verifying"):
        trial = verifying.verify(built.kernel, built.backups(), actor=None, backup_id=backup)
    if as_json:
        print_json(trial.to_json())
    else:
        for problem in trial.problems:
            typer.echo(problem)
        state = "came back as they were" if not trial.problems else "did not all come back"
        typer.echo(f"Backup {trial.backup_id}: {trial.rows} rows of {trial.tables} tables and {trial.objects} objects {state}.")
    raise typer.Exit(INCOMPLETE if trial.problems else 0)


@app.command("list")
def list_backups(data: DataOption = None, as_json: JsonOption = False) -> None:
    """The backups that lie in the store, the oldest first."""
    places = archive.build(settings_for(data)).backups()
    sets = list(places.catalogue.sets())
    if as_json:
        print_json([_told(each) for each in sets])
        return
    for each in sets:
        faults = f", {len(each.problems)} problems" if each.problems else ""
        typer.echo(f"{each.id}  {each.taken_at[:16]}  {each.rows} rows, {each.table('blobs').rows} objects{faults}")


def _told(backup: BackupSet) -> dict[str, object]:
    return {
        "backup": backup.id,
        "taken_at": backup.taken_at,
        "ledger": backup.ledger_size,
        "rows": backup.rows,
        "objects": backup.table("blobs").rows,
        "index": backup.index,
        "problems": list(backup.problems),
    }
