"""Helm's own engine in a process of its own: it is Go, and its runtime beside Python's has brought a run of tests down.

``python -m tests.helm`` reads ``["render", chart, values]`` or ``["lint", chart]`` as JSON and prints what came of it.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


def render(chart: Path, values: dict[str, Any]) -> dict[str, str]:
    """Text by file name. Raises ``AssertionError`` with what the engine says."""
    return _asked("render", str(chart), values)


def lint(chart: Path) -> Any:
    return _asked("lint", str(chart))


def _asked(*request: Any) -> Any:
    command = [sys.executable, "-m", "tests.helm"]
    done = subprocess.run(command, input=json.dumps(request), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _answer() -> None:
    import helm_python

    match json.load(sys.stdin):
        case ["render", chart, values]:
            with helm_python.Chart.load(chart) as loaded:
                found: Any = loaded.render(values, name="archive", namespace="muniment")
        case ["lint", chart]:
            found = helm_python.lint(chart, strict=True)
    print(json.dumps(found), flush=True)
    os._exit(0)


if __name__ == "__main__":
    gc.disable()  # it crashed while Python collected
    _answer()
