"""The same answers everywhere: embedded, on Elasticsearch, on OpenSearch, and by brute force over the plain text.

``MUNIMENT_TEST_SAME_DOCUMENTS`` and ``…_QUERIES`` tell of how many (``tests/sizes.py``).
"""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace

import pytest

from services.kernel.errors import InvalidInput
from services.search.index.port import IndexDocument, Search
from services.search.query import parse
from tests.contract import corpus
from tests.contract.quick_referee import QuickReferee
from tests.indexes import index_of
from tests.sizes import size

pytestmark = pytest.mark.cluster
KINDS = ("fts5", "elasticsearch", "opensearch")
DOCUMENTS = int(size("SAME_DOCUMENTS", "4000", "20000"))
QUERIES = int(size("SAME_QUERIES", "1500", "5000"))
WHOLE, FIRST = 60, 8
"""An answer of up to ``WHOLE`` hits is compared whole; of others the counts, the first few, and of some each page."""

LONG_WALKS = 10


def short(document: IndexDocument) -> IndexDocument:
    return replace(document, pages=tuple(replace(page, lines=page.lines[:2]) for page in document.pages[:2]))


def questions(archive: list[IndexDocument], count: int) -> list[tuple[str, Search]]:
    rnd = random.Random(2024)
    found: list[tuple[str, Search]] = []
    while len(found) < count:
        text = corpus.query(rnd, archive, depth=rnd.choice([0, 1, 1, 2, 2, 3]))
        try:
            tree = parse(text, corpus.KEYS.digest)
        except InvalidInput:
            continue
        search = Search(tree, corpus.scope(rnd), corpus.filters(rnd), rnd.choice(["score", "newest", "oldest"]))
        found.append((text, search))
    return found


def walked(index, search: Search) -> list[tuple[str, float]]:
    hits, cursor = [], None
    while True:
        page = index.search(replace(search, limit=200, cursor=cursor))
        hits += [(hit.item_id, hit.score) for hit in page.hits]
        if (cursor := page.next) is None:
            return hits


@pytest.mark.timeout(2400)
def test_the_same_sets_and_counts(tmp_path):
    archive = [short(document) for document in corpus.documents(seed=20, count=DOCUMENTS)]
    asked = questions(archive, QUERIES)
    clock = {"referee": time.perf_counter()}
    referee = QuickReferee(archive)
    expected = [referee.answer(search, WHOLE) for _, search in asked]
    clock["referee"] = time.perf_counter() - clock["referee"]
    wrong: list[tuple[str, str, object, object]] = []
    with ExitStack() as stack:
        indexes = {kind: stack.enter_context(index_of(kind, tmp_path)) for kind in KINDS}

        def judge(kind: str) -> None:
            began = time.perf_counter()
            indexes[kind].put(archive)
            clock[f"{kind} put"] = time.perf_counter() - began
            began = time.perf_counter()
            for (text, search), (total, facets, first) in zip(asked, expected, strict=True):
                limit = WHOLE if total <= WHOLE else FIRST
                page = indexes[kind].search(replace(search, limit=limit))
                found = (page.total, page.facets, [(hit.item_id, hit.score) for hit in page.hits], page.next is None)
                if found != (right := (total, facets, first[:limit], total <= limit)):
                    wrong.append((kind, text, found, right))
            clock[f"{kind} search"] = time.perf_counter() - began

        with ThreadPoolExecutor(len(KINDS)) as pool:
            list(pool.map(judge, KINDS))
        long = [(search, total) for (_, search), (total, _, _) in zip(asked, expected, strict=True) if total > WHOLE]
        for search, total in random.Random(1).sample(long, min(LONG_WALKS, len(long))):
            right = referee.answer(search, total)[2]
            wrong += [(kind, "walk", len(walk), total) for kind in KINDS if (walk := walked(indexes[kind], search)) != right]
    print({name: round(seconds, 1) for name, seconds in clock.items()})
    matched = sum(total > 0 for total, _, _ in expected)
    print(f"{len(archive)} documents, {len(asked)} queries, {matched} with matches, {len(long)} with more than {WHOLE}")
    assert wrong[:3] == [], f"{len(wrong)} of {len(asked) * len(KINDS)}"
    assert matched > len(asked) / 2
