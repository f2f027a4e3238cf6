"""A misread number put right: only where exactly one reading of what may have been misread passes every check.

Letters that cannot stand where they were read (``O`` in an ID number) are exchanged throughout, since an engine that takes 0
for O does so again and again. Where that is not enough, one more character is exchanged for one that print confuses it with;
a check digit alone lets one wrong number in ten (GB 11643) or thirty (GB 32100) pass, so the other checks decide: area, birth
date, sex, organisation code. Two candidates that pass are none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice, product

MayStand = Callable[[str, bool], bool]
"""Whether a character may stand in a number, and at its end."""

_LOOKS_LIKE = {
    "O": "0", "Q": "0", "D": "0", "U": "0", "I": "1", "L": "1", "|": "1", "!": "1", "T": "7", "Z": "2",
    "S": "5", "B": "8", "G": "69", "A": "4", "V": "Y", "×": "X", "K": "X", "*": "X",
}  # fmt: skip
_PAIRS = "06 08 09 0D 0Q 0U 14 17 1T 27 35 38 39 49 56 58 5S 68 6G 7T 7Y 89 8B 8R BR BE CG EF EP FP HM HN MN PR JU TY KX XY"
_CONFUSED: dict[str, str] = {}
for _pair in _PAIRS.split():
    for _one, _other in ((_pair[0], _pair[1]), (_pair[1], _pair[0])):
        _CONFUSED[_one] = _CONFUSED.get(_one, "") + _other
_MOST_FORCED = 6  # an engine that takes 0 for O does so throughout; with more letters than this it is a word
_MOST_CANDIDATES = 64


def forced(read: str, may_stand: MayStand) -> Iterator[str]:
    """The readings in which every character may stand where it is; ``read`` itself where all may."""
    last = len(read) - 1
    choices = [
        (letter,) if may_stand(letter, index == last) else tuple(_LOOKS_LIKE.get(letter, letter))
        for index, letter in enumerate(read)
    ]
    for letters in islice(product(*choices), _MOST_CANDIDATES):
        if sum(a != b for a, b in zip(read, letters, strict=True)) <= _MOST_FORCED:
            yield "".join(letters)


def confused(read: str, may_stand: MayStand) -> Iterator[str]:
    """The readings in which, besides, one more character is another that it is confused with."""
    last = len(read) - 1
    for base in forced(read, may_stand):
        for index, letter in enumerate(base):
            for other in _CONFUSED.get(letter, ""):
                if may_stand(other, index == last):
                    yield base[:index] + other + base[index + 1 :]


def only(candidates: Iterator[str], passes: Callable[[str], bool]) -> str | None:
    """The one candidate that passes; None where none does, or more than one."""
    good = {candidate for candidate in candidates if passes(candidate)}
    return good.pop() if len(good) == 1 else None
