"""Fold what an engine read into one form (NFKC width, one colon, one dash) and keep the way back to the page.

Every parser of this package works on folded text; :class:`Folded` remembers which character of the original line each
folded character came from, so that ``FieldReading.raw`` can show what really stood there.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

# NFKC leaves these alone although paper, engines and input methods use them for the same sign.
_SAME = str.maketrans(
    {
        "∶": ":",
        "︰": ":",
        "ː": ":",
        "—": "-",
        "–": "-",
        "―": "-",
        "‐": "-",
        "−": "-",
        "─": "-",
        "【": "[",
        "】": "]",
        "〔": "[",
        "〕": "]",
        "丨": "|",
        "│": "|",
        "﹑": "、",
        "·": "·",
        "•": "·",
        "・": "·",
        "‧": "·",
        "圓": "元",
        "圆": "元",
        "\u00a0": " ",
        "\u200b": "",
    }
)
_HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff"
_HAN_GAP = re.compile(f"(?<=[{_HAN}:;,。、()])\\s+(?=[{_HAN}:;,。、()])")
_MISREAD_SHARE = 0.1  # a text in traditional script has three or four of them in ten Han
_FULL_WIDTH = str.maketrans("(),;:!?", "（），；：！？")
_EDGES = " \t\n_-~.:;,。、|*'\"=<>/"


@dataclass(frozen=True, slots=True)
class Folded:
    """``text`` after folding; ``origin[i]`` is the index in the original of the character that gave ``text[i]``."""

    text: str
    origin: tuple[int, ...]

    def raw(self, original: str, start: int, end: int) -> str:
        """The original characters behind ``text[start:end]``."""
        if start >= end:
            return ""
        return original[self.origin[start] : self.origin[end - 1] + 1]


def fold_with_origin(original: str, *, simplify: bool = False) -> Folded:
    """Fold character by character: compositions across characters do not occur in Chinese print. ``simplify`` turns
    traditional Han into simplified ones, one for one.
    """
    if simplify:
        original = _simplified(original)
    letters: list[str] = []
    origin: list[int] = []
    for index, letter in enumerate(original):
        folded = _folded(letter)
        letters.append(folded)
        origin.extend([index] * len(folded))
    return Folded("".join(letters), tuple(origin))


def _simplified(text: str) -> str:
    from proces import traditional_to_simplified  # which compiles rules for a quarter of a second that only readers need

    return str(traditional_to_simplified(text))


def fold(original: str, *, simplify: bool = False) -> str:
    """What :func:`fold_with_origin` gives as text."""
    return "".join(map(_folded, _simplified(original) if simplify else original))


@lru_cache(maxsize=16384)
def _folded(letter: str) -> str:
    """One character, folded: a page has few different ones, and all of it is folded many times."""
    return unicodedata.normalize("NFKC", letter.translate(_SAME)).translate(_SAME)


def printed_simplified(text: str) -> bool:
    """Whether a text is in simplified script, so that the few traditional Han in it are misreadings (費 for 费)."""
    han = re.sub(f"[^{_HAN}]", "", text)
    traditional = sum(a != b for a, b in zip(han, _simplified(han), strict=True))
    return traditional <= _MISREAD_SHARE * len(han)


def close_han(text: str) -> str:
    """Take out the spaces that engines and justified print put between Han."""
    return _HAN_GAP.sub("", text)


def as_printed(text: str) -> str:
    """Han text with the full-width brackets and commas of Chinese print (GB/T 15834); other text as it is."""
    return text.translate(_FULL_WIDTH) if re.search(f"[{_HAN}]", text) else text


def strip_edges(text: str) -> str:
    """Cut blanks, underscores and stray punctuation that a form's ruled line leaves at either end of a value.

    An opening bracket without its partner goes too (``(张伟`` from ``(张伟)`` cut by a label).
    """
    text = text.strip(_EDGES)
    while text and text[0] in "([" and text.count(text[0]) != text.count(_PARTNER[text[0]]):
        text = text[1:].strip(_EDGES)
    while text and text[-1] in ")]" and text.count(text[-1]) != text.count(_PARTNER[text[-1]]):
        text = text[:-1].strip(_EDGES)
    while text and text[-1] in "([":
        text = text[:-1].strip(_EDGES)
    while text and text[0] in ")]":
        text = text[1:].strip(_EDGES)
    return text


_PARTNER = {"(": ")", "[": "]", ")": "(", "]": "["}


def loosely(label: str) -> str:
    """A pattern for ``label`` that lets spaces stand between its characters (``姓  名``)."""
    return r"\s*".join(re.escape(letter) for letter in label)
