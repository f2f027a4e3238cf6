"""All servers together: up, down, one by one, and the file that says what runs."""

from __future__ import annotations

import fcntl
import json
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict

from deploy.dev.servers import elasticsearch, engines, opensearch, postgresql, process, redis, s3
from deploy.dev.servers.process import Running, Server
from deploy.dev.servers.site import Site

VERSION: dict[str, Callable[[dict[str, str]], str]] = {
    "postgresql": postgresql.version,
    "redis": redis.version,
    "s3": s3.version,
    "elasticsearch": elasticsearch.version,
    "opensearch": opensearch.version,
}
_PATIENCE = 600.0  # seconds; two idle cores need about thirty, very busy ones two minutes


class NotUp(Exception):
    """A server ended, or did not answer in time; the text has the end of its log."""


def servers(site: Site) -> Iterator[Server]:
    """The slowest first, so that it starts while the others are prepared."""
    programs = engines.prepare(site)
    yield elasticsearch.prepare(site, "elasticsearch", programs)
    yield opensearch.prepare(site, "opensearch", programs)
    yield postgresql.prepare(site, "postgresql")
    yield redis.prepare(site, "redis")
    yield s3.prepare(site, "s3", "MUNIMENT_TEST_S3")
    yield s3.prepare(site, "s3_backup", "MUNIMENT_TEST_S3_BACKUP")


@contextmanager
def locked(site: Site, name: str = "lock", kind: int = fcntl.LOCK_EX) -> Iterator[None]:
    """``lock``: one command at a time changes what runs. ``run.lock``: see ``__main__.run``."""
    with (site.root / name).open("w") as handle:
        fcntl.flock(handle, kind)
        yield


def read(site: Site) -> dict[str, Running]:
    """What was started, by name, whether it still lives or not."""
    if not site.state.exists():
        return {}
    entries = json.loads(site.state.read_text())["servers"]
    return {each["server"]["name"]: Running(Server(**each["server"]), each["pid"], each["since"]) for each in entries}


def write(site: Site, running: dict[str, Running]) -> None:
    """Whole or not at all, and for the owner's eyes: it holds the credentials."""
    text = json.dumps({"environment": exports(running), "servers": [asdict(each) for each in running.values()]}, indent=1)
    fresh = site.state.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_text(text)
    fresh.rename(site.state)


def exports(running: dict[str, Running]) -> dict[str, str]:
    """The MUNIMENT_TEST_… variables of all servers."""
    return {name: value for each in running.values() for name, value in each.server.exports.items()}


def all_alive(running: dict[str, Running]) -> bool:
    return bool(running) and all(each.process() for each in running.values())


def up(site: Site) -> dict[str, Running]:
    """Start all with empty data and wait until each answers; if one does not, none is left running. Another program may take a
    port between its choice and its use, so what does not come up is tried once more, on other ports."""
    try:
        return _up(site)
    except NotUp as reason:
        print(f"{reason}\nOnce more, on other ports.", flush=True)
        return _up(site)


def _up(site: Site) -> dict[str, Running]:
    down(site)
    shutil.rmtree(site.root / "logs", ignore_errors=True)
    site.running.mkdir(exist_ok=True)
    running: dict[str, Running] = {}
    try:
        for server in servers(site):
            running[server.name] = process.start(site, server)
            write(site, running)
        await_all(site, running.values())
    except BaseException:
        down(site)
        raise
    return running


def down(site: Site) -> None:
    """Stop what was started here and nothing else; their data goes, the fetched programs stay."""
    process.stop(read(site).values())
    site.state.unlink(missing_ok=True)
    shutil.rmtree(site.running, ignore_errors=True)


def restart(site: Site, name: str) -> None:
    """Start one server again, on its port and its data."""
    running = read(site)
    before = one(running, name)
    process.stop([before])
    running[name] = process.start(site, before.server)
    write(site, running)
    await_all(site, [running[name]])


def one(running: dict[str, Running], name: str) -> Running:
    if name not in running:
        raise NotUp(f"There is no server {name!r} here; there are: {', '.join(running) or 'none, so run up first'}.")
    return running[name]


def await_all(site: Site, servers: Iterable[Running]) -> None:
    """Print a line for each server as it answers."""
    waiting = list(servers)
    while waiting:
        for each in list(waiting):
            version = _answer(site, each, last=time.time() - each.since > _PATIENCE)
            if version:
                waiting.remove(each)
                print(f"{each.server.name:14} {version:24} answers after {time.time() - each.since:5.1f} s", flush=True)
        time.sleep(0.5)


def _answer(site: Site, running: Running, *, last: bool) -> str | None:
    """The version, None while it is not up yet, or NotUp."""
    name, alive = running.server.name, running.process()
    try:
        return VERSION[running.server.kind](running.server.exports)
    except Exception as reason:  # each client has its own family of errors, and all mean "not yet" here
        if alive and not last:
            return None
        what = f"{name} ended" if not alive else f"{name} did not answer within {_PATIENCE:.0f} s ({reason!r})"
        raise NotUp(f"{what}. The end of {site.log(name)}:\n{process.tail(site.log(name))}") from reason
