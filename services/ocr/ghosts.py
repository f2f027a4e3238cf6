"""What shines through from the back of a thin sheet (透印) is not read: it is mirrored, and pale beside what is printed.

Where a page has many pale marks beside dark ones, it is read once more with the pale ones taken out. What was read surely
before that stays, for pencil and grey print are pale as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from services.kernel.boxes import bounds
from services.kernel.paper import Line
from services.ocr import pixels as px
from services.ocr.pixels import Pixels

_STEP = 2  # how much smaller the picture is on which marks are told apart
_FAINTEST = 14  # levels below the paper: less is noise
_PALE = 0.42  # of the darkest ink
_LEAST_AREA = 5  # pixels of the small picture
_MANY, _SHARE = 80, 0.2  # pale marks on the page, and of all its marks
_SURE = 0.93
_SHORT, _WITHOUT_DOUBT = 4, 0.99  # characters; and the confidence of each of fewer
_FEWEST_UNSURE, _UNSURE = 3, 0.1  # lines, and share of a page's lines; where ghosts are read it is a third of them
_PAPER = 31  # pixels of the small picture: wider than a stroke of any letter

Reading = Callable[[Pixels], list[Line]]


def read_through(sheet: Pixels, read: Reading) -> list[Line]:
    """The lines of a grey picture, by ``read``."""
    lines = read(sheet)
    unsure = sum(line.confidence < _SURE for line in lines)
    if unsure < max(_FEWEST_UNSURE, _UNSURE * len(lines)) or (depth := _ghosts(sheet)) is None:
        return lines
    clear = read(_without_pale(sheet, depth))
    places = [bounds(line.box) for line in clear]
    return [*clear, *(line for line in lines if _stays(line) and not _met(line, places))]


def _ghosts(sheet: Pixels) -> float | None:
    """Below how many levels of darkness a mark is pale, where the page has many such; else None."""
    small = px.shrunk(sheet, _STEP)
    depth = cv2.subtract(px.local_background(small, _PAPER), small)
    marked = depth > _FAINTEST
    count, labels, stats, _ = cv2.connectedComponentsWithStats(marked.astype(np.uint8), connectivity=8)
    if count <= _MANY:
        return None
    deepest = np.zeros(count, np.uint8)
    np.maximum.at(deepest, labels[marked], depth[marked])
    marks = deepest[1:][stats[1:, cv2.CC_STAT_AREA] >= _LEAST_AREA]
    if not len(marks):
        return None
    limit = _PALE * float(np.percentile(marks, 90))
    pale = int((marks < limit).sum())
    return limit if pale >= _MANY and pale >= _SHARE * len(marks) else None


def _without_pale(sheet: Pixels, limit: float) -> Pixels:
    """The picture in which all that is less than ``limit`` levels darker than the paper is paper; the rest stays as dark."""
    height, width = sheet.shape
    paper = px.resized(px.local_background(px.shrunk(sheet, _STEP), _PAPER), width, height)
    depth = cv2.subtract(paper, sheet).astype(np.float32)
    darkest = max(float(np.percentile(depth, 99.5)), limit + 1)
    kept = np.clip((depth - limit) * (darkest / (darkest - limit)), 0, 255).astype(np.uint8)
    out: Pixels = cv2.subtract(paper, kept)
    return out


def _stays(line: Line) -> bool:
    """Whether it is print: of a few mirrored strokes a reader is easily sure, of a longer piece it is not."""
    surely = line.weakest is None or line.weakest >= _WITHOUT_DOUBT or len(line.text) > _SHORT
    return line.confidence >= _SURE and surely


def _met(line: Line, places: Sequence[tuple[float, float, float, float]]) -> bool:
    left, top, right, bottom = bounds(line.box)
    return any(left < end and x < right and top < foot and y < bottom for x, y, end, foot in places)
