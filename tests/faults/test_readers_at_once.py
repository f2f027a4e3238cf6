"""Two hundred readers at once, while their grants expire and are revoked: no page is served after its grant has ended, and each
page that is served has one entry of its own."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from random import Random

import httpx
import pytest
from sqlalchemy import select

from services.kernel.clock import now
from services.kernel.grants.tables import Grant, GrantItem
from services.kernel.model import ItemState, Role
from services.kernel.tables import Item
from tests.desk import Desk
from tests.functional.test_ledger_whence import served
from tests.sizes import size

READERS, READS = 200, 3
REVOKED, EXPIRING = 60, 80
"""How many of the grants are revoked meanwhile, and how many run out by themselves; the others outlive the test."""
SOON = 15.0
"""Seconds within which those run out."""
AT_ONCE = int(size("READERS_AT_ONCE", "16", "200"))
"""Requests in hand at a time. With 200 each reader has one: the server's forty threads take them in turn."""
PATIENCE = 600.0

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]


def archived(desk: Desk) -> str:
    item = desk.item(desk.client(Role.CLERK), "商品房买卖合同", "第二页")
    with desk.kernel.database.write() as session:
        session.get_one(Item, item).state = ItemState.ARCHIVED
    return item


def readers(desk: Desk, url: str, item: str, rng: Random) -> list[tuple[httpx.Client, str]]:
    """The first ``EXPIRING`` of them have grants that run out soon after this."""
    found = []
    for _ in range(READERS):
        principal, token = desk.person(Role.STAFF)
        with desk.kernel.database.write() as session:
            until = now() + timedelta(hours=3)
            grant = Grant(person_id=principal.person_id, request_id="r", kind="read", policy=0, until=until)
            session.add(grant)
            session.flush()
            session.add(GrantItem(grant_id=grant.id, item_id=item))
        headers = {"Authorization": f"Bearer {token}"}
        found.append((httpx.Client(base_url=url, headers=headers, timeout=PATIENCE, trust_env=False), grant.id))
    with desk.kernel.database.write() as session:
        for _, grant_id in found[:EXPIRING]:
            session.get_one(Grant, grant_id).until = now() + timedelta(seconds=rng.uniform(0, SOON))
    return found


def test_no_page_is_served_after_its_grant_ended(desk):
    """Over HTTP, each reader by a connection of their own."""
    with served(desk, "") as url:
        read_at_once(desk, url)


def read_at_once(desk: Desk, url: str) -> None:
    rng, item = Random(5), archived(desk)
    people, archivist = readers(desk, url, item, rng), desk.client(Role.ARCHIVIST)
    revoked: dict[str, float] = {}
    shown: list[tuple[str, str, float, datetime]] = []
    lock = threading.Lock()

    def read(client: httpx.Client, grant: str) -> None:
        for _ in range(READS):
            asked, moment = time.monotonic(), now()
            answer = client.get(f"/api/v1/items/{item}/pages/{rng.randint(1, 2)}/image")
            assert answer.status_code in (200, 403), answer.text
            if answer.status_code == 403:
                return
            with lock:
                shown.append((grant, answer.headers["x-request-id"], asked, moment))

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
    for client, _ in people:
        client.close()

    ended = sum(len({moment for grant, _, _, moment in shown if grant == each}) < READS for _, each in people)
    print(f"{AT_ONCE} at once: {len(shown)} pages shown; {ended} of {READERS} readers were stopped on the way")
    assert len(shown) >= (READERS - EXPIRING - REVOKED) * READS and len(revoked) == REVOKED
    late = [grant for grant, _, asked, _ in shown if asked > revoked.get(grant, float("inf"))]
    assert late == [], "asked for after the revocation was acknowledged"

    entries = [json.loads(entry.data) for entry in desk.ledger()]
    withheld = {each["request"] for each in entries if each["act"] == "content.withhold"}
    reads = [each for each in entries if each["act"] == "page.read" and each["result"] == "ok"]
    counted = Counter(each["request"] for each in reads if each["request"] not in withheld)
    assert counted == Counter(request for _, request, _, _ in shown), "one entry for each page served, and none else"

    ended_at = {each["details"]["grant"]: each["position"] for each in entries if each["act"] == "grant.revoke"}
    assert all(each["position"] < ended_at.get(each["details"]["grant"], len(entries)) for each in reads)
    with desk.kernel.database.read() as session:
        until = dict(session.execute(select(Grant.id, Grant.until)).tuples().all())
    assert [grant for grant, _, _, moment in shown if moment > until[grant]] == [], "asked for after the grant had run out"
    assert all(datetime.fromisoformat(each["at"]) <= until[each["details"]["grant"]] + timedelta(seconds=0.5) for each in reads)
