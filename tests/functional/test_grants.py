"""Only a grant opens what is archived: to the named person, for its items, while it lives."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from services.kernel.clock import now
from services.kernel.grants.tables import Grant, GrantItem
from services.kernel.identity.tables import Person
from services.kernel.model import ItemState, Role
from services.kernel.tables import Item
from tests.desk import Desk, TestClient

WHAT = ("text", "pdf", "pages/1/image")


@pytest.fixture
def owner(desk: Desk) -> TestClient:
    return desk.client(Role.CLERK)


@pytest.fixture
def item(desk: Desk, owner: TestClient) -> str:
    return desk.item(owner, "商品房买卖合同\n买受人：张伟", "第二页")


def put(desk: Desk, item: str, **values) -> None:
    with desk.kernel.database.write() as session:
        row = session.get_one(Item, item)
        for name, value in values.items():
            setattr(row, name, value)


def grant(desk: Desk, client: TestClient, *items: str, hours: float = 1, **more) -> str:
    with desk.kernel.database.write() as session:
        person = session.get_one(Person, client.get("/api/v1/me").json()["id"])
        moment = now()
        row = Grant(
            **({"person_id": person.id, "request_id": "r", "kind": "read", "policy": 3, "since": moment} | more),
            until=moment + timedelta(hours=hours),
        )
        session.add(row)
        session.flush()
        session.add_all(GrantItem(grant_id=row.id, item_id=each) for each in items)
        return row.id


def statuses(client: TestClient, item: str) -> set[int]:
    return {client.get(f"/api/v1/items/{item}/{what}").status_code for what in WHAT}


def test_what_is_archived_is_closed_to_those_who_filed_it_too(desk, owner, item):
    archivist = desk.client(Role.ARCHIVIST)
    assert statuses(owner, item) == statuses(archivist, item) == {200}
    put(desk, item, state=ItemState.ARCHIVED)
    for client in (owner, archivist, desk.client(Role.COMPANY_LEADER)):
        assert statuses(client, item) == {403}
        assert client.get(f"/api/v1/items/{item}/text").json()["type"] == "urn:muniment:problem:needs-grant"
        assert "张伟" not in client.get(f"/api/v1/items/{item}").text


def test_a_grant_opens_its_items_to_its_person(desk, owner, item):
    put(desk, item, state=ItemState.ARCHIVED)
    other = desk.item(owner, "另一份合同")
    put(desk, other, state=ItemState.ARCHIVED)
    reader, bystander = desk.client(Role.STAFF), desk.client(Role.STAFF)
    number = grant(desk, reader, item)
    assert statuses(reader, item) == {200}
    assert statuses(reader, other) == statuses(bystander, item) == {403}
    assert "张伟" in reader.get(f"/api/v1/items/{item}").text
    read, refused, *_ = [json.loads(entry.data) for entry in desk.ledger("page.read")]
    assert (read["result"], read["details"]) == ("ok", {"grant": number, "policy": 3, "page": 1})
    assert (refused["result"], refused["details"]) == ("refused", {"why": "needs-grant", "page": 1})


@pytest.mark.parametrize(
    "dead",
    [
        {"hours": -0.001},
        {"revoked_at": now()},
        {"since": now() + timedelta(hours=2), "hours": 3},
        {"kind": "consult"},
    ],
    ids=["expired", "revoked", "not yet", "of another kind"],
)
def test_a_dead_grant_opens_nothing(desk, item, dead):
    put(desk, item, state=ItemState.ARCHIVED)
    reader = desk.client(Role.STAFF)
    grant(desk, reader, item, **dead)
    assert statuses(reader, item) == {403}


@pytest.mark.parametrize(("closed", "status"), [({"restricted": True}, 403), ({"state": ItemState.DESTROYING}, 403)])
def test_no_grant_opens_what_is_restricted_or_going(desk, item, closed, status):
    put(desk, item, **({"state": ItemState.ARCHIVED} | closed))
    reader = desk.client(Role.STAFF)
    grant(desk, reader, item)
    assert statuses(reader, item) == {status}


def test_a_grant_ends_while_the_reader_reads_on(desk, item):
    put(desk, item, state=ItemState.ARCHIVED)
    reader = desk.client(Role.STAFF)
    number = grant(desk, reader, item)
    assert statuses(reader, item) == {200}
    with desk.kernel.database.write() as session:
        session.scalars(select(Grant).where(Grant.id == number)).one().revoked_at = now()
    assert statuses(reader, item) == {403}
