"""Every index answers as the referee does, forgets what it is told to forget, and is rebuilt without a gap."""

import multiprocessing
import random
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw
import pytest

from services.kernel.errors import Conflict, InvalidInput, Unavailable
from services.search.index import fts5_store
from services.search.index.fts5 import Fts5Index
from services.search.index.port import IndexDocument, IndexPage, Scope, Search
from services.search.query import parse
from tests.contract import corpus
from tests.contract.referee import Referee
from tests.indexes import INDEXES, index_of

ALL = Scope(everything=True)


@pytest.fixture(params=INDEXES)
def index(request, tmp_path):
    with index_of(request.param, tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def archive():
    return corpus.documents(seed=7, count=300)


@pytest.fixture(scope="module", params=INDEXES)
def filled(request, archive, tmp_path_factory):
    with index_of(request.param, tmp_path_factory.mktemp("index")) as made:
        made.put(archive)
        yield made


def ask(text: str, **more) -> Search:
    return Search(parse(text, corpus.KEYS.digest), **({"scope": ALL} | more))


def found(index, text: str, **more) -> list[str]:
    return [hit.item_id for hit in index.search(ask(text, limit=200, **more)).hits]


def item(number: int, *pages: str, **more) -> IndexDocument:
    """An item whose pages are given as text, lines parted by a newline."""
    return IndexDocument(
        **{
            "item_id": f"i{number}",
            "owner_id": "owner",
            "department": "销售部",
            "reference_code": "",
            "type": "other",
            "title": "",
            "state": "ARCHIVED",
            "received_at": datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=number),
            "pages": tuple(
                IndexPage(n, tuple((line, corpus.box(row)) for row, line in enumerate(text.split("\n"))))
                for n, text in enumerate(pages, 1)
            ),
        }
        | more
    )


def all_pages(index, search: Search, limit: int):
    """Every hit by following the cursors, and the first page."""
    first = answer = index.search(Search(search.query, search.scope, search.filters, search.sort, None, limit))
    hits = list(answer.hits)
    while answer.next:
        answer = index.search(Search(search.query, search.scope, search.filters, search.sort, answer.next, limit))
        assert answer.total == first.total
        hits += answer.hits
    return first, hits


def test_a_document_of_an_earlier_moment_never_replaces_one_of_a_later(index):
    """A worker that stood still between reading the catalogue and writing the index comes too late."""
    index.put([item(1, "新的", as_of=7), item(2, "合同", as_of=7)])
    index.put([item(1, "旧的", as_of=6), item(2, "改过", as_of=8), item(3, "别的", as_of=6)])
    assert [found(index, word) for word in ("旧的", "新的", "改过", "合同", "别的")] == [[], ["i1"], ["i2"], [], ["i3"]]
    index.put([item(1, "重做", as_of=7)])
    assert (found(index, "重做"), index.count()) == (["i1"], 3)


@pytest.mark.parametrize("seed", range(8))
def test_answers_are_the_referees(filled, archive, seed):
    rnd = random.Random(seed)
    referee = Referee(archive)
    matched = 0
    for _ in range(50):
        text = corpus.query(rnd, archive)
        try:
            tree = parse(text, corpus.KEYS.digest)
        except InvalidInput:
            continue
        search = Search(tree, corpus.scope(rnd), corpus.filters(rnd), rnd.choice(["score", "newest", "oldest"]))
        expected, facets = referee.answer(search)
        first, hits = all_pages(filled, search, rnd.choice([1, 7, 200]) if len(expected) < 40 else 50)
        assert [(hit.item_id, hit.score) for hit in hits] == expected, text
        assert first.total == len(expected), text
        assert first.facets == facets, text
        matched += bool(expected)
    assert matched > 15


TEXTS = {
    1: ["合同编号：GF-2024-00123\n买受人：张 伟", "第二页 李"],
    2: ["合同编号：ＧＦ－２０２４－００４５６\n出卖人：王小伟", "娜敏"],
    3: ["张\n伟与李娜，约定", "总价 1,680,000.00 元 Total PRICE"],
    4: ["𠮷野家 二○二四年\n李", "娜 完"],
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("伟", {1, 2, 3}),
        ("张", {1, 3}),
        ("𠮷", {4}),
        ("张伟", {1, 3}),
        ('"张 伟"', {1, 3}),
        ("小伟", {2}),
        ("李娜", {3}),
        ("娜，约", {3}),
        ("娜约", set()),
        ("00123", {1}),
        ("012", {1}),
        ("2024-001", {1}),
        ("GF-2024", {1, 2}),
        ("f-2024-0", {1, 2}),
        ("２０２４－００４", {2}),
        ("gf－2024－00456", {2}),
        ("1680000", {3}),
        ("1,680,000", {3}),
        ("price", {3}),
        ("二〇二四年", {4}),
        ("伟 -张", {2}),
        ("伟 NOT 张伟", {2}),
        ("NOT 伟", {4}),
        ("-伟 -二", set()),
        ("小伟 OR 娜", {2, 3, 4}),
        ("(小伟 OR 李娜) 约定", {3}),
        ("张伟 李", {1, 3}),
        ("伟 总价", {3}),
        ('"合同编号 GF"', {1, 2}),
        ("2024", {1, 2}),
        ("99999", set()),
        ("", {1, 2, 3, 4}),
    ],
)
def test_what_people_ask(index, text, expected):
    index.put(item(number, *pages) for number, pages in TEXTS.items())
    assert set(found(index, text)) == {f"i{number}" for number in expected}


def test_a_phrase_does_not_cross_pages_or_values(index):
    index.put([item(1, "张", "伟", fields={"party_buyer": ["王小", "娜"]}), item(2, "2024", "001")])
    assert found(index, "张伟") == found(index, "小娜") == found(index, "2024-001") == []
    assert found(index, "张 伟") == ["i1"]


def test_putting_again_replaces(index):
    index.put([item(1, "旧文"), item(2, "别的")])
    index.put([item(1, "新字", state="DUE")])
    assert found(index, "旧文") == []
    assert found(index, "新字") == found(index, "state:DUE") == ["i1"]
    assert index.count() == 2
    assert index.check() == []


def test_identifiers_are_found_whole_and_only_whole(index):
    number = "11010519491231002X"
    index.put(
        [item(1, f"身份证号 {number} 电话 13812345678", lookups={"id_number": [corpus.KEYS.digest("id_number", number)]})]
    )
    assert found(index, number) == found(index, "id_number:110105 19491231 002x".replace(" ", "")) == ["i1"]
    assert found(index, "19491231") == found(index, "12345678") == []
    assert index.search(ask(number)).hits[0].snippets[0].text == "身份证号 1****************X 电话 138****5678"
    start, end = index.search(ask(number)).hits[0].snippets[0].highlights[0]
    assert (start, end) == (5, 23)


def test_an_amount_is_found_whole(index):
    index.put(
        [item(1, "", fields={"amount": ["1680000.00", "illegible", "NaN"]}), item(2, "", fields={"amount": ["11680000.00"]})]
    )
    assert found(index, "amount:1,680,000") == found(index, "金额：1680000.00元") == ["i1"]


def test_what_the_caller_may_not_see_is_not_counted(index):
    index.put(
        [item(1, "张伟", owner_id="a"), item(2, "张伟", owner_id="b", department="财务部"), item(3, "张伟", owner_id="c")]
    )
    for scope, expected in [
        (Scope(), []),
        (Scope(owners=frozenset({"a"})), ["i1"]),
        (Scope(owners=frozenset({"a"}), departments=frozenset({"财务部"})), ["i2", "i1"]),
        (Scope(items=frozenset({"i3"})), ["i3"]),
        (ALL, ["i3", "i2", "i1"]),
    ]:
        for text in ("张伟", "", "NOT 李"):
            page = index.search(ask(text, scope=scope))
            assert [hit.item_id for hit in page.hits] == expected
            assert page.total == sum(page.facets["type"].values()) == len(expected)


def test_scores_tell_nothing_of_other_peoples_items(index):
    scope = Scope(owners=frozenset({"a"}))
    index.put([item(1, "张伟 合同", owner_id="a"), item(2, "合同", owner_id="a")])
    before = index.search(ask("张伟 OR 合同", scope=scope))
    index.put(item(number, "张伟", owner_id="b") for number in range(10, 60))
    assert index.search(ask("张伟 OR 合同", scope=scope)) == before


def test_snippets_show_the_hit_with_its_box(index):
    index.put([item(1, "甲" * 100, "买受人：张 伟\n签字")])
    (snippet,) = index.search(ask("张伟 -无")).hits[0].snippets
    start, end = snippet.highlights[0]
    assert (snippet.page, snippet.text[start:end]) == (2, "张 伟")
    (box,) = snippet.boxes
    left, right = corpus.box(0)[0][0], corpus.box(0)[1][0]
    assert left < box[0][0] < box[1][0] == right
    assert box[0][1] == corpus.box(0)[0][1]


def test_a_hit_across_lines_has_a_box_on_each(index):
    index.put([item(1, "与张\n伟约")])
    (snippet,) = index.search(ask("张伟")).hits[0].snippets
    assert snippet.text == "与张 伟约"
    assert snippet.highlights == ((1, 4),)
    assert [box[0][1] for box in snippet.boxes] == [corpus.box(0)[0][1], corpus.box(1)[0][1]]


def test_names_and_addresses_are_found_and_shown_masked(index):
    address = "北京市朝阳区建国路1号"
    index.put([item(1, f"买受人：张 伟，住{address}", title="张伟的合同", names=("张伟",), addresses=(address,))])
    hit = index.search(ask("合同 买受人")).hits[0]
    assert hit.title == "张*的合同"
    assert hit.snippets[0].text == "买受人：张 *，住北京市朝阳区*****"
    (snippet,) = index.search(ask("张伟 朝阳区建国路")).hits[0].snippets
    assert [snippet.text[start:end] for start, end in snippet.highlights] == ["张 *", "朝阳区***"]


def test_at_most_three_snippets_that_show_every_word(index):
    index.put([item(1, *(["约定" + "。" * 80] * 5), "违约", "押金")])
    snippets = index.search(ask("约定 违约 押金")).hits[0].snippets
    assert [snippet.page for snippet in snippets] == [1, 6, 7]
    assert all(len(snippet.text) <= 60 for snippet in snippets)


@pytest.mark.parametrize(
    "bad",
    [
        *("x", "####", "", "WzEsInNjb3JlIiwiYSIsMSwiaSJd", "W10", "é"),
        *("WzEsInNjb3JlIixOYU4sMSwiaSJd", "WzEsInNjb3JlIiwxZTMwMCwxLCJpIl0"),  # a score that is no number, or absurd
        "WzEsInNjb3JlIiwwLjAsOTk5OTk5OTk5OTk5OTk5OTk5OTk5LCJpIl0",  # a time that is
    ],
)
def test_a_bad_cursor_is_refused(filled, bad):
    with pytest.raises(InvalidInput):
        filled.search(ask("合同", cursor=bad))


def test_a_cursor_belongs_to_its_order(filled):
    following = filled.search(ask("合同", limit=1)).next
    with pytest.raises(InvalidInput, match="order"):
        filled.search(ask("合同", cursor=following, sort="newest"))


@pytest.mark.parametrize("limit", [0, -1, 201])
def test_a_bad_limit_is_refused(filled, limit):
    with pytest.raises(InvalidInput, match="limit"):
        filled.search(ask("合同", limit=limit))


def test_paging_stays_whole_while_others_write(index):
    index.put(item(number, "合同") for number in range(10))
    first = index.search(ask("合同", limit=4))
    index.put([item(50, "合同"), item(51, "合同 张伟")])
    rest = index.search(ask("合同", limit=50, cursor=first.next))
    assert [hit.item_id for hit in (*first.hits, *rest.hits)] == [f"i{number}" for number in range(9, -1, -1)]


def residue(folder: Path, signs: str, stretches: list[bytes]) -> list[object]:
    """Terms in the decoded full-text index that hold one of ``signs``, and ``stretches`` of bytes in any file."""
    found: list[object] = []
    for path in folder.glob("index-*.db"):
        with closing(apsw.Connection(str(path))) as connection:
            for table in ("words", "named"):
                connection.execute(f"CREATE VIRTUAL TABLE temp.of_{table} USING fts5vocab('main', '{table}', 'row')")
                terms = connection.execute(f"SELECT term FROM of_{table}")
                found += [term for (term,) in terms if set(term) & set(signs)]
    for path in folder.iterdir():
        content = path.read_bytes()
        found += [(path.name, stretch) for stretch in stretches if stretch in content]
    return found


def packed_pages(folder: Path) -> list[bytes]:
    """The packed content of every page."""
    (path,) = folder.glob("index-*.db")
    with closing(apsw.Connection(str(path))) as connection:
        return [bytes(content) for (content,) in connection.execute("SELECT content FROM page")]


def test_a_delete_leaves_nothing_behind(tmp_path, archive):
    index = Fts5Index(tmp_path)
    index.put(archive[:150])
    before = packed_pages(tmp_path)
    index.put([item(1, "饕餮 魑魅魍魉\nQZxkj-1", title="鬯鬯", names=("饕餮",), fields={"party_buyer": ["魑魅"]})])
    index.put([item(1, "饕餮 魑魅魍魉 魍魉\nQZxkj-2", title="鬯鬯", lookups={"phone": ["feedbeef" * 4]})])
    secret = [word.encode() for word in ("饕餮", "魑魅", "魍魉", "鬯鬯", "qzxkj", "QZxkj", "feedbeef")]
    secret += [content for content in packed_pages(tmp_path) if content not in before]
    index.put(archive[150:])
    assert len(residue(tmp_path, "饕餮魑魅魍魉鬯", secret)) > len(secret)
    assert found(index, "饕餮") == ["i1"]
    index.delete(["i1", "unknown"])
    assert found(index, "饕餮") == found(index, "鬯") == []
    assert residue(tmp_path, "饕餮魑魅魍魉鬯", secret) == []
    assert index.count() == len(archive)
    assert index.check() == []
    index.close()


def test_every_delete_in_an_archive_leaves_nothing_behind(tmp_path, archive):
    index = Fts5Index(tmp_path)
    rare = [chr(0x5000 + n) for n in range(60)]
    index.put(item(n, f"{rare[n]}合同{rare[n]}" * 20, title=rare[n]) for n in range(60))
    index.put(archive[:100])
    index.delete([f"i{n}" for n in range(0, 60, 2)])
    assert residue(tmp_path, "".join(rare[::2]), [f"{sign}合".encode() for sign in rare[::2]]) == []
    assert all(found(index, sign) for sign in rare[1::2])
    index.close()


def test_a_delete_that_was_cut_short_is_finished_by_the_next(tmp_path, monkeypatch):
    index = Fts5Index(tmp_path)
    index.put([item(1, "饕餮"), item(2, "合同")])
    with monkeypatch.context() as broken:
        broken.setattr(fts5_store, "compact", lambda *_: (_ for _ in ()).throw(apsw.IOError("full")))
        with pytest.raises(Unavailable):
            index.delete(["i1"])
    index.delete(["i1"])
    assert residue(tmp_path, "饕餮", ["饕餮".encode()]) == []
    assert found(index, "合同") == ["i2"]
    index.close()


def test_no_file_of_the_index_can_be_read_by_others(tmp_path):
    index = Fts5Index(tmp_path / "index")
    index.put([item(1, "合同")])
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "index").glob("index*"))
    index.close()


def test_nothing_is_left_of_what_was_deleted_and_expunged(index):
    index.put([item(1, "饕餮 合同"), item(2, "合同"), item(3, "魑魅")])
    assert len(index.residue(["i1", "i3", "unknown"])) == 2
    index.delete(["i1"], expunge=False)
    assert found(index, "饕餮") == [] and found(index, "合同") == ["i2"]
    index.delete(["i3"], expunge=False)
    index.expunge()
    index.expunge()
    assert index.residue(["i1", "i3"]) == [] and len(index.residue(["i2"])) == 1
    assert found(index, "合同") == ["i2"]


def test_what_lies_in_the_slack_or_in_terms_without_a_document_is_residue(tmp_path):
    """Embedded only: its files can be damaged from here."""
    index = Fts5Index(tmp_path)
    index.put([item(1, "饕餮 合同"), item(2, "合同")])
    index.delete(["i1"], expunge=False)
    assert any("slack" in each for each in index.residue(["i1"]))
    index.expunge()
    assert index.residue(["i1"]) == []
    (path,) = tmp_path.glob("index-*.db")
    with closing(fts5_store.connect(path)) as connection:
        connection.execute("INSERT INTO words (rowid, text) VALUES (99, '饕餮')")
    assert any("terms" in each for each in index.residue(["i1"]))
    index.close()


def test_a_rebuild_takes_the_place_at_once(index):
    index.put([item(1, "旧"), item(2, "旧")])
    with index.rebuild() as rebuild:
        rebuild.put([item(2, "新")])
        assert index.count() == 2
        with pytest.raises(Conflict), index.rebuild():
            pass
    assert index.count() == 1
    assert found(index, "新") == ["i2"]
    assert index.check() == []


def test_what_happens_during_a_rebuild_wins(index):
    with index.rebuild() as rebuild:
        index.put([item(1, "新"), item(2, "新")])
        index.delete(["i3", "i2"])
        rebuild.put([item(1, "旧"), item(2, "旧"), item(3, "旧"), item(4, "旧")])
    assert found(index, "新") == ["i1"]
    assert found(index, "旧") == ["i4"]


def test_a_failed_rebuild_changes_nothing(index):
    index.put([item(1, "合同")])
    with pytest.raises(RuntimeError), index.rebuild() as rebuild:
        rebuild.put([item(2, "合同")])
        raise RuntimeError
    assert found(index, "合同") == ["i1"]
    with index.rebuild() as rebuild:
        rebuild.put([item(3, "合同")])
    assert found(index, "合同") == ["i3"]


def test_there_is_no_gap_while_it_is_rebuilt_and_written(index):
    kept = [item(number, "合同") for number in range(30)]
    index.put(kept)
    done = threading.Event()
    wrong: list[object] = []

    def search() -> None:
        while not done.is_set():
            try:
                page = index.search(ask("合同", limit=1))
                if page.total != 30:
                    wrong.append(page.total)
            except Exception as error:
                wrong.append(error)

    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for round_ in range(5):
            with index.rebuild() as rebuild:
                rebuild.put(kept)
                index.put([item(100 + round_, "别的")])
            if round_ == 2:  # once, as an engine takes half a minute to let go of what is new
                index.delete([f"i{100 + number}" for number in range(3)])
    finally:
        done.set()
    for thread in threads:
        thread.join()
    assert wrong == []


def _write(folder: str, first: int) -> None:
    index = Fts5Index(Path(folder))
    for number in range(first, first + 20):
        index.put([item(number, "合同")])
        if number % 5 == 0:
            index.delete([f"i{number}"])


def test_several_processes_write_and_read(tmp_path):
    index = Fts5Index(tmp_path)
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=_write, args=(str(tmp_path), first)) for first in (0, 100)]
    for process in processes:
        process.start()
    seen = 0
    while any(process.is_alive() for process in processes):
        seen = index.search(ask("合同", limit=1)).total
    for process in processes:
        process.join()
        assert process.exitcode == 0
    assert seen <= index.count() == len(found(index, "合同")) == 32
    index.close()


def test_an_index_of_another_scheme_asks_to_be_rebuilt(tmp_path, monkeypatch):
    index = Fts5Index(tmp_path)
    index.put([item(1, "合同")])
    monkeypatch.setattr(fts5_store, "LAYOUT", "0")
    other = Fts5Index(tmp_path)
    with pytest.raises(Unavailable, match="reindex"):
        other.search(ask("合同"))
    assert "reindex" in other.check()[0]
    with other.rebuild() as rebuild:
        rebuild.put([item(2, "合同")])
    assert found(other, "合同") == ["i2"]
    index.close()
    other.close()
