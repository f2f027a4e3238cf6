"""``muniment restore SOURCE``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from services import app as archive
from services import parts
from services.cli.common import INCOMPLETE, DataOption, JsonOption, print_json, progress, settings_for
from services.custody.backups import making, restoring
from services.custody.backups.places import Places, opened
from services.custody.backups.restoring import Restored
from services.kernel.blobs.keys import MASTER_FILE
from services.kernel.blobs.port import BlobStore
from services.kernel.config import PLACE, Place, Settings
from services.kernel.db import Database
from services.kernel.errors import Conflict, InvalidInput
from services.kernel.removal import rows
from services.kernel.tombstones import Tombstone
from services.privileges.accounts import SECRETS
from services.search.service import reindex as build_index


def register(app: typer.Typer) -> None:
    app.command("restore")(restore)


def restore(
    source: Annotated[str, typer.Argument(help="Where the backups lie: a folder, file:///… or s3://bucket/prefix.")],
    data: DataOption = None,
    keys_from: Annotated[
        str | None, typer.Option(help="Where the keys' backups lie. Default: MUNIMENT_BACKUP_KEYS_URL.")
    ] = None,
    ledger_from: Annotated[
        str | None, typer.Option(help="Where checkpoints and tombstones lie. Default: MUNIMENT_CHECKPOINTS_URL.")
    ] = None,
    backup: Annotated[str | None, typer.Option(help="Which one. Default: the newest.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Restores a backup into an empty archive, which stays sealed until everything that was destroyed since is destroyed again.
    The key folder must be in its place: it is in no backup."""
    settings = settings_for(data)
    _require_keys(settings)
    key = parts.keyring(settings).backup
    assert key is not None, "the whole key folder was asked for"
    ours = parts.checkpoint_store(settings)
    outside = parts.store_at(_place(ledger_from, settings.objects_place), settings) if ledger_from else ours
    keys = _place(keys_from, settings.backup_keys_place) if keys_from else settings.backup_keys_place
    places = opened(parts.backups_at(_place(source, settings.backups_place), keys, settings), key, outside)
    with progress("restoring"):
        restored = _restored(settings, places, backup, ours)
    if as_json:
        print_json(restored.to_json())
    else:
        for problem in restored.problems:
            typer.echo(problem)
        typer.echo(
            f"Backup {restored.backup_id}: {restored.rows} rows, {restored.objects} objects and {restored.entries} later "
            f"entries of the ledger are back; {restored.destroyed} items that were destroyed since are destroyed again."
        )
    raise typer.Exit(INCOMPLETE if restored.problems else 0)


def _restored(settings: Settings, places: Places, backup: str | None, ours: BlobStore) -> Restored:
    database = Database(settings.catalogue)
    try:
        chosen = restoring.lay_out(database, places, backup)
    finally:
        database.close()
    built = archive.build(settings, sealed=True)
    restored = restoring.bring_up(
        built.kernel,
        places,
        chosen,
        outside=ours,
        destroy=_destroy,
        index=lambda: build_index(built.kernel, built.index, actor=None),
    )
    making.sign(built.kernel, replace(places, outside=ours))
    return restored


def _destroy(session: Session, stone: Tombstone) -> None:
    names = [name for name, _ in stone.objects]
    rows.remove(session, stone.item_id, objects=names, files=stone.files, keys=stone.keys)


def _place(given: str, like: Place) -> Place:
    """A place by its URL or folder, with the credentials of the settings."""
    url = given if "://" in given else Path(given).expanduser().resolve().as_uri()
    if not PLACE.fullmatch(url):
        raise InvalidInput(f"“{given}” is no place for backups. Give a folder, file:///folder or s3://bucket/prefix.")
    return replace(like, url=url)


def _require_keys(settings: Settings) -> None:
    """Before any is made anew: what was written under the old ones would be lost."""
    names = [f"{name}.key" for name in sorted(SECRETS)] + ([] if settings.vault_url else [MASTER_FILE])
    if missing := [name for name in names if not (settings.keys_folder / name).exists()]:
        raise Conflict(
            f"The key folder {settings.keys_folder} lacks {', '.join(missing)}. Put back the copy that was kept apart, or "
            "name its folder in MUNIMENT_KEYS: these keys are in no backup."
        )
