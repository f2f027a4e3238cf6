"""What the program finds about each page, from what reading has found already (DA/T 31-2017). Pure."""

from __future__ import annotations

from dataclasses import dataclass

from services.kernel.model import PageState
from services.kernel.paper import Problem
from services.kernel.tables import Item, Page

MOST_SKEW = 1.0
"""Degrees (rules.md section 2, a proposal)."""
WITHOUT_COLOUR = ("bitonal", "grey")


@dataclass(frozen=True, slots=True)
class Findings:
    """``faults`` fail the page; ``doubts`` are for a person to look at."""

    faults: tuple[str, ...]
    doubts: tuple[str, ...]


def of_page(item: Item, page: Page, *, colour: bool) -> Findings:
    """``colour``: whether the type of paper must be scanned in colour, as contracts must for their seals."""
    problems = [Problem.from_json(each) for each in page.problems]
    faults = [each.code for each in problems if each.is_loss]
    if page.state != PageState.READ and not faults:
        faults.append("page_unreadable")
    doubts = [each.code for each in problems if not each.is_loss]
    doubts += [each["code"] for each in item.problems if Problem.from_json(each).is_loss]
    if page.skew is not None and abs(page.skew) > MOST_SKEW:
        doubts.append("skewed")
    if colour and page.colour_mode in WITHOUT_COLOUR:
        doubts.append("not_in_colour")
    return Findings(tuple(dict.fromkeys(faults)), tuple(dict.fromkeys(doubts)))
