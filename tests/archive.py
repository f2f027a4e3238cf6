"""A real archive in processes of its own, for the tests that speak HTTP to it, drive a browser at it, or kill it.

with RunningArchive(tmp_path / "data") as archive:
    with archive.client("archivist") as http:
        batch = archive.deliver(http, [Path("scan.pdf")])
        state = archive.wait(http, batch)
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any
from uuid import uuid4

import httpx
import psutil

START_SECONDS = 60.0
STOP_SECONDS = 30.0
MUNIMENT = (sys.executable, "-m", "services.cli")
PASSWORD = "a sentence for the tests"
FINISHED = ("done", "incomplete")


@dataclass(frozen=True)
class Account:
    """Someone the archive knows, with what opens it."""

    id: str
    name: str
    role: str
    password: str
    token: str


class RunningArchive:
    """``muniment up`` on a data folder and a free port of its own. It can be stopped, killed and started again on its data.

    ``options`` are added to the command line, ``environment`` to an environment without any other ``MUNIMENT_…`` variable.
    What the archive logs goes to ``data/../archive.log``.
    """

    def __init__(
        self,
        data: Path,
        *,
        workers: int = 1,
        options: Iterable[str] = (),
        environment: Mapping[str, str] | None = None,
        port: int | None = None,
    ) -> None:
        self.data = data
        self.port = port or free_port()
        self.log = data.parent / "archive.log"
        self._command = [*MUNIMENT, "up", "--data", str(data), "--port", str(self.port), "--workers", str(workers), *options]
        self._environment = clean_environment() | dict(environment or {})
        self._accounts: dict[tuple[str, str], Account] = {}
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> RunningArchive:
        try:
            self.start()
        except BaseException:
            self.stop()  # else nobody would
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.stop()

    def start(self, *, ready: bool = True) -> None:
        """Starts it and, unless told otherwise, waits until every dependency answers."""
        assert self.process is None, "it runs already"
        self.data.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command, cwd=self.data.parent, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )
        if ready:
            try:
                self.wait_until_ready()
            except BaseException:
                self.stop()
                raise

    def wait_until_ready(self, seconds: float = START_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            assert self.process is not None and self.process.poll() is None, f"it ended; see {self.tail()}"
            try:
                if httpx.get(f"{self.url}/readyz", timeout=5, trust_env=False).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        raise TimeoutError(f"the archive was not ready after {seconds} s: {self.tail()}")

    def stop(self) -> int | None:
        """Ends it in order (SIGTERM) and returns its exit code; None when it did not run."""
        process, self.process = self.process, None
        if process is None:
            return None
        process.terminate()
        try:
            return process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise

    def kill(self) -> None:
        """Pulls the plug: SIGKILL of the server, which takes broker and worker with it; returns when all are gone."""
        process, self.process = self.process, None
        assert process is not None, "it does not run"
        family = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        process.wait()
        psutil.wait_procs(family, timeout=STOP_SECONDS)

    def children(self, word: str) -> list[psutil.Process]:
        """Living processes below the server that have ``word`` in their command line, such as ``worker`` or ``broker``."""
        assert self.process is not None, "it does not run"
        found = []
        for child in psutil.Process(self.process.pid).children(recursive=True):
            try:
                if word in child.cmdline():
                    found.append(child)
            except psutil.NoSuchProcess:
                continue
        return found

    def kill_workers(self) -> int:
        """SIGKILL of the worker and its processes, which the server then starts again. Returns how many there were."""
        workers = self.children("worker")
        for worker in workers:
            try:
                worker.send_signal(signal.SIGKILL)
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(workers, timeout=STOP_SECONDS)
        return len(workers)

    def muniment(self, *arguments: str, given: str = "", data: bool = True) -> subprocess.CompletedProcess[str]:
        """Runs a command of the command line on this archive's data; not checked."""
        folder = ["--data", str(self.data)] if data else []
        return subprocess.run(
            [*MUNIMENT, *arguments, *folder],
            input=given,
            capture_output=True,
            text=True,
            check=False,
            cwd=self.data.parent,
            env=self._environment,
            timeout=120,
        )

    def user(self, role: str, name: str | None = None, *, department: str | None = None) -> Account:
        """The account of that role (and name), added when it is first asked for: the administrator by ``muniment user add``,
        everyone else by the administrator over HTTP, which is quicker than a process each."""
        name = name or f"测试{role}"
        if (role, name) not in self._accounts:
            add = self._add_by_command if role == "admin" else self._add_over_http
            self._accounts[role, name] = Account(name=name, role=role, password=PASSWORD, **add(role, name, department))
        return self._accounts[role, name]

    def _add_by_command(self, role: str, name: str, department: str | None) -> dict[str, str]:
        more = ["--department", department] if department else []
        answer = self.muniment("user", "add", name, "--role", role, "--password-stdin", *more, given=f"{PASSWORD}\n")
        assert answer.returncode == 0, answer.stderr
        added: dict[str, str] = json.loads(answer.stdout)
        return added

    def _add_over_http(self, role: str, name: str, department: str | None) -> dict[str, str]:
        person = {"name": name, "role": role, "department": department, "password": PASSWORD}
        with self.client("admin") as admin:
            added = admin.post("/api/v1/people", json=person, headers=once()).raise_for_status().json()
            token: dict[str, str] = admin.post(f"/api/v1/people/{added['id']}/tokens").raise_for_status().json()
        return token

    def client(self, role: str, name: str | None = None) -> httpx.Client:
        """An HTTP client with that account's bearer token."""
        headers = {"Authorization": f"Bearer {self.user(role, name).token}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60, trust_env=False)

    def deliver(self, client: httpx.Client, files: Iterable[Path], title: str = "测试批次") -> str:
        """Opens a batch, hands the files in, and returns the batch's id."""
        opened = client.post("/api/v1/batches", json={"title": title, "source": "test"}, headers=once())
        batch = str(opened.raise_for_status().json()["id"])
        for file in files:
            with file.open("rb") as source:
                answer = client.post(f"/api/v1/batches/{batch}/files", files={"file": (file.name, source)}, headers=once())
            answer.raise_for_status()
        return batch

    def wait(self, client: httpx.Client, batch: str, seconds: float = 120.0) -> dict[str, Any]:
        """The batch when it is finished. Raises ``TimeoutError`` with its last state."""
        deadline = time.monotonic() + seconds
        while True:
            state: dict[str, Any] = client.get(f"/api/v1/batches/{batch}").raise_for_status().json()
            if state["state"] in FINISHED:
                return state
            if time.monotonic() > deadline:
                raise TimeoutError(f"the batch was not finished after {seconds} s: {state}; {self.tail()}")
            time.sleep(0.2)

    def tail(self, lines: int = 20) -> str:
        """The end of the log, for messages of failed tests."""
        if not self.log.exists():
            return "(no log)"
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-lines:])


def once() -> dict[str, str]:
    """A fresh ``Idempotency-Key`` header."""
    return {"Idempotency-Key": str(uuid4())}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def clean_environment() -> dict[str, str]:
    """This process's environment without settings of another archive, and with one thread for each reading process."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MUNIMENT_")}
    return kept | {"OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
