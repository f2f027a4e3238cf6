"""The one tokenizer: from text as read to tokens, for documents and queries alike, whatever engine holds the index.

*Normal form.* Text is folded (NFKC, case, width; ○ read for 〇), then cut into runs: **Han** runs (kana too) and **word** runs
(letters and digits of any other script). White space between Han characters is OCR's and vanishes, line breaks included;
everything else that is neither Han nor word only separates. ``1,234,567`` is one run. The normal form of a text is its runs
joined by one space, and this is the whole semantics of the archive's search:

    a query word or phrase is found on a page iff its normal form is a substring of the page's normal form.

So ``00123`` and ``2024-001`` are found in ``GF-2024-00123``, and 伟 in 张伟; a phrase runs across lines, never across pages.

*Tokens.* Each character of a run yields one token: it and what follows it, two characters for Han (bigrams), three for words
(digits are too few for bigrams to be selective). Where the run is too short the token ends in ``END``: 张伟 → ``张伟 伟¦``;
2024 → ``202 024 24¦ 4¦``. One token a character means that token positions are character positions: a substring
is a phrase of consecutive tokens, and a last piece shorter than a token is a prefix (``伟*``). Tokens hold no ASCII
punctuation and no white space, so any analyser that splits at white space sees the same tokens.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import add
from typing import NamedTuple

SCHEME = f"grams-1/unicode-{unicodedata.unidata_version}"
"""Names what the tokens depend on; an index made under another scheme must be rebuilt."""

END = "¦"
"""Ends a token that is cut short by the end of its run."""

BREAK = "§"
"""A token that no phrase crosses: between pages, and between the values of a field."""

_HAN = (
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3038-\u303b\u3040-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_RUN = re.compile(
    rf"(?P<han>[{_HAN}]+(?:\s+[{_HAN}]+)*)"
    rf"|(?<![a-z0-9])[0-9]{{1,3}}(?:,[0-9]{{3}})+(?![a-z0-9]|,[0-9])"
    rf"|(?:[a-z0-9]+|(?![{_HAN}])[^\W_])+"
)
_KEPT = re.compile(r"[^\s,]+")
_GRAM = {True: 2, False: 3}


class _Fold(dict[int, str]):
    """Code point → its folded text, filled as characters are met. Marks and invisible characters fold to nothing.

    ``uneven`` are the characters that do not fold to one.
    """

    def __init__(self) -> None:
        super().__init__()
        self.uneven: set[str] = set()

    def __missing__(self, point: int) -> str:
        char = chr(point)
        folded = "".join(
            c for c in unicodedata.normalize("NFKC", char).casefold() if unicodedata.category(c) not in ("Mn", "Me", "Cf")
        )
        if len(folded) != 1:
            self.uneven.add(char)
        self[point] = "〇" if char in "○◯" else folded
        return self[point]


_FOLD = _Fold()


class Run(NamedTuple):
    """One run of the normal form; ``start`` and ``end`` delimit it in the folded text."""

    text: str
    han: bool
    start: int
    end: int


def normal(text: str) -> str:
    """Return the normal form of ``text``: its runs joined by single spaces."""
    return " ".join(run.text for run in runs(canonical(text).translate(_FOLD)))


def canonical(text: str) -> str:
    """Return ``text`` as it is stored beside its tokens (Unicode NFC), so that offsets into it hold."""
    return unicodedata.normalize("NFC", text)


def runs(folded: str) -> Iterator[Run]:
    """Yield the runs of folded text in order."""
    for match in _RUN.finditer(folded):
        han = match.lastgroup is not None
        piece = match.group()
        text = "".join(piece.split()) if han else piece.replace(",", "")
        yield Run(text, han, match.start(), match.end())


def grams(normal_form: str) -> list[str]:
    """Return the tokens of a normal form, one for each of its characters (spaces apart)."""
    return [token for run in normal_form.split(" ") if run for token in _run_grams(run, _is_han(run))]


def _run_grams(run: str, han: bool) -> list[str]:
    if han:
        return [*map(add, run, run[1:]), run[-1] + END]
    return [run[i : i + 3] for i in range(len(run) - 2)] + [run[i:] + END for i in range(max(len(run) - 2, 0), len(run))]


def _is_han(run: str) -> bool:
    return _begins_han(run[0])


@lru_cache(maxsize=8192)
def _begins_han(char: str) -> bool:
    return _RUN.match(char).lastgroup == "han"  # type: ignore[union-attr]  # a run begins with a character of its kind


@dataclass(frozen=True, slots=True)
class GramPhrase:
    """Consecutive tokens; with ``prefix`` the last one is the beginning of a token."""

    tokens: tuple[str, ...]
    prefix: bool

    def __str__(self) -> str:
        return " ".join(self.tokens) + ("*" if self.prefix else "")


def phrase(text: str) -> GramPhrase | None:
    """Return the tokens that find ``text`` as a fragment, open at both ends; ``None`` if it holds nothing to search for."""
    pieces = normal(text).split()
    if not pieces:
        return None
    tokens = [token for piece in pieces[:-1] for token in _run_grams(piece, _is_han(piece))]
    last, size = pieces[-1], _GRAM[_is_han(pieces[-1])]
    if len(last) < size:
        return GramPhrase((*tokens, last), prefix=True)
    return GramPhrase((*tokens, *(last[i : i + size] for i in range(len(last) - size + 1))), prefix=False)


def stream(normal_forms: Iterable[str]) -> str:
    """Return the white-space separated tokens of several texts (pages, values) that no phrase may cross."""
    return f" {BREAK} ".join(" ".join(grams(form)) for form in normal_forms)


def keyword(field: str, value: str) -> str:
    """Return the single token under which ``value`` is found whole and only whole, as in ``type:sale_contract``.

    It begins with a sign that no other token begins with, so that words never meet keywords.
    """
    folded = canonical(value).translate(_FOLD)
    return f"·{field.replace('_', '·')}·" + "·".join(part for part in re.split(r"[\W_]+", folded) if part)


@dataclass(frozen=True, slots=True)
class Aligned:
    """A text's normal form with the way back: from character ``starts[i]`` of the form on, up to the next start, what stands at
    ``p`` of the form stands at ``p + shifts[i]`` of the text.
    """

    form: str
    starts: Sequence[int]
    shifts: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where ``form[start:end]`` stands in the text."""
        return self._place(start), self._place(end - 1) + 1

    def _place(self, position: int) -> int:
        return position + self.shifts[bisect_right(self.starts, position) - 1]


def align(text: str) -> Aligned:
    """Return the normal form of a canonical ``text`` with the way back to it."""
    folded = text.translate(_FOLD)
    even = _FOLD.uneven.isdisjoint(text)
    origin = range(len(text)) if even else [offset for offset, char in enumerate(text) for _ in _FOLD[ord(char)]]
    form: list[str] = []
    starts: list[int] = []
    shifts: list[int] = []
    position = 0
    for run in runs(folded):
        form.append(run.text)
        whole = len(run.text) == run.end - run.start
        for start, end in (
            [(run.start, run.end)] if whole else [kept.span() for kept in _KEPT.finditer(folded, run.start, run.end)]
        ):
            for place in range(start, start + 1 if even else end):
                starts.append(position + place - start)
                shifts.append(origin[place] - starts[-1])
            position += end - start
        position += 1
    return Aligned(" ".join(form), starts, shifts)
