"""What Muniment shall show, and whether a run showed it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.bench.compare import FEW, Run

CER = {"clean": 0.001, "skew": 0.001, "low_contrast": 0.002, "fax": 0.003, "stamped": 0.01}
FIELDS = {"clean": 0.995, "skew": 0.995, "low_contrast": 0.995, "fax": 0.995, "stamped": 0.97}
PAGES_A_MINUTE, BY_OCRMYPDF, OF_ENGINE = 300.0, 15.0, 0.85
TURNED, EDGES, TYPES, REAL = 0.995, 0.98, 0.99, 0.97
WRONG_AND_SURE = 1e-4
MEMORY = 1.15


@dataclass(frozen=True, slots=True)
class Goal:
    what: str
    goal: str
    measured: str
    reached: bool


def goals(run: Run) -> Iterator[Goal]:
    yield from _speed(run)
    ours, stacked = run.one("Muniment"), run.stacked
    for damage, most in CER.items():
        told = ours.damages[damage].cer
        yield Goal(f"CER {damage}", f"≤{most:.1%}", f"{told:.2%}", told <= most)
    both = [ours, *([stacked] if stacked else [])]
    for damage, least in FIELDS.items():
        outcomes = [each.outcomes[damage] for each in both]
        yield _share(f"fields {damage}", sum(o.fields for o in outcomes), sum(o.fields_of for o in outcomes), least)
    if stacked is not None:
        told = stacked.outcome
        yield _share("orientation right", told.turned, told.turned_of, TURNED)
        yield _share("document boundaries right", told.edges, told.edges_of, EDGES)
        yield _share("type right", told.types, told.types_of, TYPES)
    read, of, refused, of_bad = run.dates
    yield _share("dates read", read, of, 1.0)
    yield _share("impossible dates refused", refused, of_bad, 1.0)
    spaces = sum(each.outcome.spaces for each in both), sum(each.outcome.copied_spaces for each in both)
    yield Goal(
        "false spaces between Han, in text and copied from the PDF", "0", f"{spaces[0]} and {spaces[1]}", not any(spaces)
    )
    found, sent, wrong = (sum(getattr(each.outcome, name) for each in both) for name in ("found", "sent", "sure_wrong"))
    passed = found - sent
    told = f"{wrong} of {passed}; {sent / max(found, 1):.1%} to review"
    yield Goal("wrong fields that passed as sure", "≤1 in 10,000", told, wrong <= WRONG_AND_SURE * passed)
    if run.real is not None:
        yield _share("fields on public pages beside the project", run.real.fields - len(run.real.missed), run.real.fields, REAL)
    if run.peaks:
        few, many = run.peaks[FEW], run.peaks[max(run.peaks)]
        told = f"{few:.0f} → {many:.0f} MB, {many / few - 1:+.1%}"
        yield Goal(f"peak memory, {FEW} → {max(run.peaks)} pages", "within 15 %", told, many <= MEMORY * few)


def _speed(run: Run) -> Iterator[Goal]:
    ours, theirs = run.one("Muniment").result, run.one("OCRmyPDF").result
    rate, share = ours.pages_per_minute, ours.report["engine_share"]
    yield Goal("pages/min: PDF/A, fields, index", f"≥{PAGES_A_MINUTE:.0f}", f"{rate:.0f}", rate >= PAGES_A_MINUTE)
    ratio = rate / theirs.pages_per_minute
    yield Goal("by OCRmyPDF without clean-up", f"≥{BY_OCRMYPDF:.0f} ×", f"{ratio:.1f} ×", ratio >= BY_OCRMYPDF)
    yield Goal("of the same engine on arrays in memory", f"≥{OF_ENGINE:.0%}", f"{share:.0%}", share >= OF_ENGINE)


def _share(what: str, right: int, of: int, least: float) -> Goal:
    goal = "100 %" if least == 1.0 else f"≥{100 * least:g} %"
    return Goal(what, goal, f"{right} of {of} ({right / max(of, 1):.2%})", right >= least * of)
