"""Each bad input gets the one clear problem it deserves; the parser's child goes on or is replaced."""

import io
import time

import pytest

from services.ingest.examination import examine
from services.kernel.errors import ParserRefused
from services.kernel.sandbox import Limits, Sandbox
from tests.data.bad_inputs import bad_inputs, encoded, sheet

INPUTS = list(bad_inputs())


@pytest.fixture(scope="module")
def sandbox():
    opened = Sandbox(Limits(wall_seconds=4.0))
    yield opened
    opened.close()


def test_there_are_enough_and_no_two_have_one_name():
    assert len(INPUTS) >= 45
    assert len({each.name for each in INPUTS}) == len(INPUTS)


@pytest.mark.parametrize("bad", INPUTS, ids=lambda bad: bad.name)
def test_a_bad_input_gets_a_clear_problem(sandbox, bad):
    started = time.monotonic()
    try:
        examination = examine(sandbox, io.BytesIO(bad.data))
    except ParserRefused as refusal:
        assert (bad.expected, bad.code) == ("rejected", refusal.code), refusal.detail
        message = refusal.detail
    else:
        assert bad.expected == "partial", examination
        assert bad.code in {problem.code for problem in examination.problems}
        assert any(page.problem is None for page in examination.pages)
        message = next(problem.message for problem in examination.problems if problem.code == bad.code)
    assert len(message.split()) > 5 and message.endswith((".", ")"))
    assert time.monotonic() - started < 6


def test_after_all_that_a_good_file_is_taken(sandbox):
    examination = examine(sandbox, io.BytesIO(encoded(sheet(), "JPEG", dpi=(75, 75))))
    assert examination.problems == () and not examination.pages[0].blank
