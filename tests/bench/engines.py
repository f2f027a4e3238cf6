"""Muniment beside a bare client of the same server, on Elasticsearch and OpenSearch: taking documents in, and answering.

``python -m deploy.dev.servers run -- .venv/bin/python -m tests.bench.engines --write docs/benchmarks-search.md``
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from itertools import product
from pathlib import Path
from random import Random
from threading import Event

from services.cli.bench import invented
from services.search.index.elastic import dsl, schema
from services.search.index.elastic.generations import Generations, Pace
from services.search.index.elastic.index import ElasticIndex
from services.search.index.elastic.opening import client
from services.search.index.elastic.transport import Action, Transport
from services.search.index.prepared import prepare
from tests.indexes import endpoint, engine_index

ENGINES = {"elasticsearch": "Elasticsearch", "opensearch": "OpenSearch"}
SLICE, SLICES = 2000, 8
"""Documents put at a time, once through Muniment and once by the bare client, and how often."""

WRITES_EVERY = 0.5
"""Seconds between the documents that come in while questions are asked."""


@dataclass
class Measured:
    """Rates are documents a second, times milliseconds; one of each pair is Muniment's, the other the bare client's."""

    engine: str
    version: str
    documents: int = 0
    rates: list[tuple[float, float]] = field(default_factory=list)
    times: list[tuple[float, float]] = field(default_factory=list)

    @property
    def indexing(self) -> float:
        return statistics.median(ours / bare for ours, bare in self.rates)

    def share(self, part: float) -> tuple[float, float]:
        """The times below which so many of the answers came."""
        ours, bare = zip(*self.times, strict=True)
        return percentile(ours, part), percentile(bare, part)


def measure(engine: str, documents: int, rounds: int) -> Measured:
    where = endpoint(engine)
    transport = client(where)
    (node,) = transport.request("GET", "/_nodes/_local")["nodes"].values()
    measured = Measured(engine, node["version"])
    transport.close()
    _indexing(engine, measured)
    _searching(engine, documents, rounds, measured)
    return measured


def _indexing(engine: str, measured: Measured) -> None:
    """The same documents to the same server in turns. The bare client's are ready as the engine's JSON before its time begins;
    Muniment's time covers making tokens, masks and pages of them."""
    rng = Random(20261)  # invented text
    with _bare(engine) as (transport, alias), engine_index(endpoint(engine)) as index:
        for turn in range(SLICES + 1):
            documents = list(invented.documents(rng, SLICE))
            actions: list[Action] = [
                ({"index": {"_index": alias, "_id": each.item_id}}, schema.document(prepare(each))) for each in documents
            ]
            ours, bare = _in_turns(turn, partial(index.put, documents), partial(_put, transport, alias, actions))
            if turn:  # the first one warms both
                measured.rates.append((SLICE / ours, SLICE / bare))


def _put(transport: Transport, alias: str, actions: Sequence[Action]) -> None:
    assert all(done for done, _ in transport.bulk(actions))
    transport.request("POST", f"/{alias}/_refresh", seconds=60)


def _searching(engine: str, documents: int, rounds: int, measured: Measured) -> None:
    """Each question once through Muniment's index and once as its ready request by the bare client, in turns, while documents
    come in. Both had each question once before."""
    rng = Random(20262)  # invented text
    where = endpoint(engine)
    with engine_index(where) as index:
        with index.rebuild() as building:
            building.put(invented.documents(rng, documents))
        measured.documents = index.count()
        load = list(invented.load(rng, rounds))
        transport, alias = client(where), Generations(client(where), where, Pace()).live
        bodies = [json.loads(json.dumps(dsl.request(asked, None))) for asked in load]

        send = partial(transport.request, "POST", f"/{alias}/_search", allow_partial_search_results="false")
        with _documents_come_in(index, rng):
            for turn, number in product(range(2), range(len(load))):
                pair = _in_turns(number + turn, partial(index.search, load[number]), partial(send, bodies[number]))
                if turn:  # each was asked once before
                    measured.times.append((1000 * pair[0], 1000 * pair[1]))
        transport.close()


def _in_turns(number: int, ours: Callable[[], object], bare: Callable[[], object]) -> tuple[float, float]:
    """Seconds of both; which one is first alternates."""
    ways, seconds = (ours, bare), [0.0, 0.0]
    for way in (0, 1) if number % 2 else (1, 0):
        began = time.perf_counter()
        ways[way]()
        seconds[way] = time.perf_counter() - began
    return seconds[0], seconds[1]


@contextmanager
def _documents_come_in(index: ElasticIndex, rng: Random) -> Iterator[None]:
    enough = Event()

    def write() -> None:
        for document in invented.documents(rng, 1_000_000):
            index.put([document])
            if enough.wait(WRITES_EVERY):
                return

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        try:
            yield
        finally:
            enough.set()
            writing.result()


@contextmanager
def _bare(engine: str) -> Iterator[tuple[Transport, str]]:
    """An empty index of the same mapping that only the bare client writes to."""
    where = endpoint(engine)
    with engine_index(where) as index:
        index.count()  # makes it
        transport = client(where)
        yield transport, Generations(transport, where, Pace()).live
        transport.close()


def percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[int(share * (len(values) - 1))]


def summary(one: Measured) -> str:
    ours, bare = one.share(0.95)
    return (
        f"{one.engine} {one.version}: indexing {one.indexing:.2f} of the bare bulk rate "
        f"({', '.join(f'{a / b:.2f}' for a, b in one.rates)}); {one.documents} documents, {len(one.times)} questions, "
        f"p95 {ours:.1f} ms, bare {bare:.1f} ms, {ours / bare:.2f}"
    )


def document(measured: Sequence[Measured], load: float) -> str:
    """The page of the documentation."""
    head = [
        "# Searching, beside the bare engine",
        "",
        "Written by `make bench-engines`.",
        "",
        f"- {date.today().isoformat()}, {os.cpu_count()} cores, shared by the engine and its client; Linux "
        f"{platform.release().split('-')[0]}, Python {platform.python_version()}; load average when it began: {load:.1f}.",
        f"- Invented items of {invented.PAGES} pages of {invented.LINES} lines (`services/cli/bench/invented.py`); questions: "
        "a character, a word, a name, part of a number, a phrase, NOT, OR, a field, a third of them with a filter.",
        "",
        "| | indexing: of the bare bulk rate | documents/s | bare | documents | search p50 ms | bare | p95 ms | bare | ratio |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    notes = [
        "",
        f"- Indexing: {SLICES} slices of {SLICE} items, each once through Muniment and once by the official client with the "
        "same JSON made ready before, into indexes of the same mapping, in turns; the median of the ratios. Muniment's time "
        "covers making tokens, masks and pages.",
        "- Searching: Muniment's answer has the total, facets, twenty hits with snippets, highlights and boxes; the bare "
        "client sends the same request and decodes the JSON. In turns, all asked once before, while an item comes in every "
        "half second. Ratio: p95 by p95.",
    ]
    return "\n".join([*head, *(_row(one) for one in measured), *notes]) + "\n"


def _row(one: Measured) -> str:
    rates = [statistics.median(each) for each in zip(*one.rates, strict=True)]
    (half, bare_half), (most, bare_most) = one.share(0.5), one.share(0.95)
    return (
        f"| {ENGINES[one.engine]} {one.version} | {one.indexing:.2f} | {rates[0]:.0f} | {rates[1]:.0f} | {one.documents} "
        f"| {half:.1f} | {bare_half:.1f} | {most:.1f} | {bare_most:.1f} | {most / bare_most:.2f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=invented.ROUNDS, help="of eight questions each")
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    parser.add_argument("--write", type=Path, help="write the documentation's page here")
    options = parser.parse_args()
    load, measured = os.getloadavg()[0], []
    for engine in options.engines:
        measured.append(measure(engine, options.documents, options.rounds))
        print(summary(measured[-1]), flush=True)
    if options.write is not None:
        options.write.write_text(document(measured, load), "utf-8")


if __name__ == "__main__":
    main()
