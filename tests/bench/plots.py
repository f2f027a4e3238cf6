"""The report's pictures, as SVG: who reads how fast, how many characters wrong by damage, where the time goes."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tests.bench.compare import Judged, Run
from tests.bench.contestants import Result

OURS, OTHERS = "#1f6f8b", "#b9c4c9"
NAMES = ("speed.svg", "errors.svg", "time.svg")
_STEPS = 10


def draw(run: Run, folder: Path) -> None:
    """Writes ``NAMES`` into ``folder``; the same run gives the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "svg.hashsalt": "muniment",
        "svg.fonttype": "path",
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    with mpl.rc_context(settings):
        for name, drawing in zip(
            NAMES, (_speed(run.judged), _errors(run.judged), _time(run.one("Muniment").result)), strict=True
        ):
            drawing.savefig(folder / name, metadata={"Date": None, "Creator": None}, bbox_inches="tight")


def _figure(rows: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(7.0, 0.8 + 0.32 * rows))
    return figure, figure.add_subplot()


def _speed(judged: list[Judged]) -> Figure:
    figure, axes = _figure(len(judged))
    results = [each.result for each in reversed(judged)]
    colours = [OURS if each.name.startswith("Muniment") else OTHERS for each in results]
    bars = axes.barh([each.name for each in results], [each.pages_per_minute for each in results], color=colours)
    axes.bar_label(bars, fmt="%.0f", padding=3)
    axes.set_xlabel("pages a minute, whole machine")
    return figure


def _errors(judged: list[Judged]) -> Figure:
    damages = list(judged[0].damages)
    figure, axes = _figure(9)
    width = 0.8 / len(judged)
    for number, each in enumerate(judged):
        places = [index + (number - (len(judged) - 1) / 2) * width for index in range(len(damages))]
        heights = [max(100 * each.damages[name].cer, 0.005) for name in damages]
        axes.bar(places, heights, width, label=each.result.name, color=OURS if number == 0 else None, edgecolor="white")
    axes.set_yscale("log")
    axes.set_ylabel("characters wrong, % (log)")
    axes.set_xticks(range(len(damages)), [name.replace("_", " ") for name in damages])
    axes.legend(frameon=False, ncols=2, fontsize=7)
    return figure


def _time(result: Result) -> Figure:
    """Of the steps inside which no other is told: the dearest, milliseconds a page."""
    stages = result.report["stages"]
    inmost = {name: taken for name, taken in stages.items() if not any(other.startswith(f"{name}.") for other in stages)}
    for name in stages:  # what the parts of a step leave over
        parts = [taken for other, taken in stages.items() if other.rpartition(".")[0] == name]
        if parts:
            inmost[f"{name}, rest"] = max(0.0, stages[name] - sum(parts))
    dearest = sorted(inmost, key=lambda name: inmost[name])[-_STEPS:]
    figure, axes = _figure(len(dearest))
    bars = axes.barh(dearest, [1000 * inmost[name] / result.report["pages"] for name in dearest], color=OURS)
    axes.bar_label(bars, fmt="%.0f", padding=3)
    axes.set_xlabel("milliseconds a page, summed over the processes")
    return figure
