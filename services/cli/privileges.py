"""``muniment privileges``: what each process may touch, in the words of the servers that hold it to that."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from services.cli.common import DataOption, settings_for
from services.kernel.blobs.s3 import bucket_and_prefix
from services.kernel.errors import InvalidInput
from services.privileges import markdown, postgresql, s3, vault

PREFIX = r"[a-z][a-z0-9_]{0,40}"

app = typer.Typer(help="What each process may touch, for the servers that hold it to that.", no_args_is_help=True)


@app.command("table")
def table() -> None:
    """All of it, as a table."""
    typer.echo(markdown.document(), nl=False)


@app.command("postgresql")
def print_postgresql(
    prefix: Annotated[str, typer.Option(help="Roles are called PREFIX_ACCOUNT.")] = "muniment",
) -> None:
    """SQL that makes a role for each account and grants what it needs. Run it as the owner, after each “muniment migrate”."""
    if not re.fullmatch(PREFIX, prefix):
        raise InvalidInput("A prefix has lower-case letters, digits and underscores.")
    typer.echo(postgresql.script(prefix), nl=False)


@app.command("s3")
def print_s3(data: DataOption = None) -> None:
    """IAM policies for the bucket of the settings, by account."""
    settings = settings_for(data)
    place, checkpoints = settings.objects_place, settings.checkpoints_places[0]
    if not place.url.startswith("s3:"):
        raise InvalidInput("The objects lie in a folder, which knows no policies. Set MUNIMENT_OBJECTS_URL to a bucket.")
    apart = bucket_and_prefix(checkpoints.url) if checkpoints.url.startswith("s3:") else None
    kept = [each.url for each in (settings.backups_place, settings.backup_keys_place) if each.url.startswith("s3:")]
    typer.echo(s3.document(*bucket_and_prefix(place.url), apart, [bucket_and_prefix(url) for url in kept]), nl=False)


@app.command("vault")
def print_vault(data: DataOption = None) -> None:
    """Policies for the key service's transit engine, by account."""
    settings = settings_for(data)
    typer.echo(vault.document(settings.vault_mount, settings.vault_key), nl=False)
