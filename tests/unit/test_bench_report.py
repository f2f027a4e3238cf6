"""The benchmark's report: goals are told as reached or not by what was measured, plots are the same for the same run."""

from __future__ import annotations

from pathlib import Path

from tests.bench import plots, report
from tests.bench.compare import Judged, Run
from tests.bench.contestants import Result
from tests.bench.goals import CER, goals
from tests.bench.outcome import Outcome
from tests.bench.real import Real
from tests.bench.scoring import Score

RIGHT = {
    "turned": 1000, "turned_of": 1000, "edges": 99, "edges_of": 100, "whole": 49, "whole_of": 50, "types": 50, "types_of": 50,
    "fields": 1000, "fields_of": 1000, "found": 10_000, "sent": 0,
}  # fmt: skip
REPORT = {
    "pages": 10, "workers": 2, "engine_share": 0.9, "engine_pages_per_minute": 400.0, "engine_cpu_seconds_per_page": 0.3,
    "cpu_seconds_per_page": 0.35, "startup_seconds": 2.0, "peak_rss_mb": 900.0,
    "stages": {"read": 3.0, "read.recognise": 2.0, "read.recognise.order": 0.1, "index": 0.2},
}  # fmt: skip


def judged(name: str, seconds: float, edits: int, **wrong: int) -> Judged:
    one = Judged(Result(name, name, pages=10, seconds=seconds, cpu=seconds, peak_mb=100, report=REPORT))
    for damage in CER:
        one.damages[damage] = Score(length=10_000, edits=edits)
        one.outcomes[damage] = Outcome(**(RIGHT | wrong))
        one.whole += one.damages[damage]
    return one


def run(ours: Judged, peaks: dict[int, float]) -> Run:
    theirs = judged("OCRmyPDF", 40.0, 1000)
    theirs.outcomes.clear()
    real = Real(64, (("page.png", "h", "主险保费"),), {})
    return Run(1, [ours, theirs], judged("Muniment on stacks", 1.0, 5), (8000, 8000, 900, 900), real, peaks, [])


def test_what_was_measured_decides_what_was_reached() -> None:
    good = list(goals(run(judged("Muniment", 2.0, 5), {10: 1000.0, 2000: 1100.0})))
    assert [one.what for one in good if not one.reached] == []
    assert len(good) == 22
    bad = run(judged("Muniment", 3.0, 25, fields=960, sure_wrong=2, spaces=1, sent=5000), {10: 1000.0, 2000: 1200.0})
    missed = {one.what: one.measured for one in goals(bad) if not one.reached}
    assert set(missed) == {
        "pages/min: PDF/A, fields, index", "by OCRmyPDF without clean-up", "CER clean", "CER skew", "CER low_contrast",
        "fields clean", "fields skew", "fields low_contrast", "fields fax",
        "false spaces between Han, in text and copied from the PDF", "wrong fields that passed as sure",
        "peak memory, 10 → 2000 pages",
    }  # fmt: skip
    assert missed["wrong fields that passed as sure"] == "10 of 75000; 25.0% to review"


def test_the_report_and_its_pictures_are_written(tmp_path: Path) -> None:
    one = run(judged("Muniment", 2.0, 5), {})
    page = report.document(one, 0.1, 12)
    assert "| pages/min: PDF/A, fields, index | ≥300 | 300 | yes |" in page
    for folder in ("first", "second"):
        plots.draw(one, tmp_path / folder)
    for name in plots.NAMES:
        assert str(report.IMAGES / name) in page
        drawn = (tmp_path / "first" / name).read_bytes()
        assert drawn == (tmp_path / "second" / name).read_bytes()
        assert drawn.startswith(b"<?xml")
