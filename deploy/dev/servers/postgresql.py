"""PostgreSQL from the distribution's package, with a cluster of its own."""

from __future__ import annotations

import re
import secrets
import signal
import subprocess
from pathlib import Path

import psycopg

from deploy.dev.servers.process import Server, bare_environment, run_as
from deploy.dev.servers.site import Site, free_ports

URL = "MUNIMENT_TEST_POSTGRESQL_URL"
_USER = "muniment"


def prepare(site: Site, name: str) -> Server:
    binaries = _binaries()
    folder = site.folder(name)
    (port,) = free_ports(1)
    password = secrets.token_hex(16)
    _create(site, binaries, folder, password)
    settings: dict[str, int | str] = {
        "port": port,
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "max_connections": 200,
    }
    if not site.beside:  # whose machine loses its power loses tests; the set that is killed writes as in earnest
        settings |= {"fsync": "off", "full_page_writes": "off"}
    options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    return Server(
        name=name,
        kind="postgresql",
        command=[str(binaries / "postgres"), "-D", str(folder / "data"), *options],
        folder=str(folder),
        exports={URL: f"postgresql://{_USER}:{password}@127.0.0.1:{port}/postgres"},
        stop_signal=signal.SIGINT,  # "fast": sessions are ended, what is committed is written
    )


def version(exports: dict[str, str]) -> str:
    with psycopg.connect(exports[URL], connect_timeout=2) as connection:
        row = connection.execute("SHOW server_version").fetchone()
    assert row
    return f"PostgreSQL {row[0].split()[0]}"


def _binaries() -> Path:
    """The newest installed; Debian keeps them out of the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if not found:
        raise SystemExit("PostgreSQL is not installed. Run deploy/dev/setup.sh cluster.")
    return found[-1]


def _create(site: Site, binaries: Path, folder: Path, password: str) -> None:
    secret = site.write(folder / "password", password)
    command = [binaries / "initdb", "-D", folder / "data", "-U", _USER, "--pwfile", secret, "--auth", "scram-sha-256"]
    done = subprocess.run(  # type: ignore[call-overload]
        [*command, "--encoding", "UTF8", "--locale", "C"],
        cwd=folder,
        env=bare_environment(str(folder), {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **run_as(site),
    )
    secret.unlink()
    if done.returncode:
        raise SystemExit(f"initdb failed:\n{re.sub(r'(?m)^', '  ', done.stdout[-3000:])}")
