"""``muniment bench search``: how long questions to the index take, beside the bare FTS5 query underneath."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Annotated, Any

import apsw
import typer

from services.cli.bench import invented
from services.cli.bench.scratch import ScratchOption
from services.cli.common import JsonOption, print_json
from services.search.index.fts5 import Fts5Index
from services.search.index.generations import Generations
from services.search.index.port import Search
from services.search.query import And, Node, Not, Or, leaves, searched


def register(app: typer.Typer) -> None:
    app.command("search")(search)


def search(
    documents: Annotated[int, typer.Option(min=1, help="Invented items of three pages.")] = 5000,
    as_json: JsonOption = False,
    folder: ScratchOption = None,
) -> None:
    """Builds an index of invented items and puts a mixed load of questions to it.

    Each question is answered with the total, facets and twenty hits with snippets and boxes; first_p95_ms is of the first time
    that it is asked. The measure beside it asks FTS5 for its own best twenty rows and nothing about them; ratio is the median
    by the median.
    """
    with tempfile.TemporaryDirectory(prefix="muniment-bench-", dir=folder) as place:
        report = measure(Path(place), documents)
    if as_json:
        print_json(report)
    else:
        for name, value in report.items():
            typer.echo(f"{name:24} {value}")


def measure(folder: Path, documents: int) -> dict[str, Any]:
    """The report; times are milliseconds."""
    index, rng = Fts5Index(folder), Random(documents)  # noqa: S311  # invented text
    began = time.perf_counter()
    with index.rebuild() as building:
        building.put(invented.documents(rng, documents))
    built = time.perf_counter() - began
    generations = Generations(folder)
    live = generations.file(generations.current() or 0)
    with closing(index), closing(apsw.Connection(str(live), flags=apsw.SQLITE_OPEN_READONLY)) as bare:
        load = list(invented.load(rng))
        first = _timed(load, index.search)  # pages of the file come into memory
        whole = _timed(load, index.search)
        matches = f"SELECT rowid FROM words WHERE words MATCH ? ORDER BY rank LIMIT {invented.HITS}"  # noqa: S608  # a number
        below = _timed(load, lambda asked: bare.execute(matches, (_expression(asked.query),)).fetchall())
    return {
        "documents": documents,
        "pages": documents * invented.PAGES,
        "index_mb": round(live.stat().st_size / 1e6, 1),
        "documents_per_second": round(documents / built, 1),
        "questions": len(load),
        "p50_ms": round(statistics.median(whole), 2),
        "p95_ms": round(_percentile(whole, 0.95), 2),
        "first_p95_ms": round(_percentile(first, 0.95), 2),
        "bare_p50_ms": round(statistics.median(below), 3),
        "bare_p95_ms": round(_percentile(below, 0.95), 3),
        "ratio": round(statistics.median(whole) / statistics.median(below), 1),
    }


def _expression(node: Node) -> str:
    """The same words for one FTS5 query of the running text."""
    match node:
        case Or(parts):
            return f"({' OR '.join(map(_expression, parts))})"
        case And((part, Not(unwanted))):
            return f"({_expression(part)} NOT {_expression(unwanted)})"
        case And(parts):
            return f"({' AND '.join(map(_expression, parts))})"
        case _:
            grams = searched(getattr(next(leaves(node)), "text", ""))
            return f'"{" ".join(grams.tokens)}"' + (" *" if grams.prefix else "")


def _timed(load: Sequence[Search], ask: Callable[[Search], object]) -> list[float]:
    times = []
    for asked in load:
        began = time.perf_counter()
        ask(asked)
        times.append(1000 * (time.perf_counter() - began))
    return times


def _percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[int(share * (len(values) - 1))]
