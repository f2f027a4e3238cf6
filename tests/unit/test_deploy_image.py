"""The image: linted, without root, made of what is named. It was built and run by hand (deploy/README.md)."""

from __future__ import annotations

import http.server
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.archive import clean_environment
from tests.deployment import DEPLOY, TREE, parsed

DOCKERFILE = DEPLOY / "image/Dockerfile"
HEALTHY = DEPLOY / "image/healthy.py"
LINES = re.sub(r"\\\n\s*", " ", DOCKERFILE.read_text()).splitlines()


def instructions(name: str) -> list[str]:
    return [line.removeprefix(f"{name} ") for line in LINES if line.startswith(f"{name} ")]


def test_hadolint_finds_nothing():
    program = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([program, "--failure-threshold", "style", DOCKERFILE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_it_runs_as_nobody_special_and_tini_passes_signals_on():
    assert instructions("USER")[-1] == "10001:10001"
    assert instructions("ENTRYPOINT") == ['["tini", "--", "muniment"]']
    assert instructions("STOPSIGNAL") == ["SIGTERM"]
    assert parsed(["doctor"]) is not None, "and what follows it is a command of ours"


def test_bases_are_named_without_a_host():
    assert instructions("ARG") == ["BASE=debian:bookworm-slim"]
    assert all(base.split()[0] == "${BASE}" for base in instructions("FROM"))


def test_the_packages_of_the_setup_are_in_it():
    (wanted,) = re.findall(r"^packages=\((.*)\)", (DEPLOY / "dev/setup.sh").read_text(), re.M)
    final = LINES[max(number for number, line in enumerate(LINES) if line.startswith("FROM ")) :]
    installed = set(" ".join(final).split())
    assert {*wanted.split(), "libseccomp2", "tini"} <= installed


def test_python_packages_come_by_their_hashes():
    (install,) = [run for run in instructions("RUN") if "requirements.txt" in run]
    assert "--no-deps --require-hashes" in install
    assert all(f"--{word}" not in " ".join(instructions("RUN")) for word in ("extra-index-url", "trusted-host"))


def test_only_what_is_named_gets_into_the_build():
    lines = [line for line in (TREE / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    allowed = {line[1:] for line in lines if line.startswith("!")}
    copied = {source for copy in instructions("COPY") if "--from" not in copy for source in copy.split()[:-1]}
    assert allowed == copied


@contextmanager
def answering(status: int) -> Iterator[int]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path in ("/readyz", "/metrics") else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.mark.parametrize("variable", ["MUNIMENT_PORT", "MUNIMENT_METRICS_PORT"])
@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_the_health_check_tells_ready_from_not(variable, status, code):
    with answering(status) as port:
        environment = clean_environment() | {variable: str(port)}
        done = subprocess.run([sys.executable, "-I", HEALTHY], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr


def test_the_health_check_of_what_is_not_there():
    environment = clean_environment() | {"MUNIMENT_PORT": "1"}
    assert subprocess.run([sys.executable, "-I", HEALTHY], env=environment, capture_output=True, check=False).returncode == 1
