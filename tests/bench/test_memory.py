"""A worker's memory does not grow with the document: its peak on 500 pages is within 15 % of that on 10."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from samples import big_pdf

FEW, MANY = 10, 500
MOST = 1.15
SEED = 7431


@pytest.mark.bench
@pytest.mark.timeout(7200)
def test_the_peak_of_500_pages_is_within_15_percent_of_that_of_10(tmp_path: Path) -> None:
    few, many = (peak_mb(tmp_path, pages) for pages in (FEW, MANY))
    print(f"peak of one worker with its parser: {few:.0f} MB on {FEW} pages, {many:.0f} MB on {MANY}: {many / few - 1:+.1%}")
    assert many <= MOST * few


def peak_mb(folder: Path, pages: int) -> float:
    """Of the one worker of ``muniment bench ocr`` on a document of so many pages, its parser's process included."""
    scan = folder / f"{pages}.pdf"
    big_pdf(scan, pages, seed=SEED)
    command = [sys.executable, "-m", "services.cli", "bench", "ocr", str(scan), "--workers", "1", "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["pages"] == pages
    return report["peak_rss_mb"]
