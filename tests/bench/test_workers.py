"""Workers do not stand in each other's way: two read nearly twice as much as one.

They did once, unseen: the inference library bound its thread to the first core, in every process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from samples import bench_set

LEAST_GAIN = 1.6


@pytest.mark.bench
@pytest.mark.timeout(1200)
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one core gives two workers nothing to share")
def test_two_workers_read_nearly_twice_as_much_as_one(tmp_path: Path) -> None:
    files = [str(tmp_path / truth.file) for truth in bench_set(tmp_path, 40, seed=7431)]
    one, two = (_engine_pages_per_minute(files, workers) for workers in (1, 2))
    print(f"engine: {one:.0f} pages/min in one process, {two:.0f} in two: {two / one:.2f} ×")
    assert two >= LEAST_GAIN * one


def _engine_pages_per_minute(files: list[str], workers: int) -> float:
    command = [sys.executable, "-m", "services.cli", "bench", "ocr", *files, "--workers", str(workers), "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)["engine_pages_per_minute"]
