"""One person before one page: who that is, in which language, and the answer as HTML."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

import httpx
from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from services.console import present, words
from services.console.api import Api, Refusal
from services.console.assets import Assets
from services.console.words import LANGUAGES, Words

HEADERS = {
    "Cache-Control": "private, no-store",
    # With “no-referrer” browsers send “Origin: null” with a form (Fetch standard): to the API, another site's.
    "Referrer-Policy": "same-origin",
    "Vary": "Cookie",
}
SECTIONS = (
    ("intake", "/", "deliver"),
    ("filing", "/filing", "file"),
    ("search", "/search", "search"),
    ("filing", "/filing/reports", "conduct"),
    ("access", "/access", "ask"),
    ("access", "/access/registers", "registers"),
    ("custody", "/custody", "registers"),
    ("retention", "/retention", "registers"),
    ("retention", "/retention/holds", "hold"),
    ("destruction", "/destruction", "registers"),
    ("destruction", "/destruction", "decide"),
    ("destruction", "/destruction", "witness"),
    ("audit", "/audit", "ledger"),
    ("inspections", "/inspections", "registers"),
    ("policy", "/policy", "policy_edit"),
    ("policy", "/policy", "policy_approve"),
    ("policy", "/policy", "ledger"),
    ("jobs", "/jobs", "jobs"),
    ("people", "/people", "people"),
)
"""What the navigation offers: section, address, the right it needs; of a section the first that is open."""


@dataclass(frozen=True, slots=True)
class Console:
    """What all pages share; the application's state holds it."""

    client: httpx.AsyncClient
    templates: Environment
    catalogues: Mapping[str, Words]
    assets: Assets


def templates(assets: Assets) -> Environment:
    environment = Environment(
        loader=PackageLoader("services.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"asset": assets.url, "marked": present.marked, "told": present.told, "trust": present.trust}
    environment.filters |= {
        "points": present.points,
        "when": present.when,
        "size": present.size,
        "percent": present.percent,
        "json": lambda value: json.dumps(value, ensure_ascii=False),
    }
    return environment


class Visit:
    """A request for a page. ``me`` is the API's word on who asks, None on the pages before signing in."""

    def __init__(self, request: Request, me: dict[str, Any] | None = None) -> None:
        console: Console = request.app.state.console
        self._console = console
        self.request = request
        self.api = Api(console.client, request)
        self.me = me
        chosen = request.cookies.get(words.COOKIE, "")
        self.words = console.catalogues[chosen if chosen in LANGUAGES else next(iter(LANGUAGES))]

    def may(self, right: str) -> bool:
        return self.me is not None and right in self.me["rights"]

    @property
    def sections(self) -> list[tuple[str, str]]:
        """The sections open to this person: name and address."""
        found: dict[str, str] = {}
        for name, address, right in SECTIONS:
            if self.may(right):
                found.setdefault(name, address)
        return list(found.items())

    @property
    def home(self) -> str | None:
        """Where this person's own work is: the ledger for who oversees it, else the first section; None where there is none."""
        sections = dict(self.sections)
        return sections.get("audit") if self.may("ledger") and not self.may("search") else next(iter(sections.values()), None)

    @property
    def here(self) -> str:
        """This page's address, with its query: where to come back to."""
        url = self.request.url
        return url.path + (f"?{url.query}" if url.query else "")

    def page(self, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """The template, with the visit at hand as ``visit`` and its words as ``t``. ``errors`` are pairs of a field's id, or
        None, and what is wrong."""
        context = {"visit": self, "t": self.words, "errors": [], "section": ""} | values
        html = self._console.templates.get_template(template).render(context)
        return HTMLResponse(html, status, HEADERS)

    def refused(self, refusal: Refusal) -> HTMLResponse | RedirectResponse:
        """The page about a refusal; whoever has not signed in is asked to."""
        if refusal.status == httpx.codes.UNAUTHORIZED:
            back = quote(self.here, safe="") if self.request.method == "GET" else ""
            return see_other(f"/sign-in?next={back}" if back else "/sign-in")
        return self.page("refused.html", status=refusal.status, refusal=refusal, message=self.explain(refusal))

    def explain(self, refusal: Refusal) -> str:
        """A refusal in the reader's language."""
        return self.words.name("refusal", refusal.code, refusal.detail)


async def _visit(request: Request) -> Visit:
    visit = Visit(request)
    visit.me = request.state.me = await visit.api.get("/api/v1/me")
    return visit


VisitDep = Annotated[Visit, Depends(_visit)]
"""A visit by someone who has signed in; others are sent to the sign-in page."""


def see_other(address: str) -> RedirectResponse:
    return RedirectResponse(address, 303, HEADERS)


def local(address: str) -> str:
    """The address if it is a path on this site, else the start page: nobody is sent elsewhere after signing in."""
    # Browsers read “//”, “///” and “/\\” alike as the beginning of another host.
    plain = address.isprintable() and "\\" not in address
    return address if plain and address.startswith("/") and not address.startswith("//") else "/"
