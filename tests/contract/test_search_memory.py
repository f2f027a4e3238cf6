"""What the embedded index remembers of the words that match much is never told of a state in which it is not true."""

import random
from dataclasses import replace

import numpy as np
import pytest

from services.kernel.errors import InvalidInput
from services.search.index import fts5_memory
from services.search.index.fts5 import Fts5Index
from services.search.index.fts5_memory import Memory
from services.search.index.port import Search
from services.search.query import parse
from tests.contract import corpus
from tests.contract.referee import Referee

LEAF = ("words", '"合同"')


@pytest.fixture(autouse=True)
def all_is_worth_it(monkeypatch):
    monkeypatch.setattr(fts5_memory, "_MANY", 1)


def question(rnd: random.Random, pool: list) -> Search:
    """One that can be meant: a piece cut out of a number may hold signs alone."""
    while True:
        try:
            return Search(parse(corpus.word(rnd, pool), corpus.KEYS.digest), corpus.scope(rnd), limit=200)
        except InvalidInput:
            continue


@pytest.mark.parametrize("seed", range(3))
def test_answers_stay_the_referees_while_items_come_change_and_go(tmp_path, seed):
    rnd = random.Random(seed)
    pool = corpus.documents(seed=seed, count=120)
    asked = [question(rnd, pool) for _ in range(15)]
    held: dict[str, object] = {}
    index = Fts5Index(tmp_path)
    for round_ in range(12):
        for document in rnd.sample(pool, 15):
            held[document.item_id] = changed = replace(document, pages=rnd.choice(pool).pages)
            index.put([changed])
        if round_ % 5 == 4:
            gone = rnd.sample(sorted(held), 10)
            index.delete(gone)
            for item_id in gone:
                del held[item_id]
        referee = Referee(list(held.values()))
        for search in asked:
            expected, facets = referee.answer(search)
            page = index.search(search)
            assert [(hit.item_id, hit.score) for hit in page.hits] == expected
            assert (page.total, page.facets) == (len(expected), facets)
    index.close()


def test_what_is_known_of_a_later_state_is_not_told_to_who_sees_an_earlier_one():
    memory = Memory()
    memory.keep(LEAF, (5, 1), np.array([False, True, False, True, False, True]))
    assert memory.recall(LEAF, (5, 0)) == (0, [False])
    last, found = memory.recall(LEAF, (9, 1))
    assert (last, found.tolist()) == (5, [False, True, False, True, False, True])


def test_what_matches_little_is_not_kept(monkeypatch):
    monkeypatch.setattr(fts5_memory, "_MANY", 3)
    memory = Memory()
    memory.keep(LEAF, (3, 0), np.array([False, True, True, False]))
    assert memory.recall(LEAF, (3, 0))[0] == 0
    memory.keep(LEAF, (3, 0), np.array([False, True, True, True]))
    assert memory.recall(LEAF, (3, 0))[0] == 3


def test_only_the_sets_asked_for_last_are_kept(monkeypatch):
    monkeypatch.setattr(fts5_memory, "_KEPT", 2)
    memory = Memory()
    for word in "abc":
        memory.keep(("words", word), (1, 0), np.array([False, True]))
    assert [memory.recall(("words", word), (1, 0))[0] for word in "abc"] == [0, 1, 1]
