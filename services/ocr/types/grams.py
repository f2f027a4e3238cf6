"""Text as counts of its character pairs and triples, in buckets.

No vocabulary is kept anywhere: a model that learnt from documents holds weights of buckets, out of which nobody's name can be
read. Digits and Latin letters are folded into one sign each, so that no number is a feature at all.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from services.kernel.paper import PageReading
from services.ocr.fields.text import fold

BUCKETS = 1 << 15
_SIZES = (2, 3)
_MOST = 3000  # characters from the beginning of a document: what type it is stands there
_HAN = "\u4e00-\u9fff"
_NEITHER = re.compile(f"[^{_HAN}09a]+")


def text_of(pages: Sequence[PageReading]) -> str:
    """The words of a document, as they are counted."""
    return normal("\n".join(page.text for page in pages))


def normal(text: str) -> str:
    """Folded: Han as they are, any digits as 0, any Latin as a, all else as one blank."""
    text = fold(text[: 2 * _MOST], simplify=True)
    text = re.sub(r"[A-Za-z]+", "a", re.sub(r"\d+", "0", re.sub(r"(?<=[^\x00-\x7f]) +(?=[^\x00-\x7f])", "", text)))
    return _NEITHER.sub(" ", text)[:_MOST]


def grams(text: str) -> Counter[str]:
    """Every pair and triple without a blank in it."""
    found: Counter[str] = Counter()
    for size in _SIZES:
        found.update(text[start : start + size] for start in range(len(text) - size + 1))
    return Counter({gram: count for gram, count in found.items() if " " not in gram})


def bucket(gram: str) -> int:
    return zlib.crc32(gram.encode()) % BUCKETS


def vector(text: str) -> npt.NDArray[np.float32]:
    """Square roots of the counts by bucket, of length 1; all zero for an empty text."""
    counts = np.zeros(BUCKETS, np.float32)
    for gram, count in grams(text).items():
        counts[bucket(gram)] += count
    roots = np.sqrt(counts)
    length = float(np.linalg.norm(roots))
    return (roots / length).astype(np.float32) if length else roots
