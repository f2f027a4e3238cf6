"""The index on an engine, as far as it can be judged without one: addresses, questions, errors, refusals."""

import base64
import json
import socket
import time
from datetime import date
from pathlib import Path

import pytest

from services.kernel.config import Settings
from services.kernel.errors import Conflict, InvalidInput, Unavailable
from services.parts import search_index
from services.search.index.cursor import Position
from services.search.index.elastic import dsl, schema, writing
from services.search.index.elastic.transport import Endpoint, EngineError
from services.search.index.elastic.writing import Refused
from services.search.index.port import Filters, Scope, Search
from services.search.index.prepared import prepare
from services.search.query import parse
from tests.contract import corpus

ALL = Scope(everything=True)


def asked(text: str, **more) -> dict:
    search = Search(parse(text, corpus.KEYS.digest), **({"scope": ALL} | more))
    return dsl.request(search, None)


def test_an_address_is_read():
    url = "elasticsearch+https://me:p%40ss@a:9200,b:9201/archive?shards=2&replicas=1&seconds=5"
    read = Endpoint.parse(url, ca=Path("/ca.pem"))
    assert read.hosts == ("https://a:9200", "https://b:9201")
    assert (read.engine, read.prefix, read.basic) == ("elasticsearch", "archive", ("me", "p@ss"))
    assert (read.shards, read.replicas, read.seconds, read.ca) == (2, "1", 5.0, Path("/ca.pem"))
    assert "p@ss" not in repr(read)
    plain = Endpoint.parse("opensearch+http://host:9200")
    assert (plain.prefix, plain.basic, plain.hosts) == ("muniment", None, ("http://host:9200",))


@pytest.mark.parametrize(
    "url",
    [
        "https://host:9200",
        "elasticsearch://host:9200",
        "solr+https://host:9200",
        "elasticsearch+https://",
        "elasticsearch+https://host?shards=many",
        "elasticsearch+https://host?colour=red",
    ],
)
def test_another_address_is_refused(url):
    with pytest.raises(InvalidInput, match="index_url"):
        Endpoint.parse(url)


def test_opensearch_takes_no_api_key():
    with pytest.raises(InvalidInput, match="password"):
        Endpoint.parse("opensearch+https://host:9200", api_key="key")


@pytest.mark.parametrize("engine", ["elasticsearch", "opensearch"])
def test_an_engine_that_is_away_is_told_at_once_and_hinders_no_start(engine, tmp_path, monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda seconds: pytest.fail("it waits"))
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"{engine}+http://127.0.0.1:{closed.getsockname()[1]}"
        index = search_index(Settings(data=tmp_path / "data", index_url=url))
        for question in (
            index.count,
            lambda: index.put([]),
            lambda: index.delete(["i1"]),
            lambda: index.search(Search(parse("", corpus.KEYS.digest), ALL)),
        ):
            with pytest.raises(Unavailable, match="reached"):
                question()
        with pytest.raises(Unavailable, match="reached"), index.rebuild():
            pass
        assert "reached" in index.check()[0]
        index.close()


def test_who_may_see_nothing_asks_nothing(tmp_path):
    index = search_index(Settings(data=tmp_path / "data", index_url="opensearch+http://127.0.0.1:1"))
    assert index.search(Search(parse("", corpus.KEYS.digest), Scope())).total == 0
    index.close()


def test_words_are_our_tokens_and_never_the_engines_syntax():
    body = json.dumps(asked('"张伟) OR *:* {" -x* contract_number:GF-2024'), ensure_ascii=False)
    assert "*:*" not in body and "{\\" not in body and "query_string" not in body
    assert "张伟 伟¦ or" in body


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("张伟", {"match_phrase": {"named": "张伟"}}),
        ("伟", {"prefix": {"named": "伟"}}),
        ("张伟 PD", {"prefix": {"named": "pd"}}),
        ('"张伟 PD"', {"match_phrase_prefix": {"named": {"query": "张伟 伟¦ pd", "max_expansions": 65536}}}),
        ("2024-001", {"match_phrase": {"named": "202 024 24¦ 4¦ 001"}}),
    ],
)
def test_a_fragment_is_a_phrase_and_its_short_end_a_prefix(text, query):
    assert {"constant_score": {"filter": query}} in asked(text)["query"]["bool"]["should"]


def test_only_named_words_score_and_only_where_the_order_asks():
    assert len(asked("甲 乙 丙 -丁 type:invoice title:戊 甲")["query"]["bool"]["should"]) == 3
    assert asked("甲 乙", sort="newest")["query"]["bool"]["should"] == []
    assert len(asked(" ".join("甲乙丙丁戊己庚辛壬癸"))["query"]["bool"]["should"]) == 8


def test_what_may_be_seen_and_what_is_asked_for_only_filter():
    filters = Filters(types=("invoice",), date_from=date(2024, 3, 1), amount_max=10**30)
    found = asked("", scope=Scope(owners=frozenset({"b", "a"}), items=frozenset({"i"})), filters=filters)["query"]["bool"][
        "filter"
    ]
    seen = {"bool": {"should": [{"terms": {"owner_id": ["a", "b"]}}, {"terms": {"item_id": ["i"]}}], "minimum_should_match": 1}}
    assert seen in found and dsl.PRESENT in found
    assert {"terms": {"type": ["invoice"]}} in found
    assert {"range": {"days": {"gte": "2024-03-01"}}} in found
    assert {"range": {"amounts": {"lte": 2**63 - 1}}} in found


def test_a_cursor_is_the_engines_search_after():
    for sort, after in (("score", [2.0, 7, "i"]), ("newest", [7, "i"]), ("oldest", [7, "i"])):
        search = Search(parse("甲", corpus.KEYS.digest), ALL, sort=sort)
        body = dsl.request(search, Position(2.0, 7, "i"))
        assert body["search_after"] == after
        assert len(body["sort"]) == len(after)
        assert body["size"] == 21


def deepest(query: object) -> int:
    if isinstance(query, dict):
        return max((deepest(value) + (key in ("bool", "nested")) for key, value in query.items()), default=0)
    return max(map(deepest, query), default=0) if isinstance(query, list) else 0


def test_no_query_is_deeper_than_the_engine_parses():
    text = "甲"
    for level in range(20):
        text = f"乙 -({text})" if level % 2 else f"丁 OR 甲 ({text})"
    body = asked(text)
    inner = json.dumps(body)
    assert deepest(body) < 30 and '"wrapper"' in inner
    wrapped = inner.split('"wrapper": {"query": "')[1].split('"')[0]
    assert deepest(json.loads(base64.b64decode(wrapped))) < 30


def test_a_document_holds_its_tokens_its_pages_apart_and_no_identifier():
    rnd_document = corpus.documents(seed=1, count=1)[0]
    made = schema.document(prepare(rnd_document))
    assert made.keys() <= schema.MAPPINGS["properties"].keys()
    assert made["in"].keys() <= schema.MAPPINGS["properties"]["in"]["properties"].keys()
    assert [page["number"] for page in made["pages"]] == [page.number for page in rnd_document.pages]
    assert rnd_document.fields["phone"][0] not in json.dumps(made)
    assert set(made["named"]) == {stream for streams in made["in"].values() for stream in streams}


@pytest.mark.parametrize(
    ("status", "error", "kind", "says"),
    [
        (503, {"type": "search_phase_execution_exception"}, Unavailable, "HTTP 503"),
        (403, {"type": "security_exception"}, Unavailable, "rights"),
        (400, {"type": "x", "root_cause": [{"type": "too_many_nested_clauses"}]}, InvalidInput, "Shorten"),
        (429, "busy", Unavailable, "HTTP 429"),
    ],
)
def test_an_engines_error_is_told_without_its_words(status, error, kind, says):
    told = EngineError(status, {"error": error} if error != "busy" else "<html>张伟</html>").told()
    assert isinstance(told, kind) and says in told.detail and "张伟" not in told.detail


def outcome(operation: str, status: int, kind: str = "") -> tuple[bool, dict]:
    item = {"_id": "i1", "status": status} | ({"error": {"type": kind, "reason": "张伟"}} if kind else {})
    return status < 300, {operation: item}


def test_outcomes_are_looked_at_one_by_one():
    fine = [
        outcome("index", 201),
        outcome("delete", 404),
        outcome("create", 409, "version_conflict_engine_exception"),
        outcome("delete", 409, "version_conflict_engine_exception"),
        outcome("index", 404, "index_not_found_exception"),
    ]
    assert writing.refusals(fine) == {}
    assert writing.refusals([*fine, outcome("index", 400, "document_parsing_exception")]) == {
        "i1": "document_parsing_exception"
    }
    with pytest.raises(Unavailable, match="1 document"):
        writing.refusals([*fine, outcome("index", 429, "es_rejected_execution_exception")])
    with pytest.raises(Conflict):
        writing.refusals([outcome("create", 404, "index_not_found_exception")], moved=Conflict("gone"))


def test_a_refusal_names_the_documents_and_not_what_is_in_them():
    error = Refused({f"i{number}": "document_parsing_exception" for number in range(12)})
    assert "12 document(s): i0 (document_parsing_exception)" in error.detail
    assert "and 2 more" in error.detail
