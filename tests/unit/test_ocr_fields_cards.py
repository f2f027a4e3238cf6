"""Two identity cards on one page: what stands on each is of one person."""

from __future__ import annotations

from dataclasses import replace

import pytest

import samples
from services.kernel.paper import PageReading
from services.ocr.documents import read_document
from services.ocr.fields import cards
from services.ocr.fields.dates import find_dates
from tests.unit.test_ocr_fields_samples import written

SEEDS = range(60)


@pytest.mark.parametrize("seed", SEEDS)
def test_each_card_says_what_stands_on_it(seed):
    document = samples.make("id_cards", seed)
    reading = read_document(written(document))
    assert reading.type == "id_card" and reading.problems == ()
    for name, values in document.truths[0].fields.items():
        assert [one.value for one in reading.fields[name]] == list(dict.fromkeys(values)), name
    assert {one.check for one in reading.fields["id_number"]} == {"ok"}


def test_one_card_on_a_page_is_the_page():
    pages = written(samples.make("id_card", 3))
    assert cards.apart(pages) == [tuple(pages)]
    assert cards.apart([]) == [()]


def test_a_birth_date_is_compared_with_the_number_of_its_own_card_and_no_other():
    """Exchanged between the two cards, each date is one that stands on the page, beside the other number."""
    page = exchanged(written(samples.make("id_cards", 3))[0])
    reading = read_document([page])
    assert [one.check for one in reading.fields["id_number"]] == ["failed", "failed"]
    assert {problem.code for problem in reading.problems} == {"id_number_contradicts"}


def exchanged(page: PageReading) -> PageReading:
    """The page with the first two birth dates in each other's place."""
    dates = [index for index, line in enumerate(page.lines) if "年" in line.text and list(find_dates(line.text))][:2]
    texts = [page.lines[index].text for index in reversed(dates)]
    lines = list(page.lines)
    for index, text in zip(dates, texts, strict=True):
        lines[index] = replace(lines[index], text=text)
    assert texts[0] != texts[1]
    return replace(page, lines=tuple(lines))
