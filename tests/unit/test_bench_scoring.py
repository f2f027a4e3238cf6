"""The benchmark's rules of counting, against cases worked out by hand."""

from __future__ import annotations

import os
import subprocess
import sys

from samples import DocumentTruth, PageTruth, Truth
from services.cli.bench.processes import Peaks, cpu_seconds
from services.kernel.paper import DocumentReading, EngineInfo, FieldReading, Line, PageReading
from tests.bench.compare import damage_of
from tests.bench.outcome import outcome
from tests.bench.reading import Made
from tests.bench.scoring import Score, distance, without_stamps

BOX = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


def test_the_distance_is_levenshteins() -> None:
    cases = {
        ("", ""): 0,
        ("", "ab"): 2,
        ("ab", ""): 2,
        ("kitten", "sitting"): 3,
        ("合同编号", "合问编号"): 1,
        ("abc", "bcd"): 2,
    }
    assert {case: distance(*case) for case in cases} == cases


def test_spaces_width_and_line_ends_do_not_count_and_order_only_in_the_rate() -> None:
    score = Score()
    score.add(PageTruth(lines=("合同编号：A1", "甲方")), "甲 方\n合同编号:Ａ1")
    assert (score.missed, score.length) == (0, 9)
    assert score.cer == 4 / 9


def test_what_was_read_in_a_seal_is_left_out_and_nothing_else() -> None:
    truth = PageTruth(lines=("宁波市合同专用条款",), stamps=("宁波海棠置业合同专用章",))
    assert without_stamps(truth, ["宁波市合同专用条款", "宁波海棠置业合同专用", "张伟"]) == ["宁波市合同专用条款", "张伟"]


def test_documents_are_held_against_what_the_reader_itself_cut_and_named() -> None:
    truths = (
        DocumentTruth((1, 2), "sale_contract", {"name": ("张伟", "李娜"), "amount": ("1.00",)}),
        DocumentTruth((3,), "id_card", {"name": ("王芳",)}),
    )
    papers = {number: PageTruth(lines=("买受人", "签 字")) for number in (1, 2, 3)}
    truth = Truth("one.pdf", "pdf", 300, "fax+turned:90, fax", papers, truths)
    pages = tuple(read(number, "签 字" if number == 1 else "买 受 人") for number in (1, 2, 3))
    whole = (
        DocumentReading((1, 2), "sale_contract", 0.9, {"name": (value("李娜", 1), value("王二", 2, 0.99))}),
        DocumentReading((3,), "other", 0.9, {"name": (value("王芳", 3, 0.9),)}),
    )
    told = outcome(Made("one.pdf", pages, whole, {1: "买受人 签 字", 2: "买受 人"}), truth, 0.98)
    assert (told.turned, told.turned_of) == (3, 3)
    assert (told.edges, told.edges_of, told.whole, told.whole_of) == (2, 2, 2, 2)
    assert (told.types, told.types_of) == (1, 2)
    assert (told.fields, told.fields_of) == (2, 4)
    assert (told.found, told.sent, told.sure_wrong) == (3, 1, 1)
    # two on either later page; none between cells, nor where the paper has one
    assert (told.spaces, told.copied_spaces) == (4, 1)
    assert damage_of(truth) == "fax"


def read(number: int, text: str) -> PageReading:
    return PageReading(number, 10, 10, 0, 0.0, False, (Line(text, BOX, 0.9),), EngineInfo("told", "0", "0"))


def value(text: str, page: int, sure: float = 0.99) -> FieldReading:
    return FieldReading("name", text, text, page, BOX, sure, "none")


def test_a_process_is_watched_with_its_children() -> None:
    hungry = "import subprocess, sys; b = bytearray(60_000_000); subprocess.run([sys.executable, '-c', CHILD])"
    child = "b = bytearray(80_000_000); x = sum(range(10**6)); import time; time.sleep(0.5)"
    with (
        subprocess.Popen([sys.executable, "-c", hungry.replace("CHILD", repr(child))]) as process,
        Peaks([process.pid]) as peaks,
    ):
        process.wait()
    assert 140 < peaks.mb[process.pid] < 260
    assert cpu_seconds(os.getpid()) > 0
