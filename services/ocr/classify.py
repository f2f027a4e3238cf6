"""What type of document (文书种类) a run of pages is, from rules.

A title decides most: a phrase such as 商品房买卖合同 in a line of its own, near the top of the first page, taller than
the text around it. Words that only one kind of form prints (公民身份号码, 与户主关系) decide where the title is lost.
What neither decides is ``other``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from statistics import median

from services.kernel.paper import Line, PageReading
from services.ocr.fields.text import fold
from services.ocr.vocabulary import TITLES, WORDS

_TITLE, _LONG_PHRASE = 6.0, 5
_TALL, _TOP = 1.35, 0.4  # a title is this much taller than the median line, and begins in this share of the page
_BLURRED = 0.6  # one character misread in a phrase of _LONG_PHRASE or more still counts this much
_NAMES = 0.6  # of a title's full weight: near the top, in a line of its own
_HEADS = 0.9  # of a title's full weight: tall, near the top, in a line of its own, every character right
_ENOUGH = 3.0  # less than this in all is ``other``
_NOTHING_DECIDES = 0.6  # the most that the absence of signs can make sure of
_LATER_PAGE = 0.4
_MORE = 12  # further characters in a line, at most, for it to be a title and not a sentence
_LETTERED = [(kind, phrase, frozenset(phrase)) for kind, phrases in TITLES.items() for phrase in phrases]


def classify(pages: Sequence[PageReading]) -> tuple[str, float, tuple[str, ...]]:
    """The type (of ``DOCUMENT_TYPES``), how sure (0…1) and the words that decided, weightiest first."""
    seen: dict[str, dict[str, float]] = {kind: {} for kind in TITLES}
    for index, page in enumerate(pages):
        for kind, phrase, weight in (*_titles(page), *_words(page)):
            weight *= 1.0 if index == 0 or phrase in WORDS[kind] else _LATER_PAGE
            seen[kind][phrase] = max(weight, seen[kind].get(phrase, 0.0))
    scores = {kind: _score(kind, found) for kind, found in seen.items()}
    ranked = sorted(scores, key=lambda kind: scores[kind], reverse=True)
    best, second = ranked[0], ranked[1]
    if scores[best] < _ENOUGH:
        return "other", round(_NOTHING_DECIDES * (1 - scores[best] / _ENOUGH), 4), ()
    lead = (scores[best] - scores[second]) / scores[best]
    sure = scores[best] / (scores[best] + 0.5)
    found = seen[best]
    return best, round(sure * (0.5 + 0.5 * min(1.0, 2 * lead)), 4), tuple(sorted(found, key=lambda w: -found[w])[:6])


def headed(page: PageReading) -> bool:
    """Whether a title stands at the head of the page, as on the first page of a document."""
    return any(weight >= _HEADS * _TITLE for _, _, weight in _titles(page))


def titled(page: PageReading) -> bool:
    """Whether a title stands there, though perhaps in the type of what follows."""
    return any(weight >= _NAMES * _TITLE for _, _, weight in _titles(page))


def _score(kind: str, found: dict[str, float]) -> float:
    """The best title (several are one title read twice) and all the words."""
    titles = [weight for phrase, weight in found.items() if phrase not in WORDS[kind]]
    return max(titles, default=0.0) + sum(weight for phrase, weight in found.items() if phrase in WORDS[kind])


def _words(page: PageReading) -> Iterator[tuple[str, str, float]]:
    text = re.sub(r"\s", "", fold(page.text, simplify=True))
    for kind, words in WORDS.items():
        for word, weight in words.items():
            if word in text:
                yield kind, word, weight


def _titles(page: PageReading) -> Iterator[tuple[str, str, float]]:
    """Title phrases of one page. A line counts for the type of its longest phrase only; 商品房买卖合同补充协议 supplements."""
    if not page.lines:
        return
    usual = median(_height(line) for line in page.lines)
    for line in page.lines:
        text = re.sub(r"\s", "", fold(line.text, simplify=True))
        found = [hit for hit in _phrases(text) if hit[2] > 0]
        if not found or "专用章" in text:
            continue
        kind, phrase, likeness = max(found, key=lambda hit: ("补充" in hit[1], hit[2] >= 1, len(hit[1])))
        yield kind, phrase, _TITLE * likeness * _prominence(page, line, usual, len(text) - len(phrase))


def _prominence(page: PageReading, line: Line, usual: float, further: int) -> float:
    """1 for a tall line near the top that is little more than the phrase; the less so, the less."""
    tall = _height(line) >= _TALL * usual
    top = min(y for _, y in line.box) <= _TOP * page.height
    alone = 1.0 if further <= _MORE // 2 else 0.6
    return alone * ((0.6 if tall else 0.25) + (0.4 if top else 0.1))


def _height(line: Line) -> float:
    (_, a), (_, b), (_, c), (_, d) = line.box
    return (c + d - a - b) / 2


def _phrases(text: str) -> Iterator[tuple[str, str, float]]:
    """(type, phrase, likeness) of every title phrase that makes up a line, one misread character allowed in long ones."""
    there = set(text)
    for kind, phrase, letters in _LETTERED:
        if len(text) - len(phrase) > _MORE or len(letters - there) > 1:
            continue
        if phrase in text:
            yield kind, phrase, 1.0
        elif len(phrase) >= _LONG_PHRASE and _nearly(phrase, text):
            yield kind, phrase, _BLURRED


def _nearly(phrase: str, text: str) -> bool:
    size = len(phrase)
    return any(
        sum(a != b for a, b in zip(phrase, text[start : start + size], strict=True)) <= 1
        for start in range(len(text) - size + 1)
    )
