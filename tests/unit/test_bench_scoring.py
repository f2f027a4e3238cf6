"""The benchmark's rules of counting, against cases worked out by hand."""

from __future__ import annotations

import os
import subprocess
import sys

from samples import PageTruth
from services.cli.bench.processes import Peaks, cpu_seconds
from tests.bench.scoring import Score, distance, field_matches, without_stamps


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


def test_fields_are_found_when_their_values_are_equal() -> None:
    assert field_matches({"name": ("张伟", "李娜"), "amount": ("1.00",)}, {"name": ["李娜", "王芳"]}) == (1, 3)


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
