"""Every route × every role: generated from the application, so that a route that anyone adds is in the table."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from services.kernel.identity.rights import ROLE_RIGHTS, Right
from services.kernel.model import Role
from tests.desk import Desk, TestClient, scan

PUBLIC = {
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("POST", "/api/v1/sessions"),
    ("POST", "/api/v1/sessions/second-factor"),
    ("GET", "/api/v1/oidc"),
    ("GET", "/api/v1/oidc/sign-in"),
    ("GET", "/api/v1/oidc/callback"),
    ("POST", "/api/v1/oidc/logout"),
}
SIGN_IN = {
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("GET", "/sign-in/code"),
    ("POST", "/sign-in/code"),
    ("POST", "/sign-out"),
    ("POST", "/language"),
    ("GET", "/assets/{digest}/{name}"),
}
"""The console before one has signed in: forms, style sheets, and the choice of a language."""

NOBODY_S = "00000000-0000-7000-8000-000000000000"
WORDS = (
    "商品房买卖合同\n合同编号：HT-2024-0001\n买受人：张伟\n身份证号码：11010519491231002X\n联系电话：13812345678",
    "保密约定",
)
SECRETS = ("张伟", "11010519491231002X", "13812345678", "保密约定")


@dataclass(frozen=True)
class Place:
    method: str
    path: str
    rights: frozenset[Right]

    @property
    def console(self) -> bool:
        return not self.path.startswith(("/api/", "/healthz", "/readyz", "/metrics", "/openapi"))

    def ask(self, client: TestClient, **ids: str) -> Any:
        address = re.sub(r"{(\w+)}", lambda match: ids.get(match[1], "1" if match[1] == "number" else NOBODY_S), self.path)
        more: dict[str, Any] = {"json": {}} if self.method in ("POST", "PATCH") and not self.console else {}
        return client.request(self.method, address, follow_redirects=False, **more)


def rights_of(dependant: Dependant) -> frozenset[Right]:
    own = getattr(dependant.call, "right", None)
    return frozenset({own} if own else ()).union(*map(rights_of, dependant.dependencies))


def places(desk: Desk) -> list[Place]:
    found = []
    for context in iter_route_contexts(desk.app.routes):
        rights = rights_of(context.route.dependant)
        found += [Place(method, context.path, rights) for method in sorted(context.methods)]
    return found


def guarded(desk: Desk) -> list[Place]:
    return [place for place in places(desk) if not place.console and (place.method, place.path) not in PUBLIC]


def test_every_route_names_the_right_it_needs(desk):
    table = places(desk)
    assert len(table) > 30
    unguarded = {(place.method, place.path) for place in table if not place.rights and not place.console}
    assert unguarded == PUBLIC


def test_there_is_nothing_but_routes(desk):
    """No mount, no framework's page, no documentation beside them."""
    assert {place.path for place in places(desk)} & {"/docs", "/redoc"} == set()
    for address in ("/docs", "/redoc", "/static", "/static/x", "/assets", "/.env"):
        assert desk.client().get(address).status_code == 404


def test_without_a_principal_nothing_answers(desk):
    nobody = desk.client()
    for place in guarded(desk):
        for client in (
            nobody,
            TestClient(desk.app, headers={"Authorization": "Bearer mnt_wrong"}, raise_server_exceptions=False),
        ):
            answer = place.ask(client)
            assert answer.status_code == 401, place
            if place.method != "HEAD":
                assert answer.json()["type"] == "urn:muniment:problem:unauthenticated"


def test_the_console_sends_strangers_to_its_sign_in_page(desk):
    for place in places(desk):
        if place.console and (place.method, place.path) not in SIGN_IN:
            answer = place.ask(desk.client())
            assert answer.status_code == 303, place
            assert answer.headers["location"].startswith("/sign-in"), place


@pytest.mark.parametrize("role", Role)
def test_each_role_is_refused_exactly_where_it_lacks_the_right(desk, role):
    client, refused = desk.client(role), 0
    for place in guarded(desk):
        answer = place.ask(client)
        lacks = bool(place.rights - ROLE_RIGHTS[role])
        assert (answer.status_code == 403) == lacks, (place, answer.status_code)
        assert answer.status_code < 500, (place, answer.text)
        refused += lacks
        if lacks and place.method != "HEAD":
            assert answer.json()["type"] == "urn:muniment:problem:forbidden"
    entries = [json.loads(entry.data) for entry in desk.ledger("access.refuse")]
    assert len(entries) == refused, "each refused attempt is on the ledger"
    for entry in entries:
        assert entry["result"] == "refused"
        assert entry["details"]["right"] in set(Right)
        assert "{" in entry["details"]["route"] or NOBODY_S not in entry["details"]["route"]


def test_someone_without_any_role_is_refused_everywhere(desk):
    from sqlalchemy import update

    from services.kernel.clock import now
    from services.kernel.identity.tables import PersonRole

    client = desk.client(Role.ARCHIVIST)
    with desk.kernel.database.write() as session:
        session.execute(update(PersonRole).values(until=now()))
    for place in guarded(desk):
        assert place.ask(client).status_code == 403, place


# ── another's things ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def owner(desk: Desk) -> TestClient:
    return desk.client(Role.CLERK)


@pytest.fixture
def item(desk: Desk, owner: TestClient) -> str:
    return desk.item(owner, *WORDS)


def without_id(answer) -> dict:
    return answer.json() | {"request_id": ""}


def batch_of(owner: TestClient) -> str:
    return owner.get("/api/v1/batches").json()["batches"][0]["id"]


def test_another_clerk_s_things_look_like_none(desk, owner, item):
    """Neither status nor words tell that they exist."""
    other, batch = desk.client(Role.CLERK), batch_of(owner)
    for place in guarded(desk):
        if not {"item_id", "batch_id"} & set(re.findall(r"{(\w+)}", place.path)) or place.rights - ROLE_RIGHTS[Role.CLERK]:
            continue
        theirs, absent = place.ask(other, item_id=item, batch_id=batch), place.ask(other)
        if "files" in place.path:
            theirs, absent = (
                other.post(f"/api/v1/batches/{each}/files", files={"file": ("a.pdf", b"x")}) for each in (batch, NOBODY_S)
            )
        assert theirs.status_code == absent.status_code in (404, 422), place
        assert without_id(theirs) == without_id(absent), place


def test_another_clerk_finds_lists_and_counts_nothing_of_it(desk, owner, item):
    other = desk.client(Role.CLERK)
    assert other.get("/api/v1/items").json() == {"items": [], "next": None}
    assert other.get("/api/v1/items", params={"batch": batch_of(owner)}).json()["items"] == []
    assert other.get("/api/v1/batches").json()["batches"] == []
    for question in ("张伟", "HT-2024-0001", "id_number:11010519491231002X", "", "type:sale_contract"):
        found = other.get("/api/v1/search", params={"q": question}).json()
        assert (found["total"], found["hits"]) == (0, [])
        assert all(not counts for counts in found["facets"].values())
        assert owner.get("/api/v1/search", params={"q": question}).json()["total"] == 1


def test_the_owner_and_the_archivist_see_it_whole(desk, owner, item):
    for client in (owner, desk.client(Role.ARCHIVIST)):
        shown = client.get(f"/api/v1/items/{item}").json()
        assert shown["content_open"] and "张伟" in shown["title"]
        assert shown["fields"]["id_number"][0]["value"] == "11010519491231002X"
        assert all(secret in client.get(f"/api/v1/items/{item}/text").text for secret in SECRETS)
        assert client.get(f"/api/v1/items/{item}/pdf").content.startswith(b"%PDF")
        assert client.get(f"/api/v1/items/{item}/pages/1/image").content.startswith(b"\xff\xd8")
        assert client.get(f"/api/v1/batches/{batch_of(owner)}").status_code == 200


KNOWS = [Role.STAFF, Role.DEPARTMENT_HEAD, Role.COMPANY_LEADER]


def test_who_only_searches_sees_masks_and_never_content(desk, item):
    for role in KNOWS:
        client = desk.client(role)
        shown = client.get(f"/api/v1/items/{item}")
        listed = client.get("/api/v1/items")
        hits = [client.get("/api/v1/search", params={"q": q}) for q in ("张伟", "合同", "id_number:11010519491231002X", "")]
        assert [answer.json()["total"] for answer in hits] == [1, 1, 1, 1]
        for answer in (shown, listed, *hits):
            for secret in ("张伟", "11010519491231002X", "13812345678"):
                assert secret not in answer.text, (role, answer.url)
        body = shown.json()
        assert not body["content_open"] and "张*" in body["title"]
        assert body["fields"]["phone"][0] | {"value": "138****5678", "raw": None, "masked": True} == body["fields"]["phone"][0]
        assert {field["raw"] for values in body["fields"].values() for field in values} == {None}
        for what in ("text", "pdf", "pages/1/image"):
            assert client.get(f"/api/v1/items/{item}/{what}").status_code == 403


def test_a_restricted_item_is_known_of_and_opened_by_nobody(desk, owner, item):
    from services.kernel.tables import Item

    with desk.kernel.database.write() as session:
        session.get_one(Item, item).restricted = True
    for client in (owner, desk.client(Role.ARCHIVIST)):
        assert not client.get(f"/api/v1/items/{item}").json()["content_open"]
        assert "张伟" not in client.get(f"/api/v1/items/{item}").text
        for what in ("text", "pdf", "pages/1/image"):
            assert client.get(f"/api/v1/items/{item}/{what}").status_code == 403


def test_a_destroyed_item_is_nowhere(desk, owner, item):
    from services.kernel.model import ItemState
    from services.kernel.tables import Item

    with desk.kernel.database.write() as session:
        session.get_one(Item, item).state = ItemState.DESTROYED
    for client in (owner, desk.client(Role.ARCHIVIST), desk.client(Role.STAFF)):
        assert client.get(f"/api/v1/items/{item}").status_code == 404
        assert client.get("/api/v1/items").json()["items"] == []


def test_the_administrator_reads_nothing(desk, item):
    admin = desk.client(Role.ADMIN)
    for address in (f"/api/v1/items/{item}", f"/api/v1/items/{item}/text", "/api/v1/search?q=x", "/api/v1/audit/ledger"):
        assert admin.get(address).status_code == 403
    assert admin.get("/metrics").status_code == 200
    for secret in SECRETS:
        assert secret not in admin.get("/metrics").text + admin.get("/api/v1/jobs").text


OWN = {
    "/api/v1/sessions/current",
    "/api/v1/notices/{notice_id}/receipt",
    "/api/v1/watermarks/reading",
    "/api/v1/retention/simulation",
}
"""What changes nothing of the archive, besides ``/me``: one's session, one's receipts, a question whose body is a picture, and
one whose body is a policy."""


def test_the_auditor_changes_and_opens_nothing(desk, item):
    auditor = desk.client(Role.AUDITOR)
    for place in guarded(desk):
        own = place.path in OWN or place.path.startswith("/api/v1/me/")
        if place.method not in ("GET", "HEAD", "OPTIONS") and not own:
            assert place.ask(auditor).status_code == 403, place
    ledger = auditor.get("/api/v1/audit/ledger").text
    assert not [secret for secret in SECRETS if secret in ledger]


def test_tokens_for_oneself_come_from_another_administrator(desk):
    admin = desk.client(Role.ADMIN)
    me = admin.get("/api/v1/me").json()["id"]
    assert admin.post(f"/api/v1/people/{me}/tokens").status_code == 422
    other = admin.post("/api/v1/people", json={"name": "李娜", "role": "clerk"}).json()["id"]
    token = admin.post(f"/api/v1/people/{other}/tokens").json()["token"]
    client = TestClient(desk.app, headers={"Authorization": f"Bearer {token}"})
    assert client.get("/api/v1/me").json()["roles"] == ["clerk"]
    assert admin.post(f"/api/v1/people/{NOBODY_S}/tokens").status_code == 404
    added = [json.loads(entry.data) for entry in desk.ledger("token.issue")]
    assert [entry["actor"] for entry in added][-1] == me


def test_a_service_delivers_and_sees_its_deliveries_only(desk):
    service = desk.client(Role.SERVICE)
    batch = desk.deliver(service, scan("合同"))
    desk.work()
    assert service.get(f"/api/v1/batches/{batch}").json()["state"] == "done"
    assert service.get("/api/v1/search?q=合同").status_code == 403
