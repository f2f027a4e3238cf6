"""The servers that tests are given: one that does not come up fails the run, and none is left running."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from deploy.dev.servers import __main__ as command
from deploy.dev.servers import cluster
from deploy.dev.servers.process import Server
from deploy.dev.servers.site import Account, Site

SERVES = "import os, pathlib, time; pathlib.Path('up').write_text(str(os.getpid())); time.sleep(600)"
ENDS = "print('the port is taken', flush=True); raise SystemExit(3)"
HANGS = "import time; time.sleep(600)"


@pytest.fixture
def site(tmp_path, monkeypatch) -> Iterator[Site]:
    site = Site(tmp_path, tmp_path, Account(os.geteuid(), os.getegid(), "me"))
    monkeypatch.setattr(Site, "of_this_tree", lambda: site)
    monkeypatch.setitem(cluster.VERSION, "test", lambda exports: f"Test {Path(exports['MUNIMENT_TEST_PID']).read_text()}")
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    yield site
    for number, handler in before.items():
        signal.signal(number, handler)


def given(monkeypatch, **programs: str) -> None:
    def servers(site: Site) -> Iterator[Server]:
        for name, program in programs.items():
            folder = site.folder(name)
            yield Server(name, "test", [sys.executable, "-c", program], str(folder), {"MUNIMENT_TEST_PID": str(folder / "up")})

    monkeypatch.setattr(cluster, "servers", servers)


def run(program: str) -> int:
    return command.main(["run", "--", sys.executable, "-c", program])


def children() -> list[psutil.Process]:
    return [each for each in psutil.Process().children() if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]


@pytest.fixture
def left() -> Callable[[], list[psutil.Process]]:
    """What a run left behind; Python's own resource tracker, say, was there before."""
    before = set(children())
    return lambda: [each for each in children() if each not in before]


def test_the_command_has_all_servers_and_its_exit_code_is_the_run_s(site, monkeypatch, capfd, left):
    given(monkeypatch, first=SERVES, second=SERVES)
    assert run("import os, pathlib; raise SystemExit(pathlib.Path(os.environ['MUNIMENT_TEST_PID']).exists() * 5)") == 5
    printed = capfd.readouterr().out
    assert "first" in printed and "second" in printed and printed.count("Test ") == 2, "their versions"
    assert left() == [] and not site.running.exists()


def test_a_server_that_ends_fails_the_run_before_it_begins(site, monkeypatch, capfd, tmp_path, left):
    given(monkeypatch, first=SERVES, second=ENDS)
    assert run(f"open({str(tmp_path / 'begun')!r}, 'w')") == 1
    error = capfd.readouterr().err
    assert "second ended" in error and "the port is taken" in error, "with the end of its log"
    assert not (tmp_path / "begun").exists()
    assert left() == [] and not site.running.exists()


def test_one_that_ends_once_is_tried_again(site, monkeypatch, capfd, tmp_path, left):
    begun = str(tmp_path / "begun")
    given(
        monkeypatch,
        first=SERVES,
        second=f"import os\nif not os.path.exists({begun!r}):\n open({begun!r}, 'w'); {ENDS}\n{SERVES}",
    )
    assert run("pass") == 0
    printed = capfd.readouterr().out
    assert "the port is taken" in printed and "Once more, on other ports." in printed
    assert left() == [] and not site.running.exists()


def test_a_server_that_never_answers_fails_the_run_too(site, monkeypatch, capfd, tmp_path, left):
    given(monkeypatch, first=SERVES, second=HANGS)
    monkeypatch.setattr(cluster, "_PATIENCE", 0.0)
    assert run(f"open({str(tmp_path / 'begun')!r}, 'w')") == 1
    assert "did not answer within" in capfd.readouterr().err
    assert not (tmp_path / "begun").exists()
    assert left() == [] and not site.running.exists()
