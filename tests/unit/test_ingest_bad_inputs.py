"""Each bad input gets the one clear problem it deserves; the parser's child goes on or is replaced."""

import io

import pytest

from services.ingest.examination import examine
from services.ingest.limits import IntakeLimits
from services.kernel.errors import ParserFailed, ParserRefused
from services.kernel.sandbox import Limits, Sandbox
from tests.data.bad_inputs import bad_inputs, encoded, sheet

INPUTS = list(bad_inputs())


SMALL = IntakeLimits(inflated=64 << 20)


@pytest.fixture(scope="module")
def sandbox():
    opened = Sandbox(Limits(cpu_seconds=20))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def impatient():
    opened = Sandbox(Limits(wall_seconds=2.0))
    yield opened
    opened.close()


def test_there_are_enough_and_no_two_have_one_name():
    assert len(INPUTS) >= 45
    assert len({each.name for each in INPUTS}) == len(INPUTS)


@pytest.mark.parametrize("bad", INPUTS, ids=lambda bad: bad.name)
def test_a_bad_input_gets_a_clear_problem(sandbox, impatient, bad):
    try:
        examination = examine(impatient if bad.code == "timeout" else sandbox, io.BytesIO(bad.data), SMALL)
    except ParserRefused as refusal:
        assert (bad.expected, bad.code) == ("rejected", refusal.code), refusal.detail
        message = refusal.detail
    else:
        assert bad.expected == "partial", examination
        assert bad.code in {problem.code for problem in examination.problems}
        assert any(page.problem is None for page in examination.pages)
        message = next(problem.message for problem in examination.problems if problem.code == bad.code)
    assert len(message.split()) > 5 and message.endswith((".", ")"))


def test_after_all_that_a_good_file_is_taken(sandbox):
    examination = examine(sandbox, io.BytesIO(encoded(sheet(), "JPEG", dpi=(75, 75))))
    assert examination.problems == () and not examination.pages[0].blank


class Deaths:
    """A sandbox whose child dies of the named pages."""

    def __init__(self, sandbox, deadly):
        self.sandbox, self.deadly, self.calls = sandbox, deadly, 0

    def call(self, function, source, **params):
        self.calls += 1
        if self.deadly & set(range(params.get("first", 0), params.get("last", -1) + 1)):
            raise ParserFailed("It ended its parser.", code="parser_crashed")
        return self.sandbox.call(function, source, **params)


def stack(count):
    return io.BytesIO(encoded(sheet(), "TIFF", save_all=True, append_images=[sheet()] * (count - 1)))


def test_a_page_that_ends_the_parser_costs_itself_only(sandbox):
    deaths = Deaths(sandbox, {3, 20})
    examination = examine(deaths, stack(40))
    assert [(problem.page, problem.code) for problem in examination.problems] == [
        (3, "parser_crashed"),
        (20, "parser_crashed"),
    ]
    assert [page.number for page in examination.pages] == list(range(1, 41))


def test_a_file_of_nothing_but_deadly_pages_is_given_up(sandbox):
    deaths = Deaths(sandbox, set(range(1, 5000)))
    with pytest.raises(ParserRefused) as caught:
        examine(deaths, stack(40))
    assert caught.value.code == "parser_crashed" and deaths.calls < 10
