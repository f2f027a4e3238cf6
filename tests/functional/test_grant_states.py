"""Route × role × state of a grant, generated from the application: nothing opens without a live grant, and no refusal tells an
item that is there from one that is not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.access.marking.tables import Mark
from services.kernel.clock import now
from services.kernel.grants.tables import Grant, GrantItem
from services.kernel.identity.rights import ROLE_RIGHTS, SEES_ALL, Right
from services.kernel.identity.tables import Person
from services.kernel.model import ItemState, Role
from services.kernel.tables import Item
from tests.desk import Desk, TestClient
from tests.functional.test_rights import NOBODY_S, SECRETS, WORDS, Place, guarded, without_id

CONTENT = ("text", "pdf", "image")
"""How the addresses end under which content itself goes out."""
STATES = {
    "none": None,
    "live": {},
    "expired": {"hours": -1},
    "not yet": {"since": 2, "hours": 4},
    "revoked": {"revoked": True},
    "consult": {"kind": "consult"},
    "another's": {"another": True},
    "another item's": {"elsewhere": True},
    "live, item restricted": {"restricted": True},
    "live, item going": {"state": ItemState.DESTROYING},
    "live, item gone": {"state": ItemState.DESTROYED},
    "live, item transferred": {"state": ItemState.TRANSFERRED},
}
OPENS = "live"


@pytest.fixture
def items(desk: Desk) -> tuple[str, str]:
    owner = desk.client(Role.CLERK)
    found = desk.item(owner, *WORDS), desk.item(owner, "另一份合同")
    with desk.kernel.database.write() as session:
        for each in found:
            session.get_one(Item, each).state = ItemState.ARCHIVED
    return found


def put(desk: Desk, reader: TestClient, items: tuple[str, str], state: dict | None) -> None:
    with desk.kernel.database.write() as session:
        item = session.get_one(Item, items[0])
        item.state, item.restricted = (state or {}).get("state", ItemState.ARCHIVED), (state or {}).get("restricted", False)
        session.query(GrantItem).delete()
        session.query(Mark).delete()
        session.query(Grant).delete()
        if state is None:
            return
        other = session.query(Person).filter(Person.id != me(reader)).first()
        moment = now()
        grant = Grant(
            person_id=other.id if state.get("another") else me(reader),
            request_id="r",
            kind=state.get("kind", "read"),
            policy=0,
            since=moment + timedelta(hours=state.get("since", -2)),
            until=moment + timedelta(hours=state.get("hours", 1)),
            revoked_at=moment if state.get("revoked") else None,
        )
        session.add(grant)
        session.flush()
        session.add(GrantItem(grant_id=grant.id, item_id=items[1] if state.get("elsewhere") else items[0]))


def me(client: TestClient) -> str:
    return str(client.headers["X-Person"])


def of_an_item(desk: Desk) -> list[Place]:
    return [place for place in guarded(desk) if "{item_id}" in place.path and place.method == "GET"]


def shows_content(place: Place) -> bool:
    return place.path.rsplit("/", 1)[-1] in CONTENT and place.path.startswith("/api/v1/items/")


def test_the_table_has_the_routes_of_content(desk):
    assert sum(shows_content(place) for place in of_an_item(desk)) == 3


@pytest.mark.parametrize("role", Role)
def test_nothing_opens_without_a_live_grant(desk, items, role):
    principal, token = desk.person(role)
    headers = {"Authorization": f"Bearer {token}", "X-Person": principal.person_id}
    reader = TestClient(desk.app, headers=headers, raise_server_exceptions=False)
    knows = role in SEES_ALL and Right.SEARCH in ROLE_RIGHTS[role]
    for name, state in STATES.items():
        put(desk, reader, items, state)
        for place in of_an_item(desk):
            answer = place.ask(reader, item_id=items[0])
            told = (role, name, place.path, answer.status_code)
            assert answer.status_code < 500, told
            opened = answer.status_code == 200 and (name == OPENS and knows)
            if shows_content(place):
                assert (answer.status_code == 200) == opened, told
            if not opened:
                assert not [secret for secret in SECRETS if secret in answer.text], told
            if not knows or name.endswith("gone"):
                absent = place.ask(reader, item_id=NOBODY_S)
                assert (answer.status_code, without_id(answer)) == (absent.status_code, without_id(absent)), told
