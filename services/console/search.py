"""检索: the query form, facets and hits; every search has an address of its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from fastapi import Response

from services.console.api import Refusal
from services.console.route import page_router
from services.console.visit import Visit, VisitDep

router = page_router()
PAGE = 20
TOO_MANY = 429
MANY = ("type", "state", "department", "customer_type", "business_type")
"""Filters that hold alternatives, each with a facet of the same name."""
ONE = ("q", "from", "to", "amount_min", "amount_max", "sort")
Pairs = list[tuple[str, str]]


class Query:
    """What is asked for, as in the address. ``first`` is the number of the page's first hit (序号)."""

    def __init__(self, given: Iterable[tuple[str, str]]) -> None:
        pairs = [(name, value.strip()) for name, value in given if value.strip()]
        self.asked: Pairs = [pair for pair in pairs if pair[0] in (*MANY, *ONE)]
        rest = dict(pairs)
        self.cursor = rest.get("cursor")
        first = rest.get("first", "")
        self.first = int(first) if first.isdecimal() and len(first) < 10 else 1

    def one(self, name: str) -> str:
        return next((value for key, value in self.asked if key == name), "")

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.asked if key == name]

    def has(self, name: str, value: str) -> bool:
        return (name, value) in self.asked

    @property
    def narrowed(self) -> Pairs:
        """The filters, without the words and the order."""
        return [pair for pair in self.asked if pair[0] not in ("q", "sort")]

    def toggled(self, name: str, value: str) -> str:
        """The address of the same search with this filter added, or taken away."""
        pair = (name, value)
        return _address([each for each in self.asked if each != pair] if pair in self.asked else [*self.asked, pair])

    def after(self, cursor: str, count: int) -> str:
        return _address([*self.asked, ("cursor", cursor), ("first", str(self.first + count))])

    @property
    def beginning(self) -> str:
        return _address(self.asked)

    def to_api(self) -> Pairs:
        cleaned = [(name, value.replace(",", "") if name.startswith("amount") else value) for name, value in self.asked]
        return [*cleaned, ("limit", str(PAGE)), *([("cursor", self.cursor)] if self.cursor else [])]


@router.get("/search")
async def search(visit: VisitDep) -> Response:
    """Nothing is searched, and nothing enters the ledger, before something is asked."""
    query = Query(visit.request.query_params.multi_items())
    answer: dict[str, Any] | None = None
    if visit.request.query_params:
        try:
            answer = await visit.api.get("/api/v1/search", query.to_api())
        except Refusal as refusal:
            if refusal.status not in (400, 422, TOO_MANY):
                raise
            status = refusal.status if refusal.status == TOO_MANY else 422
            return _page(visit, query, None, status=status, errors=_errors(visit, refusal))
    return _page(visit, query, answer)


def _page(visit: Visit, query: Query, answer: dict[str, Any] | None, **more: Any) -> Response:
    return visit.page("search.html", section="search", query=query, answer=answer, facets=MANY, **more)


def _errors(visit: Visit, refusal: Refusal) -> list[tuple[str, str]]:
    """A sentence for each input at fault; without one it is the query itself that cannot be meant."""
    fields = [field for field in dict.fromkeys(refusal.fields) if f"search.bad-{field}" in visit.words.texts]
    if fields:
        return [(field, visit.words(f"search.bad-{field}")) for field in fields]
    if refusal.status == TOO_MANY:
        return [("q", visit.words("search.too-many"))]
    return [("q", visit.words("search.bad-q", detail=visit.explain(refusal)))]


def _address(pairs: Pairs) -> str:
    return f"/search?{urlencode(pairs)}" if pairs else "/search?q="
