"""What the OpenAPI tells is what there is; and whatever is sent to it, no answer is an error of ours."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from services.kernel.clock import now
from services.kernel.grants.tables import Grant
from services.kernel.identity.rights import ROLE_RIGHTS, Right
from services.kernel.model import Role
from tests.desk import Desk, TestClient
from tests.functional.test_grant_states import OPENS, STATES, items, put
from tests.functional.test_rights import NOBODY_S, PUBLIC, SECRETS, guarded, places
from tests.rooms_apart import ApartDesk
from tests.sizes import size

__all__ = ["items"]  # a fixture

SEED, EXAMPLES, EXAMPLES_APART = 20260101, 3, int(size("EXAMPLES_APART", "1", "3"))
"""For each route, right and wrong input: so many of each, and the same whenever it is run. To think them up takes longer
than to answer them, so where rooms are apart, on PostgreSQL, they usually are fewer."""
BESIDE = {("GET", "/openapi.json")}
"""Not in itself."""
CLOSED = {name: STATES[name] for name in ("none", "live", "expired", "revoked")}
CLOSED_APART = dict.fromkeys(size("CLOSED_APART", "live revoked", " ".join(CLOSED)).split())


def operations(desk: Desk) -> set[tuple[str, str]]:
    paths = desk.app.openapi()["paths"]
    return {(method.upper(), path) for path, methods in paths.items() for method in methods}


def test_the_openapi_has_every_route_and_no_other(desk):
    known = {(place.method, place.path) for place in places(desk) if not place.console}
    assert operations(desk) | BESIDE == known
    assert operations(desk) - PUBLIC == {(place.method, place.path) for place in guarded(desk)} - BESIDE


@pytest.mark.parametrize("role", Role)
def test_no_answer_to_any_question_holds_what_is_closed(desk, items, role):
    """Route × role × state of a grant, over every reading route of the OpenAPI: what an item holds comes with a live grant, on
    the routes of that item and on lists that show it, and in no other way."""
    principal, token = desk.person(role)
    headers = {"Authorization": f"Bearer {token}", "X-Person": principal.person_id}
    reader = TestClient(desk.app, headers=headers, raise_server_exceptions=False)
    ids = {"item_id": items[0], "person_id": principal.person_id}
    asked = [place for place in guarded(desk) if place.method == "GET" and not place.path.endswith("/events")]
    assert len(asked) > 50
    for name in CLOSED_APART if isinstance(desk, ApartDesk) else CLOSED:
        put(desk, reader, items, CLOSED[name])
        for place in asked:
            answer = place.ask(reader, **ids)
            told = (role, name, place.path, answer.status_code)
            assert answer.status_code < 500, told
            assert (answer.status_code == 403) >= bool(place.rights - ROLE_RIGHTS[role]), told
            if name != OPENS:
                assert not [secret for secret in SECRETS if secret in answer.text], told


def whoever_may(desk: Desk) -> dict[frozenset[Right], TestClient]:
    """A client for each right that a route asks for: the first role that holds it."""
    wanted = {place.rights for place in guarded(desk)}
    return {rights: desk.client(next(role for role in Role if rights <= ROLE_RIGHTS[role])) for rights in wanted}


def send(client: TestClient, case: Any, known: dict[str, str] | None) -> Any:
    """One generated request; ``known``: ids of things that are there, instead of generated ones."""
    if known:
        case.path_parameters = {**case.path_parameters, **{name: known[name] for name in case.path_parameters if name in known}}
    made = case.as_transport_kwargs(base_url="http://testserver")
    content = made.pop("data", None)
    made["headers"] = {name: value for name, value in made["headers"].items() if name != "User-Agent"}
    cookies = made.pop("cookies", None)
    if cookies:
        made["headers"]["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return client.request(**made, content=content if isinstance(content, bytes | str) else None, follow_redirects=False)


def attack(operation: Any, mode: GenerationMode, client: TestClient, known: dict[str, str], examples: int) -> int:
    """Sends so many requests of one kind to one route; returns how many there were."""
    sent = 0

    @seed(SEED)
    @settings(
        max_examples=examples, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def each(case: Any) -> None:
        nonlocal sent
        answer = send(client, case, known if mode is GenerationMode.POSITIVE else None)
        assert answer.status_code < 500, (case.method, case.path, case.as_transport_kwargs(), answer.text)
        sent += 1

    each()
    return sent


@pytest.mark.timeout(1200)
def test_no_input_ends_in_an_error_of_the_server(desk):
    schema = schemathesis.openapi.from_dict(desk.app.openapi())
    clients, rights = whoever_may(desk), {(place.method, place.path): place.rights for place in places(desk)}
    known = {"item_id": desk.item(desk.client(Role.ARCHIVIST), "合同"), "number": "1"}
    sent, unassailable, examples = 0, [], EXAMPLES_APART if isinstance(desk, ApartDesk) else EXAMPLES
    for found in schema.get_all_operations():
        operation = found.ok()
        client = clients.get(rights[operation.method.upper(), operation.path]) or desk.client()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            try:
                sent += attack(operation, mode, client, known, examples)
            except (Unsatisfiable, schemathesis.errors.SchemathesisError):
                unassailable.append((operation.label, mode))
    assert {mode for _, mode in unassailable} <= {GenerationMode.NEGATIVE}, "nothing wrong can be sent where nothing is taken"
    assert sent > examples * len(operations(desk))


# ── what is there and what is not ─────────────────────────────────────────────────────────────────────────────────────────


def test_an_id_that_is_there_and_is_not_one_s_own_looks_like_one_that_is_not(desk, items):
    """For every route with an id and every role that may call it: the same answer, word for word but for the request's id, to
    what belongs to others and to what does not exist. Items in the archive are known to those who search; they are tried in
    ``test_grant_states``."""
    world = others_things(desk, items[0])
    for role in Role:
        client = desk.client(role)
        for place in guarded(desk):
            names = set(re.findall(r"{(\w+)}", place.path))
            if (
                not names & set(world)
                or place.rights - ROLE_RIGHTS[role]
                or any(role in KNOWN_TO[name] for name in names & set(world))
            ):
                continue
            theirs, absent = place.ask(client, **world), place.ask(client, **dict.fromkeys(world, NOBODY_S))
            told = (role, place.method, place.path, theirs.status_code, absent.status_code)
            assert theirs.status_code == absent.status_code, told
            assert theirs.status_code >= 400, told
            if place.method != "HEAD":
                assert theirs.json() | {"request_id": ""} == absent.json() | {"request_id": ""}, told


REGISTRY = {Role.ARCHIVIST, Role.COMPANY_LEADER, Role.AUDITOR}
"""Who sees all requests, grants, loans and copies by their office."""
KNOWN_TO: dict[str, set[Role]] = {
    "batch_id": {Role.ARCHIVIST},
    "request_id": REGISTRY | {Role.DEPARTMENT_HEAD},  # who signs it
    "grant_id": REGISTRY,
    "delegation_id": set(),
    "credential_id": {Role.ADMIN},
    "person_id": {Role.ADMIN},
    "notice_id": set(),
}


def others_things(desk: Desk, item: str) -> dict[str, str]:
    """One of each, of people whom the test's readers are not."""
    clerk, staff, head = desk.client(Role.CLERK), desk.client(Role.STAFF), desk.client(Role.DEPARTMENT_HEAD)
    body = {"kind": "read", "item_ids": [item], "purpose": "核对付款日期"}
    asked = staff.post("/api/v1/access-requests", json=body)
    assert asked.status_code == 201, asked.text
    me = staff.get("/api/v1/me").json()["id"]
    lent = {"taker_id": me, "role": "department_head", "until": (now() + timedelta(days=1)).isoformat(), "reason": "出差"}
    given = head.post("/api/v1/delegations", json=lent)
    assert given.status_code == 201, given.text
    with desk.kernel.database.write() as session:
        grant = Grant(
            person_id=me, request_id=asked.json()["id"], kind="read", policy=0, since=now(), until=now() + timedelta(hours=1)
        )
        session.add(grant)
        session.flush()
        granted = grant.id
    return {
        "batch_id": desk.batch(clerk),
        "request_id": asked.json()["id"],
        "grant_id": granted,
        "delegation_id": given.json()["id"],
        "credential_id": staff.get("/api/v1/me/credentials").json()["credentials"][0]["id"],
        "person_id": me,
        "notice_id": staff.get("/api/v1/notices").json()["notices"][0]["id"],
    }
