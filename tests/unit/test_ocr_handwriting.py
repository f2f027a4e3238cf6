"""Handwriting is told from print, and no value of it is ever sure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import samples
from samples.hand import Written
from services.kernel.paper import EngineInfo, Line, PageReading
from services.ocr import pixels as px
from services.ocr.fields import extract
from services.ocr.handwriting import told_apart

DPI = 200


def lines_of(document: samples.Document) -> tuple[tuple[Line, ...], np.ndarray, tuple[bool, ...]]:
    """The lines of the first sheet where its truth has them; its picture; which are by hand."""
    sheet = document.sheets[0]
    picture, truth = np.asarray(sheet.render(DPI)), sheet.truth()
    height, width = picture.shape[:2]
    lines = []
    for text, (left, top, right, bottom) in zip(truth.lines, truth.boxes, strict=True):
        margin = 0.18 * (bottom - top) * height
        x, y, end, foot = left * width - margin, top * height - margin, right * width + margin, bottom * height + margin
        lines.append(Line(text, ((x, y), (end, y), (end, foot), (x, foot)), 0.95))
    return tuple(lines), picture, truth.hand


def told(document: samples.Document) -> tuple[tuple[Line, ...], tuple[bool, ...]]:
    lines, picture, hand = lines_of(document)
    return told_apart(lines, px.grey(picture), px.shrunk(picture, 4)), hand


@pytest.mark.parametrize("kind", ["payment_voucher", "lease_contract", "invoice"])
def test_print_is_no_handwriting(kind: str) -> None:
    lines, _ = told(samples.make(kind, 21))
    assert not any(line.hand for line in lines)


def blue(seed: int) -> samples.Document:
    return samples.by_hand(samples.make("payment_voucher", seed), next(each for each in range(seed, seed + 99) if pen(each)))


def pen(seed: int) -> bool:
    """Whether the hand of this seed writes in blue."""
    marks = samples.by_hand(samples.make("payment_voucher", 1), seed).sheets[0].marks
    written = next(mark for mark in marks if isinstance(mark, Written))
    return bool(written.hand.ink[2] > 90)


@pytest.mark.parametrize("seed", [31, 32, 33])
def test_values_written_with_a_pen_are_found_and_their_labels_are_not(seed: int) -> None:
    lines, hand = told(blue(seed))
    found = [line.hand for line in lines]
    assert sum(a and b for a, b in zip(found, hand, strict=True)) >= 0.6 * sum(hand)
    assert not any(a and not b for a, b in zip(found, hand, strict=True))


def test_no_value_of_a_hand_is_sure_whatever_check_it_passed() -> None:
    texts = ("居民身份证", "姓名：张伟", "公民身份号码：11010519491231002X")
    lines = tuple(
        Line(text, ((100, y), (700, y), (700, y + 40), (100, y + 40)), 0.99, 0.99)
        for y, text in zip((0, 100, 200), texts, strict=True)
    )
    page = PageReading(1, 1654, 2339, 0, 0.0, False, lines, EngineInfo("rapid", "1", "tiny"))
    by_hand = replace(page, lines=(*lines[:2], replace(lines[2], hand=True)))
    (sure,), (doubted,) = (extract([each], "id_card")["id_number"] for each in (page, by_hand))
    assert sure.check == doubted.check == "ok"
    assert sure.confidence > 0.98
    assert doubted.confidence <= 0.9
    assert extract([by_hand], "id_card")["name"][0].confidence == extract([page], "id_card")["name"][0].confidence


def test_the_mark_travels_by_json() -> None:
    line = Line("张伟", ((0, 0), (60, 0), (60, 30), (0, 30)), 0.9, hand=True)
    assert Line.from_json(line.to_json()) == line
    assert "hand" not in replace(line, hand=False).to_json()


def test_by_hand_keeps_what_the_paper_says() -> None:
    printed = samples.make("sale_contract", 5)
    written = samples.by_hand(printed, 5)
    assert [sheet.truth().lines for sheet in written.sheets] == [sheet.truth().lines for sheet in printed.sheets]
    assert written.truths == printed.truths
    assert any(written.sheets[0].truth().hand)
    assert not any(printed.sheets[0].truth().hand)
