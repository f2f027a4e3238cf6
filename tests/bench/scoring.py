"""How well a page was read, by one rule for everyone.

Characters are compared without spaces and line ends, widths folded (NFKC): what stands between Han is a matter of taste.
*CER* is the edit distance to the truth, in the truth's reading order, by the length of the truth. *Missed* does not mind the
order: the share of the truth's characters that are not among those read, each counted as often as it occurs.

The texts of seals and stamps are not in the truth, since a reader may or may not make them out: a line that resembles a stamp's
text more than any line of the truth is left out of what was read, whoever read it.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np

from samples import PageTruth

_LIKE_A_STAMP = 0.5


@dataclass
class Score:
    """Sums over pages."""

    length: int = 0
    edits: int = 0
    missed: int = 0

    def add(self, truth: PageTruth, read: str) -> None:
        wanted = plain(truth.text)
        found = plain("\n".join(without_stamps(truth, read.split("\n"))))
        self.length += len(wanted)
        self.edits += distance(wanted, found)
        self.missed += sum((Counter(wanted) - Counter(found)).values())

    @property
    def cer(self) -> float:
        return self.edits / self.length

    @property
    def missed_share(self) -> float:
        return self.missed / self.length

    def __iadd__(self, other: Score) -> Score:
        self.length, self.edits, self.missed = (
            self.length + other.length,
            self.edits + other.edits,
            self.missed + other.missed,
        )
        return self


def plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


def without_stamps(truth: PageTruth, lines: Iterable[str]) -> list[str]:
    if not truth.stamps:
        return list(lines)
    stamps, wanted = [plain(text) for text in truth.stamps], [plain(line) for line in truth.lines]
    return [line for line in lines if not _is_stamp(plain(line), stamps, wanted)]


def _is_stamp(line: str, stamps: list[str], wanted: list[str]) -> bool:
    likeness = _best(line, stamps)
    return likeness > _LIKE_A_STAMP and likeness > _best(line, wanted)


def _best(line: str, texts: list[str]) -> float:
    return max((SequenceMatcher(None, line, text, autojunk=False).ratio() for text in texts), default=0.0)


def distance(wanted: str, found: str) -> int:
    """Levenshtein's, row by row: a cell is the least of above + 1, left + 1 and corner + (0 or 1)."""
    if not found:
        return len(wanted)
    letters = np.array([ord(letter) for letter in found])
    columns = np.arange(len(found) + 1)
    row = columns.copy()
    for number, letter in enumerate(wanted, 1):
        best = np.minimum(row[1:] + 1, row[:-1] + (letters != ord(letter)))
        best = np.concatenate(([number], best)) - columns
        row = np.minimum.accumulate(best) + columns  # left + 1, any number of times
    return int(row[-1])
