"""``muniment bench search``: how long questions to the index take, beside the bare FTS5 query underneath."""

from __future__ import annotations

import itertools
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Annotated, Any

import apsw
import typer

from services.cli.bench.scratch import ScratchOption
from services.cli.common import JsonOption, print_json
from services.kernel.ids import new_id
from services.kernel.paper import DOCUMENT_TYPES, Box
from services.search import query as language
from services.search.index.fts5 import Fts5Index
from services.search.index.generations import Generations
from services.search.index.port import Filters, IndexDocument, IndexPage, Scope, Search
from services.search.query import And, Node, Not, Or, leaves, searched

PAGES, LINES, CHARACTERS = 3, 30, 22
ROUNDS, HITS = 20, 20
_BOX: Box = ((100.0, 100.0), (900.0, 100.0), (900.0, 140.0), (100.0, 140.0))
_SURNAMES, _GIVEN = "王李张刘陈杨黄赵吴周徐孙马朱胡", "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚"
_WORDS = (
    "合同", "房屋", "买受人", "出卖人", "租赁", "押金", "付款", "凭证", "面积", "交付",
    "违约", "登记", "备案", "委托", "验收", "产权", "抵押", "物业", "收据", "身份证",
)  # fmt: skip
_COMMON_HAN = 2500  # characters that the running text is drawn from, the early ones far more often
_QUESTIONS = (
    "{han}", "{word}", "{name}", "{number}", "“{word}{word}”", "{word} -{name}", "{name} OR {word}", "name:{name} {word}",
)  # fmt: skip


def register(app: typer.Typer) -> None:
    app.command("search")(search)


def search(
    documents: Annotated[int, typer.Option(min=1, help="Invented items of three pages.")] = 5000,
    as_json: JsonOption = False,
    folder: ScratchOption = None,
) -> None:
    """Builds an index of invented items and puts a mixed load of questions to it.

    One Han character, a word, a name, a part of a number, a phrase, NOT, OR and a field in turn, a third of them with a filter,
    each with the total, facets and twenty hits with snippets and boxes. The measure beside it asks FTS5 for its own best twenty
    rows and nothing about them; ratio is the median by the median.
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
        building.put(_documents(rng, documents))
    built = time.perf_counter() - began
    generations = Generations(folder)
    live = generations.file(generations.current() or 0)
    with closing(index), closing(apsw.Connection(str(live), flags=apsw.SQLITE_OPEN_READONLY)) as bare:
        load = list(_load(rng))
        _timed(load, lambda node, filters: index.search(_asked(node, filters)))  # pages of the file come into memory
        whole = _timed(load, lambda node, filters: index.search(_asked(node, filters)))
        matches = f"SELECT rowid FROM words WHERE words MATCH ? ORDER BY rank LIMIT {HITS}"  # noqa: S608  # a number
        below = _timed(load, lambda node, _: bare.execute(matches, (_expression(node),)).fetchall())
    return {
        "documents": documents,
        "pages": documents * PAGES,
        "index_mb": round(live.stat().st_size / 1e6, 1),
        "documents_per_second": round(documents / built, 1),
        "questions": len(load),
        "p50_ms": round(statistics.median(whole), 2),
        "p95_ms": round(_percentile(whole, 0.95), 2),
        "bare_p50_ms": round(statistics.median(below), 3),
        "bare_p95_ms": round(_percentile(below, 0.95), 3),
        "ratio": round(statistics.median(whole) / statistics.median(below), 1),
    }


def _asked(node: Node, filters: Filters) -> Search:
    return Search(query=node, scope=Scope(everything=True), filters=filters, limit=HITS)


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


def _timed(load: Sequence[tuple[Node, Filters]], ask: Callable[[Node, Filters], object]) -> list[float]:
    times = []
    for node, filters in load:
        began = time.perf_counter()
        ask(node, filters)
        times.append(1000 * (time.perf_counter() - began))
    return times


def _percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[int(share * (len(values) - 1))]


def _load(rng: Random) -> Iterator[tuple[Node, Filters]]:
    filters = (Filters(), Filters(), Filters(types=("sale_contract",)))
    for _, shape in itertools.product(range(ROUNDS), _QUESTIONS):
        words = {"han": _han(rng), "word": rng.choice(_WORDS), "name": _name(rng), "number": f"{rng.randrange(1000):06d}"}
        yield language.parse(shape.format(**words), lambda name, value: f"{name}/{value}"), rng.choice(filters)


def _documents(rng: Random, count: int) -> Iterator[IndexDocument]:
    for number in range(count):
        name, code = _name(rng), f"HT-{rng.randrange(2010, 2027)}-{number:06d}"
        received = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
        yield IndexDocument(
            item_id=new_id(),
            owner_id=f"owner-{number % 7}",
            department=f"department-{number % 3}",
            reference_code=f"M001-HT·2026-{number:06d}",
            type=DOCUMENT_TYPES[number % len(DOCUMENT_TYPES)],
            title=f"{rng.choice(_WORDS)} {name}",
            state="CATALOGUED",
            received_at=received,
            dates=(received.date(),),
            amounts=(rng.randrange(10**9),),
            pages=tuple(_page(rng, page, name, code) for page in range(1, PAGES + 1)),
            names=(name,),
            fields={"party_buyer": [name], "contract_number": [code]},
        )


def _page(rng: Random, number: int, name: str, code: str) -> IndexPage:
    lines = [f"{rng.choice(_WORDS)}{''.join(_han(rng) for _ in range(CHARACTERS))}{rng.choice(_WORDS)}" for _ in range(LINES)]
    lines[0] = f"{code} {name}"
    return IndexPage(number, tuple((line, _BOX) for line in lines))


def _name(rng: Random) -> str:
    return rng.choice(_SURNAMES) + rng.choice(_GIVEN)


def _han(rng: Random) -> str:
    return chr(0x4E00 + int(_COMMON_HAN * rng.random() ** 3))
