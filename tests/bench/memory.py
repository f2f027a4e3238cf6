"""A worker's memory does not grow with the document: its peak on many pages beside that on few."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from samples import big_pdf


def peak_mb(folder: Path, pages: int, seed: int) -> float:
    """Of the one worker of ``muniment bench ocr`` on one document of so many pages, its parser's process included."""
    scan = folder / f"{pages}.pdf"
    big_pdf(scan, pages, seed=seed)
    command = [sys.executable, "-m", "services.cli", "bench", "ocr", str(scan), "--workers", "1", "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])
    report = json.loads(done.stdout)
    assert report["pages"] == pages
    return float(report["peak_rss_mb"])
