"""The archive as it stands in a data centre: every service a process of its own on the real servers, each process started
again when it ends, as systemd would, and each server killed, stopped or paused when a test says so.

with House(tmp_path, postgresql_template) as house:
    house.kill("ingest")
    house.servers.pause("s3")
"""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import psycopg

from services.kernel.config import Settings
from tests import databases, engines
from tests.archive import MUNIMENT, clean_environment, free_port
from tests.indexes import endpoint, forget
from tests.servers import Servers

RESTART_SECONDS = 0.5
"""Between the end of a process and its next start, as ``RestartSec`` says it to systemd."""
START_SECONDS, STOP_SECONDS = 300.0, 40.0
ROOMS = {"ingest": ("ingest",), "access": ("access", "filing", "custody", "audit"), "search": ("search",)}
SEGMENTS = {"uploads": "ingest", "search": "search"}
"""The second part of an API path and the room that answers it; the rest is ``access``'s, but for what is handed in."""


class Unit:
    """One ``muniment …`` that is started again when it ends."""

    def __init__(self, name: str, folder: Path, environment: dict[str, str], *arguments: str) -> None:
        self.name, self.log, self.ends = name, folder / f"{name}.log", list[int]()
        self._command, self._folder, self._environment = [*MUNIMENT, *arguments], folder, environment
        self._due = 0.0
        self.process: subprocess.Popen[bytes] | None = None

    def tend(self) -> None:
        if self.process is not None and (code := self.process.poll()) is not None:
            self.ends.append(code)
            self.process, self._due = None, time.monotonic() + RESTART_SECONDS
        if self.process is None and time.monotonic() >= self._due:
            with self.log.open("ab") as log:
                self.process = subprocess.Popen(
                    self._command, cwd=self._folder, env=self._environment, stdout=log, stderr=log, start_new_session=True
                )

    def stop(self) -> int:
        """In order; its exit code."""
        assert self.process is not None
        self.process.terminate()
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"{self.name} did not end: {self.tail()}") from None

    def tail(self, lines: int = 20) -> str:
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-lines:]) if self.log.exists() else "(no log)"


class House:
    """Rooms, workers and two schedulers on PostgreSQL, Redis, Elasticsearch and two S3 stores, all empty. ``settings`` are
    theirs, ``token`` an archivist's."""

    def __init__(self, folder: Path, template: str, **settings: str) -> None:
        self.folder, self.servers = folder, Servers()
        self._template, self._more = template, settings
        self._stack, self._leaving = ExitStack(), threading.Event()
        self._keeper = threading.Thread(target=self._keep, daemon=True)
        self.ports = {name: free_port() for name in ROOMS}
        self.units: dict[str, Unit] = {}

    def __enter__(self) -> House:
        with self._stack:
            self.catalogue_url = self._stack.enter_context(databases.postgresql(self._template))
            self.environment = self._settings(self.catalogue_url)
            self.settings = Settings(**{name.removeprefix("MUNIMENT_").lower(): it for name, it in self.environment.items()})
            self.token = self._archivist()
            self._furnish()
            self._stack.callback(self._close)
            self._keeper.start()
            self.wait_until_ready()
            self._opened = self._stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._opened.close()

    def muniment(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command on the archive."""
        return subprocess.run(
            [*MUNIMENT, *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            env=clean_environment() | self.environment,
            timeout=300,
        )

    def client(self, seconds: float) -> httpx.Client:
        return httpx.Client(headers={"Authorization": f"Bearer {self.token}"}, timeout=seconds, trust_env=False)

    def room_of(self, path: str) -> str:
        return "ingest" if path.endswith("/files") else SEGMENTS.get(path.split("/")[3], "access")

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.ports[self.room_of(path)]}{path}"

    def kill(self, name: str) -> None:
        """SIGKILL of one process; what it started ends with it."""
        if (running := self.units[name].process) is not None:
            running.kill()

    def checks(self, room: str) -> dict[str, str]:
        """What the room's /readyz says of its parts; empty while it does not answer."""
        with suppress(httpx.TransportError):
            answer = httpx.get(f"http://127.0.0.1:{self.ports[room]}/readyz", timeout=30, trust_env=False)
            checks: dict[str, str] = answer.json()["checks"]
            assert (answer.status_code == httpx.codes.OK) == (set(checks.values()) <= {"ok"}), answer.text
            return checks
        return {}

    def ready(self) -> bool:
        return all(set(self.checks(room).values()) == {"ok"} for room in self.ports)

    def wait_until_ready(self, seconds: float = START_SECONDS) -> None:
        end = time.monotonic() + seconds
        while not self.ready():
            assert time.monotonic() < end, "\n".join(f"{unit.name}: {unit.tail()}" for unit in self.units.values())
            time.sleep(0.1)

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Of the catalogue. Raises ``psycopg.OperationalError`` while it is away."""
        url = self.catalogue_url.replace("+psycopg", "")
        with psycopg.connect(url, connect_timeout=3, autocommit=True) as connection:
            return connection.execute(query, values).fetchall()  # type: ignore[arg-type]

    def one(self, query: str, *values: Any) -> Any:
        ((value,),) = self.rows(query, *values)
        return value

    def backlog(self) -> int:
        """Pages not yet read and items not yet findable; 0 while the catalogue is away, for then nothing comes in either."""
        unread = "SELECT count(*) FROM pages WHERE state = 'pending'"
        unfound = "SELECT count(*) FROM items WHERE indexed_revision IS NULL"
        uncut = "SELECT count(*) FROM files WHERE state = 'stored'"
        try:
            return int(self.one(f"SELECT ({unread}) + ({unfound}) + ({uncut})"))
        except psycopg.OperationalError:
            return 0

    def stop(self) -> dict[str, int]:
        """Ends all processes in order and tells their exit codes."""
        self._leave()
        return {name: unit.stop() for name, unit in self.units.items()}

    def _settings(self, catalogue: str) -> dict[str, str]:
        index = endpoint("elasticsearch")
        self._stack.callback(forget, index)
        user, secret = quote(index.user or ""), quote(index.password or "")
        settings = {
            "data": str(self.folder / "data"),
            "catalogue_url": catalogue,
            "broker_url": f"{engines.value(engines.REDIS).rpartition('/')[0]}/9",
            "index_url": f"elasticsearch+{index.hosts[0].replace('://', f'://{user}:{secret}@')}/{index.prefix}",
            "index_ca": str(index.ca),
        }
        for name, store in (("", engines.S3), ("backup_", engines.S3_BACKUP)):
            bucket = f"test-{uuid4().hex}"
            engines.s3_client(store).create_bucket(Bucket=bucket)
            settings |= {
                f"{name}objects_url": f"s3://{bucket}",
                f"{name}objects_endpoint": engines.value(store),
                f"{name}s3_access_key": engines.value(store, "ACCESS_KEY"),
                f"{name}s3_secret_key": engines.value(store, "SECRET_KEY"),
            }
        return {f"MUNIMENT_{name.upper()}": value for name, value in (settings | self._more).items()}

    def _archivist(self) -> str:
        added = self.muniment("user", "add", "测试档案员", "--role", "archivist")
        assert added.returncode == 0, added.stderr
        return str(json.loads(added.stdout)["token"])

    def _furnish(self) -> None:
        commands = {name: ["serve", *rooms, "--port", str(self.ports[name])] for name, rooms in ROOMS.items()}
        commands["reading"] = ["worker", "--queues", "reading", "--workers", "2"]
        commands["indexing"] = ["worker", "--queues", "indexing", "--workers", "1"]
        commands["destruction"] = ["worker", "--queues", "destruction", "--workers", "1"]
        commands["fixity"] = ["worker", "--queues", "fixity", "--workers", "1"]
        commands |= {name: ["schedule"] for name in ("schedule-1", "schedule-2")}
        environment = clean_environment() | self.environment
        self.units = {name: Unit(name, self.folder, environment, *words) for name, words in commands.items()}

    def _keep(self) -> None:
        """One thread starts them all: the kernel would end a child with the thread that started it."""
        while not self._leaving.wait(0.1):
            for unit in self.units.values():
                unit.tend()

    def _leave(self) -> None:
        self._leaving.set()
        self._keeper.join()

    def _close(self) -> None:
        self._leave()
        for unit in self.units.values():
            if unit.process is not None and unit.process.poll() is None:
                unit.process.send_signal(signal.SIGKILL)
                unit.process.wait()


def wait_for(true: Callable[[], bool], seconds: float, what: str) -> None:
    """Until something holds."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"after {seconds:g} s still not: {what}"
        time.sleep(0.1)
