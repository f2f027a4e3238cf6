"""A page as it is stored for snippets: what was packed comes out, with the boxes of its lines."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from samples import fonts
from services.kernel.boxes import part_of_box
from services.search import tokens
from services.search.cutting import cut
from services.search.index.pages import pack, unpack

TEXTS = st.text(alphabet="张伟李〇𠮷 GF-2018\n，。㎡ß\u0301", max_size=40).map(tokens.canonical)


def stored(text: str):
    corners = [float(8 * line + corner) for line in range(text.count("\n") + 1) for corner in range(8)]
    return unpack(3, pack(text, cut([text])[0].aligned, corners, {}))


@given(TEXTS)
def test_what_was_packed_comes_out(text):
    page, aligned = stored(text), cut([text])[0].aligned
    assert (page.number, page.text, page.aligned.form) == (3, text, aligned.form)
    assert np.array_equal(page.aligned.starts, aligned.starts)
    assert np.array_equal(page.aligned.shifts, aligned.shifts)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0, 2, [("甲乙", 0.0, 0, 2)]),
        (1, 4, [("甲乙", 0.0, 1, 2), ("丙", 8.0, 0, 1)]),
        (2, 3, []),
        (1, 7, [("甲乙", 0.0, 1, 2), ("丙", 8.0, 0, 1), ("丁", 24.0, 0, 1)]),
        (6, 7, [("丁", 24.0, 0, 1)]),
    ],
)
def test_the_lines_that_a_stretch_touches(start, end, expected):
    page = stored("甲乙\n丙\n\n丁")
    assert [(line, box[0][0], first, last) for line, box, first, last, _ in page.lines(start, end)] == expected


@pytest.mark.parametrize("role", ["song", "hei", "kai"])
@pytest.mark.parametrize(
    "line", ["合同编号", "“合同”编号", "编号：No.2024-001号", "账号6222 0213 0315，户名", "GF-2024合同（一）2024年"]
)
def test_a_part_of_a_box_is_where_type_puts_it(line, role):
    em, whole = 40, fonts.width(line, role)
    box = ((100.0, 10.0), (100.0 + em * whole, 10.0), (100.0 + em * whole, 54.0), (100.0, 54.0))
    for start in range(len(line)):
        left, right, _, _ = part_of_box(line, box, start, len(line))
        assert left[0] == pytest.approx(100 + em * fonts.width(line[:start], role), abs=em / 3)
        assert right[0] == pytest.approx(100 + em * whole, abs=0.1)
