"""What is found in an archive of sample papers, held against the samples' truth: all that should be, and only that."""

from __future__ import annotations

import random
import re
import shutil
import unicodedata
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import samples
from services import work
from services.kernel.config import Settings
from services.kernel.model import Role
from services.kernel.queue.runner import Runner
from services.kernel.queue.stages import Queue
from tests.desk import Desk

pytestmark = pytest.mark.timeout(300)
ONE, OTHER = "clerk one", "clerk two"
PAPERS = (
    (ONE, "sale_contract", 1, "张伟"),
    (ONE, "lease_contract", 2, "李娜"),
    (ONE, "payment_voucher", 3, "张伟"),
    (OTHER, "invoice", 4, None),
    (OTHER, "id_card", 5, "王建国"),
    (OTHER, "bank_slip", 6, None),
    (OTHER, "household_register", 7, None),
    (OTHER, "complaint_record", 8, None),
)
IDENTIFIERS = ("id_number", "phone", "bank_account")
NAMES = ("name", "party_seller", "party_buyer", "party_lessor", "party_lessee", "payer", "payee")


def folded(text: str) -> str:
    """Width, case and spaces do not matter."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


@dataclass(frozen=True)
class Paper:
    """One document: who delivered it, what is true of it, and its item."""

    owner: str
    truth: samples.Truth
    item: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.item["id"])

    @property
    def type(self) -> str:
        return self.truth.documents[0].type

    def fields(self, name: str) -> tuple[str, ...]:
        return self.truth.documents[0].fields.get(name, ())

    @property
    def printed(self) -> str:
        return "\n".join(folded(line) for page in self.truth.pages.values() for line in page.lines)

    @property
    def allowed(self) -> str:
        """Besides: what seals say, where a reader makes it out, and what the archive itself adds."""
        stamps = (folded(stamp) for page in self.truth.pages.values() for stamp in page.stamps)
        added = (folded(self.item[name] or "") for name in ("title", "reference_code"))
        values = (folded(value["value"]) for values in self.item["fields"].values() for value in values)
        return "\n".join((self.printed, *stamps, *added, *values))


class Library:
    """The archive with its papers, and those who ask."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.clients = {role: desk.client(role) for role in (Role.ARCHIVIST, Role.STAFF, Role.DEPARTMENT_HEAD)}
        self.clerks = {name: desk.client(Role.CLERK) for name in (ONE, OTHER)}
        self.papers: list[Paper] = []

    def fill(self, folder: Path) -> None:
        delivered = []
        for number, (owner, kind, seed, name) in enumerate(PAPERS):
            path = folder / f"{number}.pdf"
            truth = samples.write(samples.make(kind, seed, **({"name": name} if name else {})), path, "pdf", 200)
            delivered.append((owner, truth, self.desk.deliver(self.clerks[owner], path.read_bytes(), name=path.name)))
        archive, settings = self.desk.archive, self.desk.settings
        runner = Runner(archive.kernel.database, work.handlers(archive), lease_seconds=120, max_attempts=1)
        while sum(runner.drain(queue) for queue in Queue):
            pass
        assert settings.engine == "auto"
        for owner, truth, batch in delivered:
            state = self.clerks[owner].get(f"/api/v1/batches/{batch}").json()
            assert state["state"] == "done", state["problems"]
            item = self.clients[Role.ARCHIVIST].get(f"/api/v1/items/{state['items'][0]['id']}").json()
            self.papers.append(Paper(owner, truth, item))

    def ask(self, question: str, client: Any = None, **filters: Any) -> dict[str, Any]:
        asked = client or self.clients[Role.ARCHIVIST]
        answer = asked.get("/api/v1/search", params={"q": question, "limit": 50, **filters})
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        assert body["total"] == len(body["hits"]) == len({hit["item_id"] for hit in body["hits"]})
        return body

    def ids(self, question: str, client: Any = None, **filters: Any) -> set[str]:
        return {hit["item_id"] for hit in self.ask(question, client, **filters)["hits"]}

    def with_text(self, *words: str) -> set[str]:
        """The papers on which every one of these words is printed."""
        return {paper.id for paper in self.papers if all(folded(word) in paper.printed for word in words)}

    def may_have(self, *words: str) -> set[str]:
        return {paper.id for paper in self.papers if all(folded(word) in paper.allowed for word in words)}

    def of_type(self, *types: str) -> set[str]:
        return {paper.id for paper in self.papers if paper.type in types}

    def paper(self, type_: str) -> Paper:
        (found,) = [paper for paper in self.papers if paper.type == type_]
        return found


@pytest.fixture(scope="module")
def library(tmp_path_factory, empty_catalogue):
    folder = tmp_path_factory.mktemp("library")
    settings = Settings(data=folder / "data", broker_url="memory://", workers=1)
    settings.data.mkdir()
    shutil.copy(empty_catalogue, settings.data / "catalogue.db")
    desk = Desk(settings)
    library = Library(desk)
    library.fill(folder)
    yield library
    desk.close()


def finds(library: Library, question: str, *words: str) -> set[str]:
    """Asks, and holds the answer between what is printed and what may be read. Returns what was found."""
    found = library.ids(question)
    words = words or (question,)
    assert library.with_text(*words) <= found <= library.may_have(*words), question
    return found


# -- words


@pytest.mark.parametrize("word", ["租", "赁", "伟", "伍", "佰", "龘"])
def test_one_character(library, word):
    found = finds(library, word)
    assert (found == set()) == (word == "龘")


@pytest.mark.parametrize("word", ["张伟", "李娜", "租赁", "发票", "合同", "户口", "买受", "受人", "伟张"])
def test_two_characters(library, word):
    finds(library, word)


def test_every_name_on_the_papers_is_found_where_it_stands(library):
    names = {name for paper in library.papers for field in NAMES for name in paper.fields(field)}
    assert len(names) > 8
    for name in names:
        assert finds(library, name)


def test_a_fragment_of_a_contract_number_from_its_beginning_middle_and_end(library):
    for paper in (library.paper("sale_contract"), library.paper("lease_contract")):
        (number,) = paper.fields("contract_number")
        for fragment in (number, number[:6], number[2:8], number[-5:], number[-3:]):
            assert paper.id in finds(library, fragment)
        assert finds(library, number[2:8]) == {paper.id}


def test_width_case_and_spaces_do_not_matter(library):
    (number,) = library.paper("lease_contract").fields("contract_number")
    wide = "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in number)
    assert library.ids(number) == library.ids(wide) == library.ids(number.lower()) == {library.paper("lease_contract").id}
    assert library.ids("张伟") == library.ids("张　伟".replace("　", "")) == library.ids('"张 伟"')
    assert library.ids("ｔｙｐｅ：invoice") == library.of_type("invoice")


def test_words_are_and(library):
    assert finds(library, "张伟 定金", "张伟", "定金") <= library.ids("张伟") & library.ids("定金")
    assert library.ids("张伟 AND 李娜") == library.ids("张伟") & library.ids("李娜")


def test_not_leaves_out(library):
    everything = {paper.id for paper in library.papers}
    assert library.ids("张伟 -收据") == library.ids("张伟") - library.ids("收据")
    assert library.ids("张伟 NOT 收据") == library.ids("张伟 -收据")
    assert library.ids("NOT 张伟") == everything - library.ids("张伟")
    assert library.ids("-type:invoice") == everything - library.of_type("invoice")
    assert library.ids("合同 -(张伟 OR 李娜)") == library.ids("合同") - library.ids("张伟") - library.ids("李娜")


def test_a_phrase_stands_together(library):
    lease = library.paper("lease_contract")
    run = next(run for run in re.findall(r"[\u4e00-\u9fff]{9,}", lease.printed))
    first, second = run[:4], run[4:8]
    assert lease.id in finds(library, f'"{first}{second}"', first + second)
    assert lease.id not in library.ids(f'"{second}{first}"')
    assert lease.id in library.ids(f"{second} {first}")


def test_or_finds_either(library):
    assert library.ids("张伟 OR 李娜") == library.ids("张伟") | library.ids("李娜")
    assert library.ids("type:invoice OR type:bank_slip") == library.of_type("invoice", "bank_slip")
    assert library.ids("(发票 OR 回单) -张伟") == (library.ids("发票") | library.ids("回单")) - library.ids("张伟")
    assert library.ids("李娜 OR 张伟 定金") == library.ids("李娜") | (library.ids("张伟") & library.ids("定金"))


def test_an_empty_question_finds_everything_and_nonsense_nothing(library):
    assert library.ids("") == {paper.id for paper in library.papers}
    assert library.ids("鑫龘麤靐") == set()


@pytest.mark.parametrize("question", ["(张伟", "张伟)", "OR 张伟", "张伟 AND", "name:", "nobody:张伟", "phone:138", "()()!!"])
def test_what_cannot_be_meant_says_what_to_do(library, question):
    answer = library.clients[Role.ARCHIVIST].get("/api/v1/search", params={"q": question})
    assert answer.status_code == 422, answer.text
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(problem) >= {"type", "title", "status", "detail", "request_id"} and len(problem["detail"].split()) > 5


# -- fields


def test_a_field_is_asked_for_by_its_name_in_english_and_chinese(library):
    sale = library.paper("sale_contract")
    assert library.ids("party_buyer:张伟") == {sale.id} == library.ids("买受人:张伟")
    assert library.ids("payer:张伟") == {library.paper("payment_voucher").id}
    assert library.ids("name:张伟") == {sale.id, library.paper("payment_voucher").id}
    assert library.ids("name:王建国") == {library.paper("id_card").id} == library.ids("姓名：王建国")
    assert library.ids("party_seller:张伟") == set()
    (number,) = sale.fields("contract_number")
    assert library.ids(f"contract_number:{number[3:9]}") == {sale.id} == library.ids(f"合同编号:{number}")
    assert library.ids("contract_number:张伟") == set()
    assert library.ids("name:(张伟 OR 王建国) -type:id_card") == library.ids("name:张伟")


def test_types_by_code_and_by_their_chinese_names(library):
    for paper in library.papers:
        assert paper.item["type"] == paper.type
        assert library.ids(f"type:{paper.type}") == {paper.id}
    assert library.ids("类型:租赁合同") == library.of_type("lease_contract")
    assert library.ids("type:户口簿") == library.of_type("household_register")


# -- identifiers


def test_identifiers_are_found_whole_however_they_are_written_and_never_by_a_part(library):
    for paper in library.papers:
        for number in paper.fields("id_number"):
            spaced = f"{number[:6]} {number[6:14]} {number[14:]}"
            for written in (number, number.lower(), spaced, f"id_number:{number}", f"身份证号:{number}"):
                assert paper.id in library.ids(written), (paper.type, written)
            assert library.ids(number) <= library.may_have(number)
            assert library.ids(f"{number[:17]}{'0' if number[17] != '0' else '1'}") == set()
            assert library.ids(number[4:16]) == set(), "no part of a number is a word"
        for number in paper.fields("phone"):
            if len(number) == 11 and number.isdecimal():
                assert paper.id in library.ids(number) & library.ids(f"phone:{number}") & library.ids(f"+86{number}")
                assert library.ids(number) <= library.may_have(number)
                assert library.ids(number[2:9]) == set()


# -- filters, facets, pages


def fields_of(paper: Paper, names: tuple[str, ...]) -> set[str]:
    return {value["value"] for name in names for value in paper.item["fields"].get(name, [])}


def test_the_type_filter_takes_several(library):
    assert library.ids("", type="invoice") == library.of_type("invoice")
    assert library.ids("", type=["invoice", "id_card"]) == library.of_type("invoice", "id_card")
    assert library.ids("张伟", type="payment_voucher") == {library.paper("payment_voucher").id}


def test_amounts_are_compared_as_money(library):
    for paper in library.papers:
        assert set(paper.fields("amount")) <= fields_of(paper, ("amount",)), "read as printed"
    amounts = {paper.id: {Decimal(value) for value in fields_of(paper, ("amount",))} for paper in library.papers}
    for low, high in (("10500", "10500.00"), ("10500.01", "600000"), ("500000", "1500000"), ("0", "0.01"), ("1000000", None)):
        bounds = {"amount_min": low} | ({"amount_max": high} if high else {})
        within = {
            item for item, found in amounts.items() if any(Decimal(low) <= each <= Decimal(high or "1e15") for each in found)
        }
        assert library.ids("", **bounds) == within
    assert library.paper("lease_contract").id in library.ids("", amount_min="10500", amount_max="10500")


def test_dates_are_inclusive(library):
    names = ("signed_on", "paid_on", "valid_from", "valid_until")
    days = {paper.id: {date.fromisoformat(value) for value in fields_of(paper, names)} for paper in library.papers}
    signed = date.fromisoformat(library.paper("sale_contract").fields("signed_on")[0])
    for start, end in ((signed, signed), (date(2021, 1, 1), date(2021, 12, 31)), (date(1990, 1, 1), date(1990, 12, 31))):
        within = {item for item, found in days.items() if any(start <= day <= end for day in found)}
        assert library.ids("", **{"from": start.isoformat(), "to": end.isoformat()}) == within
    assert library.paper("sale_contract").id in library.ids("", **{"from": signed.isoformat(), "to": signed.isoformat()})


def test_facets_count_what_was_found(library):
    everything = library.ask("")["facets"]
    assert everything["type"] == {paper.type: 1 for paper in library.papers}
    narrowed = library.ask("张伟")
    assert narrowed["facets"]["type"] == {"sale_contract": 1, "payment_voucher": 1}
    assert sum(narrowed["facets"]["state"].values()) == narrowed["total"]


@pytest.mark.parametrize("sort", ["score", "newest", "oldest"])
def test_pages_by_cursor_show_each_hit_once_and_in_one_order(library, sort):
    whole = [hit["item_id"] for hit in library.ask("", sort=sort)["hits"]]
    client, cursor, paged = library.clients[Role.ARCHIVIST], None, []
    while True:
        params = {"q": "", "limit": 3, "sort": sort} | ({"cursor": cursor} if cursor else {})
        page = client.get("/api/v1/search", params=params).json()
        assert page["total"] == len(PAPERS) and len(page["hits"]) <= 3
        paged += [hit["item_id"] for hit in page["hits"]]
        if (cursor := page["next"]) is None:
            break
    assert paged == whole
    assert client.get("/api/v1/search", params={"q": "", "cursor": "made-up"}).status_code == 422


def test_snippets_show_and_mark_what_was_found(library):
    for hit in library.ask("租赁")["hits"]:
        marked = [snippet.get("text")[start:end] for snippet in hit["snippets"] for start, end in snippet["highlights"]]
        assert marked and {folded(mark) for mark in marked} == {"租赁"}
        for snippet in hit["snippets"]:
            assert len(snippet["boxes"]) >= bool(snippet["highlights"])
            assert all(len(box) == 4 for box in snippet["boxes"])


# -- who may know what


def test_a_clerk_sees_the_own_papers_only_in_hits_totals_and_facets(library):
    for name, client in library.clerks.items():
        own = {paper.id for paper in library.papers if paper.owner == name}
        answer = library.ask("", client)
        assert {hit["item_id"] for hit in answer["hits"]} == own
        assert sum(answer["facets"]["type"].values()) == answer["total"] == len(own)
        for paper in library.papers:
            if paper.owner != name:
                for value in (*paper.fields("name"), *paper.fields("id_number"), *paper.fields("contract_number")):
                    assert library.ask(value, client)["total"] == len(own & library.ids(value))
                assert client.get(f"/api/v1/items/{paper.id}").status_code == 404
                assert client.get(f"/api/v1/items/{paper.id}/text").status_code == 404


@pytest.mark.parametrize("role", [Role.STAFF, Role.DEPARTMENT_HEAD])
def test_whoever_may_not_open_an_item_sees_no_name_and_no_number_of_it(library, role):
    client = library.clients[role]
    rng = random.Random(5)
    names = {value for paper in library.papers for field in NAMES for value in paper.fields(field)}
    people = {name for name in names if len(name) <= 4}
    numbers = {value for paper in library.papers for field in IDENTIFIERS for value in paper.fields(field)}
    assert len(people) > 6 and len(numbers) > 8
    for question in (*sorted(people), *rng.sample(sorted(numbers), 6), "", "租赁", "合同", "电话", "号码"):
        answer = library.ask(question, client)
        assert {hit["item_id"] for hit in answer["hits"]} == library.ids(question), "masked, but found"
        for hit in answer["hits"]:
            shown = folded(hit["title"] + "\n".join(snippet["text"] for snippet in hit["snippets"]))
            assert [name for name in people if name in shown] == [], (question, shown)
            assert [number for number in numbers if folded(number) in shown] == []
    for paper in library.papers:
        item = client.get(f"/api/v1/items/{paper.id}").json()
        told = folded(f"{item['title']}{item['fields']}{item['problems']}")
        assert [name for name in people if name in told] == []
        assert [number for number in numbers if folded(number) in told] == []
        assert client.get(f"/api/v1/items/{paper.id}/text").status_code in (403, 404)
        assert client.get(f"/api/v1/items/{paper.id}/pdf").status_code in (403, 404)


def test_no_number_lies_in_the_index_in_plain(library):
    numbers = [value for paper in library.papers for field in ("id_number", "phone") for value in paper.fields(field)]
    for path in library.desk.settings.index_folder.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        for coding in ("utf-8", "utf-16-le", "utf-16-be"):
            assert [number for number in numbers if number.encode(coding) in content] == []
