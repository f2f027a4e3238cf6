"""Boxes of lines put right: their corners begin at top left, and they have a little more at either end."""

from __future__ import annotations

import numpy as np

from services.ocr.pixels import Floats


def from_top_left(boxes: Floats) -> Floats:
    """Boxes (N×4×2, clockwise) so that the first side is the one that runs most nearly to the right: of a long column that
    leans, finders take both lower corners for the left ones."""
    side = np.roll(boxes, -1, axis=1) - boxes
    first = np.argmax(side[..., 0] / np.maximum(np.hypot(side[..., 0], side[..., 1]), 1.0), axis=1)
    order = (first[:, None] + np.arange(4)) % 4
    turned: Floats = np.take_along_axis(boxes, order[..., None], axis=1)
    return turned


def widened(boxes: Floats, share: float) -> Floats:
    """Boxes (N×4×2, corners clockwise from top left) made longer at either end by ``share`` of their height, but by no more
    than half the way to a neighbour in their row: else its first stroke would be read as well. Finders cut through brackets and
    full stops.
    """
    along, across = boxes[:, 1] - boxes[:, 0], boxes[:, 3] - boxes[:, 0]
    length, height = np.hypot(*along.T), np.hypot(*across.T)
    left, right = boxes[..., 0].min(axis=1), boxes[..., 0].max(axis=1)
    top, bottom = boxes[..., 1].min(axis=1), boxes[..., 1].max(axis=1)
    shared = np.minimum(bottom[:, None], bottom) - np.maximum(top[:, None], top)
    beside = shared > 0.3 * np.minimum(height[:, None], height)
    np.fill_diagonal(beside, False)
    middle = (left + right) / 2
    room_right = np.where(beside & (middle > middle[:, None]), left - right[:, None], np.inf).min(axis=1, initial=np.inf)
    room_left = np.where(beside & (middle < middle[:, None]), left[:, None] - right, np.inf).min(axis=1, initial=np.inf)
    unit = along / np.maximum(length, 1.0)[:, None]
    wanted = np.where(length > height, share * height, 0.0)
    more_left, more_right = (unit * np.clip(room / 2, 0.0, wanted)[:, None] for room in (room_left, room_right))
    return boxes + np.stack([-more_left, more_right, more_right, -more_left], axis=1).astype(np.float32)
