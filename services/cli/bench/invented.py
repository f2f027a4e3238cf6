"""An invented archive of contracts and what staff ask of it, for the measures of searching; drawn from ``rng`` alone."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

from services.kernel.ids import new_id
from services.kernel.paper import DOCUMENT_TYPES, Box
from services.search import query as language
from services.search.index.port import Filters, IndexDocument, IndexPage, Scope, Search

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


def load(rng: Random, rounds: int = ROUNDS) -> Iterator[Search]:
    """One Han character, a word, a name, a part of a number, a phrase, NOT, OR and a field in turn, a third of them with a
    filter, each with twenty hits."""
    filters = (Filters(), Filters(), Filters(types=("sale_contract",)))
    for _, shape in itertools.product(range(rounds), _QUESTIONS):
        words = {"han": _han(rng), "word": rng.choice(_WORDS), "name": _name(rng), "number": f"{rng.randrange(1000):06d}"}
        node = language.parse(shape.format(**words), lambda name, value: f"{name}/{value}")
        yield Search(query=node, scope=Scope(everything=True), filters=rng.choice(filters), limit=HITS)


def documents(rng: Random, count: int) -> Iterator[IndexDocument]:
    """Items of three pages of thirty lines."""
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
