"""The boxes that a form rules on its page."""

import cv2
import numpy as np
import pytest

from services.ocr.frames import ruled_boxes

DPI = 150.0


def form(tilt: float = 0.0) -> np.ndarray:
    """Two rows of a caption and a value, 60 and 120 pixels high, in a page of 1240 × 1754."""
    page = np.full((1754, 1240), 245, np.uint8)
    for left, right in ((200, 400), (400, 1000)):
        for top, bottom in ((300, 360), (360, 480)):
            cv2.rectangle(page, (left, top), (right, bottom), 30, 2)
    cv2.putText(page, "text that is no rule", (420, 340), cv2.FONT_HERSHEY_SIMPLEX, 1, 20, 2)
    turn = cv2.getRotationMatrix2D((0, 0), -tilt, 1.0)
    return cv2.warpAffine(page, turn, (1240, 1754), borderValue=245)


@pytest.mark.parametrize("tilt", [0.0, 3.0, -4.0])
def test_every_box_of_a_form_is_found_also_on_a_leaning_page(tilt: float) -> None:
    boxes = sorted(ruled_boxes(form(tilt), DPI, tilt), key=lambda box: (box[1], box[0]))
    wanted = [(200, 300, 400, 360), (400, 300, 1000, 360), (200, 360, 400, 480), (400, 360, 1000, 480)]
    assert len(boxes) == 4
    assert np.allclose(boxes, wanted, atol=7)


def test_a_frame_within_a_box_is_no_box() -> None:
    page = form()
    cv2.rectangle(page, (600, 390), (700, 450), 30, 2)  # a stamp's
    assert np.allclose(sorted(ruled_boxes(page, DPI, 0.0)), sorted(ruled_boxes(form(), DPI, 0.0)))
    assert len(ruled_boxes(page, DPI, 0.0)) == 4


def test_a_page_without_rules_has_no_boxes() -> None:
    page = np.full((1754, 1240), 245, np.uint8)
    for row in range(20):
        cv2.putText(page, "running text, line after line", (150, 100 + 50 * row), cv2.FONT_HERSHEY_SIMPLEX, 1, 20, 2)
    assert ruled_boxes(page, DPI, 0.0) == []


def test_a_frame_round_the_whole_page_is_no_box() -> None:
    page = np.full((1754, 1240), 245, np.uint8)
    cv2.rectangle(page, (40, 40), (1200, 1710), 30, 3)
    assert ruled_boxes(page, DPI, 0.0) == []


def test_rules_that_run_one_way_only_make_no_box() -> None:
    page = np.full((1754, 1240), 245, np.uint8)
    for row in range(20):
        cv2.line(page, (150, 200 + 60 * row), (1100, 200 + 60 * row), 30, 2)
    assert ruled_boxes(page, DPI, 0.0) == []
