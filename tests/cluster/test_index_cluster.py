"""The index on the real engines: what is refused, no room, hand-over under load, keys and certificates, what stays on disk."""

import json
import re
import subprocess
import threading
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from services.kernel.errors import Conflict, Unavailable
from services.search.index.elastic import expunge, generations
from services.search.index.elastic.generations import Pace
from services.search.index.elastic.index import ElasticIndex
from services.search.index.elastic.opening import client, open_index
from services.search.index.elastic.writing import Refused
from tests import engines
from tests.contract.leases import until
from tests.contract.test_search_index import ask, found, item
from tests.indexes import PACE, endpoint, engine_index

ROLES = Path(__file__).parents[2] / "docs/index-engines.md"


@pytest.fixture(params=["elasticsearch", "opensearch"])
def where(request):
    return endpoint(request.param)


@pytest.fixture
def index(where):
    with engine_index(where) as made:
        yield made


def test_a_document_that_is_refused_loses_no_other(index):
    with pytest.raises(Refused, match="i2") as refused:
        index.put([item(1, "合同"), item(2, "合同", department="长" * 20000), item(3, "合同")])
    assert refused.value.items.keys() == {"i2"}
    assert "长" not in refused.value.detail
    assert found(index, "合同") == ["i3", "i1"]


def test_a_rebuild_goes_live_without_what_is_refused_and_says_so(index):
    with pytest.raises(Refused, match="i2"), index.rebuild() as rebuild:
        rebuild.put([item(1, "合同"), item(2, "合同", department="长" * 20000)])
    assert found(index, "合同") == ["i1"]
    with index.rebuild() as rebuild:
        rebuild.put([item(3, "合同")])
    assert found(index, "合同") == ["i3"]


def test_no_room_is_waited_for(where, caplog):
    """An engine holds a tenth of its heap for what is being written, here some 50 MB; this is much more at once."""
    words = " ".join(f"{number:x}" for number in range(700_000))
    bodies = {number: {"item_id": f"i{number}", "named": f"{number} {words}"} for number in range(20)}
    with engine_index(where) as index:
        index.put([])
        assert index.count() == 0
        refused: list[object] = []
        caplog.set_level("INFO")

        def write(number: int) -> None:
            transport = client(replace(where, seconds=120.0))
            alias = f"{where.prefix}-live-{generations.SCHEME}"
            outcomes = list(transport.bulk([({"index": {"_index": alias, "_id": f"i{number}"}}, bodies[number])]))
            refused.extend(outcome for done, outcome in outcomes if not done)
            transport.close()

        writers = [threading.Thread(target=_noting(partial(write, number), refused)) for number in bodies]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        index.put([item(100, "合同")])
        assert caplog.text.count("status:429") > 0
        assert refused == []
        assert index.count() == len(bodies) + 1


def test_nothing_is_lost_and_nothing_returns_while_generations_change(where):
    """One process writes and deletes, one rebuilds from the catalogue, one reads: what was put is found at once, for good."""
    catalogue = {number: item(number, "合同") for number in range(100)}
    done, wrong = threading.Event(), []
    with engine_index(where) as index, ExitStack() as stack:
        writer, reader = (stack.enter_context(_another(where)) for _ in range(2))
        index.put(catalogue.values())

        def write() -> None:
            number = 1000
            while not done.is_set():
                number += 1
                catalogue[number] = item(number, f"别的 {number}")
                writer.put([catalogue[number]])
                if found(writer, str(number)) != [f"i{number}"]:
                    wrong.append(number)

        def read() -> None:
            while not done.is_set():
                if (total := reader.search(ask("合同", limit=1)).total) != 100:
                    wrong.append(("total", total))

        threads = [threading.Thread(target=_noting(work, wrong)) for work in (write, read)]
        for thread in threads:
            thread.start()
        for _ in range(6):
            with index.rebuild() as rebuild:
                rebuild.put(list(catalogue.values()))
        done.set()
        for thread in threads:
            thread.join()
        assert wrong == []
        assert index.count() == len(catalogue) > 110
        assert index.check() == []


def _another(where):
    """The index as another process has it."""
    return closing(ElasticIndex(client(where), where, PACE))


def _noting(work, wrong):
    def run() -> None:
        try:
            work()
        except Exception as error:
            wrong.append(error)

    return run


def test_a_builder_that_is_gone_is_replaced(where):
    with engine_index(where) as index:
        index.put([item(1, "旧")])
        silent = ElasticIndex(client(where), where, Pace(sign=1000, patience=1, grace=0))
        with pytest.raises(Conflict, match="place"), silent.rebuild() as first:
            first.put([item(2, "甲")])
            with index.rebuild() as second:
                second.put([item(3, "乙")])
                with pytest.raises(Conflict, match="place"):
                    first.put([item(4, "甲")])
        assert found(index, "") == ["i3"]
        silent.close()


def test_an_index_of_another_scheme_asks_to_be_rebuilt(where, monkeypatch):
    with engine_index(where) as index:
        index.put([item(1, "旧")])
        monkeypatch.setattr(generations, "SCHEME", "other")
        later = ElasticIndex(client(where), where, PACE)
        for refused in (lambda: later.search(ask("旧")), lambda: later.put([item(2, "新")]), later.count):
            with pytest.raises(Unavailable, match="reindex"):
                refused()
        assert "reindex" in later.check()[0]
        with later.rebuild() as rebuild:
            rebuild.put([item(2, "新")])
        assert found(later, "新") == ["i2"]
        later.close()


def test_brackets_as_deep_as_the_language_allows(index):
    index.put([item(1, "甲乙"), item(2, "甲"), item(3, "丙")])
    deep = "甲"
    for level in range(20):
        deep = f"乙 -({deep})" if level % 2 else f"丁 OR 甲 ({deep})"
    assert found(index, deep) == ["i1"]


def test_a_phrase_longer_than_the_engine_takes_is_told_as_such(index):
    index.put([item(1, "甲乙" * 400)])
    assert found(index, '"' + "甲乙" * 300 + '"') == ["i1"]
    assert found(index, '"' + "甲乙" * 60 + " 1" + '"') == []


def test_a_delete_leaves_nothing_in_the_engines_files(where, monkeypatch):
    secret, signs = "饕餮魑魅", ("饕餮", "餮魑", "qzx", "xkj")
    with engine_index(where) as index:
        index.put(item(number, f"合同 {number}") for number in range(200))
        index.put([item(500, f"{secret} Qzxkjvw", title=f"{secret}", names=("Qzxkjvw",), addresses=(secret,))])
        index.put([item(500, f"{secret} 改 Qzxkjvw", title=f"{secret}")])
        index.put(item(number, f"租赁 {number}") for number in range(200, 400))
        assert found(index, secret) == ["i500"]
        assert all(_files_with(where, sign) for sign in signs)
        index.delete(["i500", "unknown"])
        assert found(index, secret) == []
        assert index.count() == 400
        assert [_files_with(where, sign) for sign in signs] == [[], [], [], []]
        until(lambda: _nothing_is_kept_for_copies(where))
        monkeypatch.setattr(expunge, "_await_leases", lambda *_: pytest.fail("it waits for what no copy needs any more"))
        index.delete(["i7"])


def _nothing_is_kept_for_copies(where) -> bool:
    """Leases of shard copies are renewed each half minute."""
    with closing(client(where)) as admin:
        copies = [copy for _, copy in expunge._copies(admin, f"{where.prefix}-items-*")]
    kept = [lease["retaining_seq_no"] for copy in copies for lease in copy["retention_leases"]["leases"]]
    return min(kept) > max(copy["seq_no"]["max_seq_no"] for copy in copies)


def _files_with(where, text: str) -> list[str]:
    """The engine's data files that hold a stretch of text."""
    admin = client(where)
    nodes = admin.request("GET", "/_nodes/stats/fs")["nodes"].values()
    names = list(admin.request("GET", f"/{where.prefix}-items-*/_alias"))
    ids = [admin.request("GET", f"/{name}/_settings")[name]["settings"]["index"]["uuid"] for name in names]
    admin.close()
    folders = [str(Path(data["path"]) / "indices" / uuid) for node in nodes for data in node["fs"]["data"] for uuid in ids]
    assert all(Path(folder).is_dir() for folder in folders), "the engine runs on this machine and its files can be read"
    return subprocess.run(["grep", "-rlaF", text, *folders], capture_output=True, text=True).stdout.split()


def _roles(prefix: str) -> dict[str, object]:
    """The rights as the documentation gives them."""
    text = re.search(r"```json\n(.*?)```", ROLES.read_text(), re.S)
    assert text
    roles: dict[str, object] = json.loads(text[1].replace("muniment-*", f"{prefix}-*"))
    return roles


@pytest.fixture
def keyed(elasticsearch):
    """The index on Elasticsearch as the holder of a key with one of the documented roles sees it."""
    where = endpoint("elasticsearch")
    made = []

    def open_with(role: str, ca: Path | None = None):
        rights = _roles(where.prefix)[role]
        key = elasticsearch.security.create_api_key(name=f"{where.prefix}-{role}", role_descriptors={role: rights})
        url = f"elasticsearch+{engines.value(engines.ELASTICSEARCH)}/{where.prefix}"
        made.append(open_index(url, api_key=key["encoded"], ca=ca or where.ca))
        return made[-1]

    with engine_index(where):
        yield open_with
        for index in made:
            index.close()


def test_the_documented_rights_are_enough_and_no_more(keyed, elasticsearch):
    indexer, searcher = keyed("indexer"), keyed("searcher")
    indexer.put([item(1, "合同"), item(2, "合同")])
    with indexer.rebuild() as rebuild:
        rebuild.put([item(1, "合同"), item(3, "合同")])
    indexer.delete(["i3"])
    assert indexer.check() == []
    assert found(searcher, "合同") == ["i1"]
    assert searcher.count() == 1
    for forbidden in (lambda: searcher.put([item(4, "合同")]), lambda: searcher.delete(["i1"])):
        with pytest.raises(Unavailable, match="rights"):
            forbidden()
    with pytest.raises(Unavailable, match="rights"), searcher.rebuild():
        pass
    assert found(searcher, "合同") == ["i1"]


def test_a_certificate_of_another_authority_is_not_trusted(keyed, tmp_path):
    from deploy.dev.servers import certificates

    other = tmp_path / "other.pem"
    other.write_text(certificates.issue().authority)
    with pytest.raises(Unavailable, match="index_ca"):
        keyed("searcher", ca=other).count()


def test_a_wrong_key_is_refused():
    where = endpoint("elasticsearch")
    index = open_index(f"elasticsearch+{where.hosts[0]}/{where.prefix}", api_key="d3Jvbmc6d3Jvbmc=", ca=where.ca)
    with pytest.raises(Unavailable, match="key"):
        index.count()
    index.close()
