"""The accounts of ``services.privileges`` as roles of the PostgreSQL for tests, and their key folders. The roles are made once
a run, and granted their rights in the database that all others are copied from."""

from __future__ import annotations

import shutil
from pathlib import Path
from uuid import uuid4

import psycopg
from sqlalchemy import make_url

from services.privileges import postgresql
from services.privileges.accounts import ACCOUNTS

PREFIX, PASSWORD = f"test_{uuid4().hex[:12]}", uuid4().hex


def grant(url: str) -> None:
    """Makes the accounts and gives them their rights in this database, as its owner."""
    with psycopg.connect(_libpq(url), autocommit=True) as connection:
        connection.execute(postgresql.script(PREFIX))  # type: ignore[arg-type]
        for account in ACCOUNTS:
            connection.execute(f"ALTER ROLE {PREFIX}_{account} PASSWORD '{PASSWORD}'")  # type: ignore[arg-type]


def forget(url: str) -> None:
    """Removes the accounts, once no database knows them any more."""
    with psycopg.connect(_libpq(url), autocommit=True) as connection:
        for account in ACCOUNTS:
            connection.execute(f"DROP ROLE IF EXISTS {PREFIX}_{account}")  # type: ignore[arg-type]


def signed_in(url: str, account: str) -> str:
    """The same database, entered by that account."""
    return make_url(url).set(username=f"{PREFIX}_{account}", password=PASSWORD).render_as_string(hide_password=False)


def key_folder(whole: Path, account: str) -> Path:
    """A folder with what this account is to have of an archive's keys, and no more."""
    folder = whole.with_name(f"{whole.name}-{account}")
    folder.mkdir(exist_ok=True, mode=0o700)
    for name in ACCOUNTS[account].key_files:
        shutil.copy(whole / name, folder)
    return folder


def _libpq(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
