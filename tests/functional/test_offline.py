"""Nothing calls out: the archive takes in, reads and finds in a network namespace with no interface but the loopback, and the
kernel counts no attempt to leave it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OPT_OUTS = ("CI", "ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS", "DO_NOT_TRACK")
"""What silences libraries from outside: it is taken away, so that what is proven is our own doing."""
TELEMETRY = ("openvino_telemetry", "sentry_sdk", "posthog", "opentelemetry.sdk", "opentelemetry.exporter", "mixpanel", "wandb")
"""``opentelemetry`` itself is an interface that fastapi brings; without its SDK and an exporter it sends nothing."""


def isolated() -> list[str]:
    """``unshare`` as root makes the namespace itself; anyone else needs a user namespace around it."""
    return ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--net"]


def talkative(home: Path) -> dict[str, str]:
    """An environment in which nothing but the archive itself keeps libraries from talking."""
    kept = {name: value for name, value in os.environ.items() if name not in OPT_OUTS and not name.startswith("XDG_")}
    return kept | {"HOME": str(home)}


@pytest.mark.timeout(300)
def test_the_archive_reads_and_finds_without_a_network(tmp_path):
    possible = subprocess.run([*isolated(), "true"], capture_output=True, text=True)
    if possible.returncode != 0:
        pytest.skip(f"this system lets nobody make a network namespace: {possible.stderr.strip()}")
    command = [*isolated(), sys.executable, "-m", "tests.functional.in_a_namespace", str(tmp_path)]
    home = tmp_path / "home"
    home.mkdir()
    ran = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=talkative(home), timeout=240)
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert told["interfaces"] == ["lo"]
    assert (told["state"], told["found"], told["read"]) == ("done", 1, "ok")
    assert told["counts_attempts"] == 1, "the kernel's counter tells nothing here"
    assert (told["wanted_out"], told["strangers"]) == (0, [])
    assert list(home.rglob("*")) == [], "something keeps an identifier, or what it would have reported"


def test_no_library_brings_telemetry_along(tmp_path):
    """Neither as a module that is imported with the engines, nor as a thread, nor as a file in the home folder."""
    probe = (
        "import json, sys, threading; import services.app; "
        "from services.ocr.engines import load_engine, load_orientation; load_engine('rapid'); load_orientation(); "
        "print(json.dumps([sorted(sys.modules), [each.name for each in threading.enumerate()]]))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, cwd=ROOT, env=talkative(tmp_path), timeout=120
    )
    modules, threads = json.loads(ran.stdout)
    assert [name for name in modules if f"{name}.".startswith(tuple(f"{each}." for each in TELEMETRY))] == []
    assert threads == ["MainThread"]
    assert list(tmp_path.rglob("*")) == []
