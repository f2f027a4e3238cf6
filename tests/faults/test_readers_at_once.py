"""Two hundred readers at once, while their grants expire and are revoked: no page is served after its grant has ended, and each
page that is served has one entry of its own."""

from __future__ import annotations

import json
import os
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from random import Random

import pytest
from sqlalchemy import select

from services.kernel.clock import now
from services.kernel.grants.tables import Grant, GrantItem
from services.kernel.model import ItemState, Role
from services.kernel.tables import Item
from tests.desk import Desk, TestClient

READERS, READS = 200, 3
REVOKED, EXPIRING = 60, 80
"""How many of the grants are revoked meanwhile, and how many run out by themselves; the others outlive the test."""
SOON = 15.0
"""Seconds within which those run out."""
AT_ONCE = int(os.environ.get("MUNIMENT_TEST_READERS_AT_ONCE", "16"))
"""Requests in hand at a time; 200 is each reader with one, which needs some minutes more."""

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]


def archived(desk: Desk) -> str:
    item = desk.item(desk.client(Role.CLERK), "商品房买卖合同", "第二页")
    with desk.kernel.database.write() as session:
        session.get_one(Item, item).state = ItemState.ARCHIVED
    return item


def readers(desk: Desk, item: str, rng: Random) -> list[tuple[TestClient, str]]:
    """The first ``EXPIRING`` of them have grants that run out soon."""
    found = []
    for place in range(READERS):
        principal, token = desk.person(Role.STAFF)
        with desk.kernel.database.write() as session:
            until = now() + timedelta(seconds=rng.uniform(0, SOON) if place < EXPIRING else 3600)
            grant = Grant(person_id=principal.person_id, request_id="r", kind="read", policy=0, until=until)
            session.add(grant)
            session.flush()
            session.add(GrantItem(grant_id=grant.id, item_id=item))
        headers = {"Authorization": f"Bearer {token}"}
        found.append((TestClient(desk.app, headers=headers, raise_server_exceptions=False), grant.id))
    return found


def test_no_page_is_served_after_its_grant_ended(desk):
    rng, item = Random(5), archived(desk)
    people, archivist = readers(desk, item, rng), desk.client(Role.ARCHIVIST)
    revoked: dict[str, float] = {}
    served: list[tuple[str, str, float]] = []
    lock = threading.Lock()

    def read(client: TestClient, grant: str) -> None:
        for _ in range(READS):
            asked = time.monotonic()
            answer = client.get(f"/api/v1/items/{item}/pages/{rng.randint(1, 2)}/image")
            assert answer.status_code in (200, 403), answer.text
            if answer.status_code == 403:
                return
            with lock:
                served.append((grant, answer.headers["x-request-id"], asked))

    def revoke() -> None:
        for _, grant in rng.sample(people[EXPIRING:], REVOKED):
            answer = archivist.post(f"/api/v1/grants/{grant}/revocation")
            assert answer.status_code == 200, answer.text
            revoked[grant] = time.monotonic()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        mixed = rng.sample(people, READERS)
        done = [pool.submit(revoke), *(pool.submit(read, *each) for each in mixed)]
        for each in done:
            each.result()

    assert len(served) >= (READERS - EXPIRING - REVOKED) * READS and len(revoked) == REVOKED
    late = [grant for grant, _, asked in served if asked > revoked.get(grant, float("inf"))]
    assert late == [], "asked for after the revocation was acknowledged"

    entries = [json.loads(entry.data) for entry in desk.ledger()]
    withheld = {each["request"] for each in entries if each["act"] == "content.withhold"}
    reads = [each for each in entries if each["act"] == "page.read" and each["result"] == "ok"]
    counted = Counter(each["request"] for each in reads if each["request"] not in withheld)
    assert counted == Counter(request for _, request, _ in served), "one entry for each page served, and none else"

    ended_at = {each["details"]["grant"]: each["position"] for each in entries if each["act"] == "grant.revoke"}
    assert all(each["position"] < ended_at.get(each["details"]["grant"], len(entries)) for each in reads)
    with desk.kernel.database.read() as session:
        until = dict(session.execute(select(Grant.id, Grant.until)).tuples().all())
    assert all(datetime.fromisoformat(each["at"]) <= until[each["details"]["grant"]] + timedelta(seconds=0.5) for each in reads)
