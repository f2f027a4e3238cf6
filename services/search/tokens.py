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
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from operator import add

SCHEME = f"grams-2/unicode-{unicodedata.unidata_version}"
"""Names what the tokens depend on; an index made under another scheme must be rebuilt."""

END = "¦"
"""Ends a token that is cut short by the end of its run."""

BREAK = "§"
"""A token that no phrase crosses: between pages, and between the values of a field."""

NUMBER = "(?<![a-z0-9])[0-9]{1,3}(?:,[0-9]{3})+(?![a-z0-9]|,[0-9])"
"""In folded text, one whose commas are left out."""

_HAN = (
    "[\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3038-\u303b\u3040-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
_RUN = re.compile(rf"{_HAN}+(?:\s+{_HAN}+)*|(?:{NUMBER}|[a-z0-9]+|(?!{_HAN})[^\W_])+")
_DROPPED = re.compile(r"[\s,]+")
_GRAM = {True: 2, False: 3}


class _Fold(dict[int, str]):
    """Code point → its folded text, filled as characters are met. Marks and invisible characters fold to nothing."""

    def __missing__(self, point: int) -> str:
        whole = unicodedata.normalize("NFKC", chr(point)).casefold()
        folded = "".join(c for c in whole if unicodedata.category(c) not in ("Mn", "Me", "Cf"))
        self[point] = "〇" if chr(point) in "○◯" else folded
        return self[point]


FOLD = _Fold()
"""For ``str.translate``."""


def normal(text: str) -> str:
    """Return the normal form of ``text``: its runs joined by single spaces."""
    return " ".join(_DROPPED.sub("", run) for run in _RUN.findall(canonical(text).translate(FOLD)))


def canonical(text: str) -> str:
    """Return ``text`` as it is stored beside its tokens (Unicode NFC), so that offsets into it hold."""
    return unicodedata.normalize("NFC", text)


def page_text(lines: Iterable[str]) -> str:
    """Return the canonical text of a page: its lines joined by line breaks, and no other line break in it."""
    return "\n".join(" ".join(canonical(line).splitlines()) for line in lines)


def grams(normal_form: str) -> list[str]:
    """Return the tokens of a normal form, one for each of its characters (spaces apart)."""
    return [token for run in normal_form.split(" ") if run for token in _run_grams(run, is_han(run[0]))]


def _run_grams(run: str, han: bool) -> list[str]:
    if han:
        return [*map(add, run, run[1:]), run[-1] + END]
    return [run[i : i + 3] for i in range(len(run) - 2)] + [run[i:] + END for i in range(max(len(run) - 2, 0), len(run))]


@lru_cache(maxsize=8192)
def is_han(char: str) -> bool:
    """Tell Han and kana from all other characters."""
    return re.match(_HAN, char) is not None


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
    tokens = [token for piece in pieces[:-1] for token in _run_grams(piece, is_han(piece[0]))]
    last, size = pieces[-1], _GRAM[is_han(pieces[-1][0])]
    if len(last) < size:
        return GramPhrase((*tokens, last), prefix=True)
    return GramPhrase((*tokens, *(last[i : i + size] for i in range(len(last) - size + 1))), prefix=False)


def stream(normal_forms: Iterable[str]) -> str:
    """Return the white-space separated tokens of several texts (pages, values) that no phrase may cross."""
    return apart(" ".join(grams(form)) for form in normal_forms)


def apart(streams: Iterable[str]) -> str:
    """Return the tokens of several texts, given for each, as one stream in which no phrase crosses from one to the next."""
    return f" {BREAK} ".join(streams)


def keyword(field: str, value: str) -> str:
    """Return the single token under which ``value`` is found whole and only whole, as in ``type:sale_contract``.

    It begins with a sign that no other token begins with, so that words never meet keywords.
    """
    folded = canonical(value).translate(FOLD)
    return f"·{field.replace('_', '·')}·" + "·".join(part for part in re.split(r"[\W_]+", folded) if part)
