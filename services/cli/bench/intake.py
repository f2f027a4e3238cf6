"""``muniment bench intake``: how fast files are acknowledged over HTTP, beside copying the same bytes with fsync."""

from __future__ import annotations

import logging
import multiprocessing
import os
import socket
import statistics
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
import uvicorn

from services import app as archive
from services import web
from services.cli.bench import scratch
from services.cli.bench.scratch import FileArguments, ScratchOption
from services.cli.common import INCOMPLETE, JsonOption, print_json
from services.kernel import logs
from services.kernel.config import Settings
from services.kernel.errors import Unavailable
from services.kernel.processes import die_with_parent

START_SECONDS = 60.0


def register(app: typer.Typer) -> None:
    app.command("intake")(intake)


def intake(
    files: FileArguments,
    as_json: JsonOption = False,
    times: Annotated[int, typer.Option(min=1, help="How often each file is sent, each time with another last byte.")] = 1,
    clients: Annotated[int, typer.Option(min=1, help="How many send at the same time.")] = 1,
    folder: ScratchOption = None,
) -> None:
    """Sends files to a throw-away archive over HTTP and counts how many it acknowledges in a second; nothing is read.

    Acknowledged means encrypted, synced to the disk, and entered into catalogue, ledger and queue. The measure beside it is
    the same bytes copied into a folder, each file and the folder synced. ratio is the archive's MB a second by the copy's.
    """
    with scratch.settings_in(folder) as settings, scratch.broker_of(settings):
        report = measure(settings, files, times, clients)
    if as_json:
        print_json(report)
    else:
        for name, value in report.items():
            typer.echo(f"{name:24} {value}")
    raise typer.Exit(INCOMPLETE if report["refused"] else 0)


def measure(settings: Settings, files: Sequence[Path], times: int, clients: int) -> dict[str, Any]:
    """The report; MB are 10^6 bytes. The copy is timed before and after, since a disk has moods."""
    _, token = scratch.clerk(scratch.build(settings))
    bodies = [(path.name, path.read_bytes()) for path in files]
    target = settings.data / "copies"
    bare = _copied(bodies, times, target / "before")
    with _served(settings) as url, httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}) as client:
        batch = _opened(client)
        began = time.perf_counter()
        with ThreadPoolExecutor(clients) as crowd:
            answers = list(crowd.map(lambda job: _sent(client, batch, *job), _numbered(bodies, times)))
        seconds = time.perf_counter() - began
    bare += _copied(bodies, times, target / "after")
    count, size = times * len(bodies), times * sum(len(body) for _, body in bodies)
    waits = sorted(wait for _, wait in answers)
    return {
        "files": count,
        "bytes": size,
        "clients": clients,
        "seconds": round(seconds, 3),
        "files_per_second": round(count / seconds, 2),
        "mb_per_second": round(size / seconds / 1e6, 2),
        "bare_files_per_second": round(2 * count / bare, 2),
        "bare_mb_per_second": round(2 * size / bare / 1e6, 2),
        "ratio": round(bare / 2 / seconds, 3),
        "acknowledged_ms_p50": round(1000 * statistics.median(waits), 1),
        "acknowledged_ms_p95": round(1000 * waits[int(0.95 * (len(waits) - 1))], 1),
        "refused": sum(1 for status, _ in answers if status != httpx.codes.CREATED),
    }


def _numbered(bodies: Sequence[tuple[str, bytes]], times: int) -> Iterator[tuple[str, bytes]]:
    for turn in range(times):
        for name, body in bodies:
            yield name, body[:-1] + bytes([(body[-1] + turn) % 256]) if turn else body


def _copied(bodies: Sequence[tuple[str, bytes]], times: int, folder: Path) -> float:
    """Seconds to write the files, syncing each and its folder."""
    folder.mkdir(parents=True)
    began = time.perf_counter()
    for number, (name, body) in enumerate(_numbered(bodies, times)):
        with (folder / f"{number}-{name}").open("wb") as copy:
            copy.write(body)
            copy.flush()
            os.fsync(copy.fileno())
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(descriptor)
        os.close(descriptor)
    return time.perf_counter() - began


def _opened(client: httpx.Client) -> str:
    answer = client.post("/api/v1/batches", json={"title": "bench", "source": "bench"})
    answer.raise_for_status()
    return str(answer.json()["id"])


def _sent(client: httpx.Client, batch: str, name: str, body: bytes) -> tuple[int, float]:
    """Status and seconds."""
    began = time.perf_counter()
    answer = client.post(f"/api/v1/batches/{batch}/files", files={"file": (name, body)}, timeout=600)
    return answer.status_code, time.perf_counter() - began


@contextmanager
def _served(settings: Settings) -> Iterator[str]:
    """The whole HTTP face in a process of its own, on a free port of the loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        context = multiprocessing.get_context("spawn")
        process = context.Process(target=_serve, args=(settings, listener, os.getpid()), daemon=True)
        process.start()
        try:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            _wait_for(url)
            yield url
        finally:
            process.kill()
            process.join()


def _serve(settings: Settings, listener: socket.socket, parent: int) -> None:
    die_with_parent(parent)
    logs.configure(level=logging.ERROR)
    app = web.http(archive.build(settings))
    uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False)).run([listener])


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/healthz", timeout=START_SECONDS, trust_env=False).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise Unavailable("The archive did not start to serve within a minute. Run `muniment doctor`.")
