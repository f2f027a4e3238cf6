"""Separator sheets cut a stack; nothing leaks over them, nothing is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.cover import Cover, format_cover, parse_cover
from services.ingest.facts import PageFacts
from services.ingest.separators import DocumentPages, split
from services.kernel.paper import DOCUMENT_TYPES, Problem

COVER = format_cover(Cover("三号楼 张伟; 买卖=合同", "sale_contract"))


def pages(sketch):
    """``x`` a page, ``_`` a blank one, ``T`` Patch T, ``C`` a cover sheet, ``!`` an unreadable page."""
    made = []
    for number, kind in enumerate(sketch, 1):
        made.append(
            {
                "x": PageFacts(number, 10, 10),
                "_": PageFacts(number, 10, 10, blank=True),
                "T": PageFacts(number, 10, 10, separator="patch_t"),
                "C": PageFacts(number, 10, 10, separator="cover_sheet", cover=COVER),
                "!": PageFacts(number, problem=Problem("corrupt", "…", number)),
            }[kind]
        )
    return made


@pytest.mark.parametrize(
    ("sketch", "documents", "left_out"),
    [
        ("xxx", [(1, 2, 3)], ()),
        ("x_x_", [(1, 2, 3, 4)], ()),
        ("xTx", [(1,), (3,)], (2,)),
        ("TxxTx", [(2, 3), (5,)], (1, 4)),
        ("xTTx", [(1,), (4,)], (2, 3)),
        ("xT_x", [(1,), (4,)], (2, 3)),  # the separator's own blank back
        ("x_T_x_", [(1, 2), (5, 6)], (3, 4)),
        ("xT__x", [(1,), (4, 5)], (2, 3)),  # only one back belongs to the sheet
        ("xT__T", [(1,)], (2, 3, 4, 5)),
        ("_Tx", [(3,)], (1, 2)),
        ("x!T!", [(1, 2), (4,)], (3,)),
        ("_", [(1,)], ()),
        ("T", [], (1,)),
        ("", [], ()),
    ],
)
def test_split(sketch, documents, left_out):
    stack = split(pages(sketch))
    assert [document.pages for document in stack.documents] == documents
    assert stack.left_out == left_out


def test_a_cover_sheet_tells_of_the_document_behind_it_and_no_other():
    stack = split(pages("xC_x_Tx"))
    assert stack.documents == (
        DocumentPages((1,)),
        DocumentPages((4, 5), (5,), "三号楼 张伟; 买卖=合同", "sale_contract"),
        DocumentPages((7,)),
    )


def test_a_cover_sheet_may_be_followed_by_a_patch_sheet():
    assert split(pages("CTx")).documents[0].type == "sale_contract"


@pytest.mark.parametrize(("sketch", "page"), [("xC", 2), ("CCx", 1), ("C_", 1)])
def test_a_cover_sheet_without_document_is_reported(sketch, page):
    (problem,) = split(pages(sketch)).problems
    assert (problem.code, problem.page) == ("cover_without_document", page)


def test_separators_alone_are_reported():
    assert [problem.code for problem in split(pages("T_T")).problems] == ["no_document"]


@given(st.text(alphabet="x_TC!", max_size=30))
def test_every_page_has_one_place_and_documents_do_not_cross_separators(sketch):
    stack = split(pages(sketch))
    placed = [number for document in stack.documents for number in document.pages] + list(stack.left_out)
    assert sorted(placed) == list(range(1, len(sketch) + 1))
    for document in stack.documents:
        first, last = document.pages[0], document.pages[-1]
        assert document.pages == tuple(range(first, last + 1))
        assert not set(sketch[first - 1 : last]) & set("TC")
    assert not [n for n in stack.left_out if sketch[n - 1] in "x!"]


@given(st.text(max_size=200), st.none() | st.sampled_from(DOCUMENT_TYPES))
def test_cover_text_keeps_any_printable_title(title, kind):
    cover = parse_cover(format_cover(Cover(title, kind)))
    assert cover.type == kind
    assert (cover.title or "") == "".join(c for c in title.strip() if c.isprintable())


@pytest.mark.parametrize(
    ("text", "cover"),
    [
        ("MUNIMENT:COVER", Cover()),
        ("muniment:cover;title=A", Cover("A")),
        ("MUNIMENT:COVER;title=%E5%90%88%E5%90%8C;type=lease_contract", Cover("合同", "lease_contract")),
        ("MUNIMENT:COVER;type=no_such_type;later=1;;=", Cover()),
        ("MUNIMENT:COVER;title=%FF%zz", Cover("\ufffd%zz")),
        ("MUNIMENT:COVERS;title=A", None),
        ("https://example.com/?MUNIMENT:COVER", None),
        ("", None),
    ],
)
def test_cover_text_is_read_with_patience(text, cover):
    assert parse_cover(text) == cover
