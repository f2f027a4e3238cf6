"""Type and fields of many generated documents, on the text as it was written (what is lost after reading is the engine's)."""

from __future__ import annotations

from collections import Counter

import pytest

import samples
from samples.document import Document
from services.kernel.paper import EngineInfo, Line, PageReading
from services.ocr.documents import read_document

SEEDS = range(25)
DPI_300_A4 = (2480, 3508)
FEW = 0.01


def written(document: Document) -> list[PageReading]:
    width, height = DPI_300_A4
    pages = []
    for number, truth in document.page_truths().items():
        lines = [
            Line(
                text, ((a * width, b * height), (c * width, b * height), (c * width, d * height), (a * width, d * height)), 1.0
            )
            for text, (a, b, c, d) in zip(truth.lines, truth.boxes, strict=True)
        ]
        pages.append(PageReading(number, width, height, 0, 0.0, truth.blank, tuple(lines), EngineInfo("written", "0", "0")))
    return pages


@pytest.mark.parametrize("kind", samples.KINDS)
def test_fields_of_generated_paper(kind: str) -> None:
    wrong: Counter[str] = Counter()
    told = 0
    for seed in SEEDS:
        document = samples.make(kind, seed)
        for truth in document.truths:
            pages = [page for page in written(document) if page.number in truth.pages]
            reading = read_document(pages)
            assert reading.type == truth.type
            assert reading.problems == ()
            for name, values in truth.fields.items():
                told += 1
                found = {one.value for one in reading.fields.get(name, ())}
                wrong[name] += found != set(values)
    assert told
    assert sum(wrong.values()) <= FEW * told, wrong
