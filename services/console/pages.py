"""The console as the composition root mounts it."""

from __future__ import annotations

import httpx
from fastapi import FastAPI

from services.console import assets, intake, items, oversight, policy, search, session, words
from services.console.access import pages as access
from services.console.api import without_memory
from services.console.audit import pages as audit
from services.console.custody import pages as custody
from services.console.destruction import pages as destruction
from services.console.filing import pages as filing
from services.console.people import pages as people
from services.console.retention import pages as retention
from services.console.visit import Console, templates


def mount(app: FastAPI, client: httpx.AsyncClient) -> None:
    """Adds the pages to ``app``. ``client`` reaches the API: through ``httpx.ASGITransport`` in one process, over HTTP from a
    process of its own."""
    loaded = assets.load()
    app.state.console = Console(without_memory(client), templates(loaded), words.catalogues(), loaded)
    for room in (
        assets,
        session,
        intake,
        search,
        items,
        filing,
        access,
        retention,
        destruction,
        custody,
        audit,
        oversight,
        policy,
        people,
    ):
        app.routes.extend(room.router.routes)
