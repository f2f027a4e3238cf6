"""What pages make of the API's shapes: marks, boxes, sizes, addresses, colours."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from services.console import hits, present
from services.console.search import Query
from services.console.visit import local

TOKENS = Path(present.__file__).parent / "static" / "tokens.css"
LINE = {"text": "买受人：张 伟", "box": [[100, 10], [300, 10], [300, 30], [100, 30]]}


def test_a_snippet_is_cut_at_its_highlights_by_characters() -> None:
    assert present.marked("𠮷张伟签", [[1, 3]]) == [("𠮷", False), ("张伟", True), ("签", False)]
    assert present.marked("张伟", [[0, 2]]) == [("张伟", True)]
    assert present.marked("无", []) == [("无", False)]


@pytest.mark.parametrize(
    ("count", "shown"), [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KB"), (150 * 1024, "150 KB"), (3 * 1024**3, "3.0 GB")]
)
def test_sizes(count: int, shown: str) -> None:
    assert present.size(count) == shown


def test_times_are_those_of_the_office() -> None:
    assert present.when("2026-11-24T23:14:25.251303+00:00") == "2026-11-25 07:14"
    assert present.when("2026-11-24T23:14:25Z") == "2026-11-25 07:14"


def test_one_printed_figure_has_one_colour() -> None:
    assert present.percent(0.897) == "90%"
    assert present.trust(0.897) == "sure"
    assert [present.trust(share) for share in (0.8, 0.5)] == ["likely", "doubtful"]


def test_words_are_found_with_the_spaces_that_ocr_put_between() -> None:
    patterns = hits.found_words([{"text": "受人张伟签", "highlights": [[2, 4]]}])
    (box,) = hits.boxes({"lines": [LINE, {"text": "李娜", "box": LINE["box"]}]}, patterns)
    # Six signs of width two and a space: the name takes 5 of 13 units, from the eighth on.
    assert box[0] == pytest.approx([100 + 200 * 8 / 13, 10], abs=0.1)
    assert box[2] == pytest.approx([300, 30], abs=0.1)


def test_a_masked_sign_is_any_sign() -> None:
    patterns = hits.found_words([{"text": "电话 138****1234", "highlights": [[3, 14]]}])
    line = {"text": "电话：13812341234", "box": LINE["box"]}
    assert len(hits.boxes({"lines": [line]}, patterns)) == 1
    assert hits.boxes({"lines": [line | {"text": "13912341234"}]}, patterns) == []


def test_a_column_is_cut_from_top_to_bottom() -> None:
    box = hits.part_of([[0, 0], [20, 0], [20, 100], [0, 100]], "甲乙丙丁", 1, 2)
    assert box == [[0, 25], [20, 25], [20, 50], [0, 50]]


@pytest.mark.parametrize("address", ["/", "/search?q=张伟&page=2", "/items/1#box-name-1"])
def test_local_addresses_are_kept(address: str) -> None:
    assert local(address) == address


@pytest.mark.parametrize(
    "address",
    ["", "search", "//example.com", "https://example.com", "javascript:alert(1)", "/\\example.com", "/\n/x", "///x.com"],
)
def test_other_addresses_lead_to_the_start(address: str) -> None:
    assert local(address) == "/"


def test_a_filter_is_added_to_the_address_and_taken_away_again() -> None:
    query = Query([("q", " 张伟 "), ("type", "invoice"), ("cursor", "abc"), ("first", "21"), ("strange", "x"), ("from", "")])
    assert query.first == 21
    assert query.toggled("type", "bank_slip") == "/search?q=%E5%BC%A0%E4%BC%9F&type=invoice&type=bank_slip"
    assert query.toggled("type", "invoice") == "/search?q=%E5%BC%A0%E4%BC%9F"
    assert query.narrowed == [("type", "invoice")]
    assert ("cursor", "abc") in query.to_api()
    assert query.after("next", 20).endswith("cursor=next&first=41")


def test_amounts_may_be_written_with_separators() -> None:
    assert ("amount_min", "1680000") in Query([("amount_min", "1,680,000")]).to_api()


def schemes() -> list[tuple[str, dict[str, str]]]:
    light, dark = TOKENS.read_text("utf-8").split("@media (prefers-color-scheme: dark)")
    colours = [dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6})", part)) for part in (light, dark)]
    return [("light", colours[0]), ("dark", colours[0] | colours[1])]


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2.2."""
    lights = []
    for colour in (one, other):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        lights.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    return (max(lights) + 0.05) / (min(lights) + 0.05)


@pytest.mark.parametrize(("scheme", "colours"), schemes(), ids=["light", "dark"])
def test_text_and_borders_have_the_contrast_of_wcag_aa(scheme: str, colours: dict[str, str]) -> None:
    texts = [(ink, ground) for ink in ("ink", "ink-soft", "accent") for ground in ("paper", "sheet", "sunken")]
    texts += [(name, f"{name}-soft") for name in ("ok", "warn", "bad", "busy")]
    texts += [(name, "sheet") for name in ("ok", "warn", "bad", "seal")]
    texts += [("accent-ink", "accent"), ("accent-strong", "accent-soft"), ("mark-ink", "mark"), ("ink-soft", "accent-soft")]
    low = {pair: contrast(*(colours[name] for name in pair)) for pair in texts}
    assert {pair: ratio for pair, ratio in low.items() if ratio < 4.5} == {}
    borders = [("line-input", "sheet"), ("line-input", "sunken"), ("focus", "paper"), ("focus", "sheet")]
    assert {pair for pair in borders if contrast(*(colours[name] for name in pair)) < 3} == set()
