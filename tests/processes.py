"""Single processes of the archive, as a cluster starts them."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.archive import MUNIMENT, clean_environment, free_port


def run(folder: Path, *arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    env = clean_environment() | (environment or {})
    return subprocess.run([*MUNIMENT, *arguments], capture_output=True, text=True, check=False, cwd=folder, env=env, timeout=60)


class Process:
    """One ``muniment …``."""

    def __init__(self, folder: Path, environment: dict[str, str], *arguments: str) -> None:
        self.log = folder / f"{'-'.join(arguments[:2])}.log"
        with self.log.open("ab") as log:
            command = [*MUNIMENT, *arguments]
            self.process = subprocess.Popen(command, cwd=folder, env=clean_environment() | environment, stdout=log, stderr=log)

    def stop(self) -> int:
        self.process.terminate()
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"it did not end: {self.log.read_text()[-2000:]}") from None


class Served(Process):
    """``muniment serve …``, once it is ready."""

    def __init__(self, folder: Path, environment: dict[str, str], *rooms: str, port: int | None = None) -> None:
        self.port = port or free_port()
        super().__init__(folder, environment, "serve", *rooms, "--port", str(self.port))
        self.url = f"http://127.0.0.1:{self.port}"

    def wait(self) -> None:
        end = time.monotonic() + 60
        while True:
            try:
                answer = httpx.get(f"{self.url}/readyz", trust_env=False)
                if answer.is_success:
                    return
            except httpx.TransportError:
                answer = None
            assert time.monotonic() < end and self.process.poll() is None, f"{answer}: {self.log.read_text()[-2000:]}"
            time.sleep(0.1)


@contextmanager
def served(folder: Path, environment: dict[str, str], *rooms: str) -> Iterator[Served]:
    process = Served(folder, environment, *rooms)
    try:
        process.wait()
        yield process
    finally:
        if process.process.poll() is None:
            process.process.kill()
            process.process.wait()


def user(folder: Path, environment: dict[str, str], role: str) -> dict[str, str]:
    done = run(folder, "user", "add", f"测试{role}", "--role", role, environment=environment)
    assert done.returncode == 0, done.stderr
    return {"Authorization": f"Bearer {json.loads(done.stdout)['token']}"}
