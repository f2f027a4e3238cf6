"""Muniment beside OCRmyPDF on the same pages, in the same run: at least five times its pages a minute, at a lower CER."""

from __future__ import annotations

import pytest

from tests.bench.compare import compare

PAGES = 50
LEAST_RATIO = 5.0


@pytest.mark.bench
@pytest.mark.timeout(3600)
def test_five_times_ocrmypdf_at_a_lower_error_rate() -> None:
    ours, theirs = compare(PAGES)
    assert ours.result.report["problems"] == []
    assert (ours.result.pages, theirs.result.pages) == (2 * PAGES, PAGES)  # ours ran before and after theirs
    assert ours.whole.cer < theirs.whole.cer
    assert ours.result.pages_per_minute >= LEAST_RATIO * theirs.result.pages_per_minute
