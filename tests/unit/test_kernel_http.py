"""The law of HTTP: problem documents, request ids, idempotency, cursors, careful headers, and bounds."""

import base64
import json
import threading
import time

import pytest
from fastapi.responses import StreamingResponse
from hypothesis import given
from hypothesis import strategies as st
from limits.storage import MemoryStorage
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from services.kernel import errors
from services.kernel.errors import InvalidInput, MunimentError, TooMany
from services.kernel.http import idempotency, paging
from services.kernel.http.limiting import Limiter
from services.kernel.http.middleware import LONGEST_BODY, SECURITY_HEADERS
from services.kernel.http.probing import Prober
from services.kernel.ids import new_id
from services.kernel.model import Role
from tests.at_once import at_once
from tests.desk import Desk, TestClient

MEMBERS = {"type", "title", "status", "detail", "request_id"}
SECRET = "张伟 11010519491231002X"


def assert_problem(answer, status: int, code: str | None = None) -> dict:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert set(body) >= MEMBERS
    assert body["status"] == status
    assert body["type"].startswith("urn:muniment:problem:")
    assert body["title"] and body["detail"]
    assert body["request_id"] == answer.headers["x-request-id"]
    for name, value in SECURITY_HEADERS.items():
        assert answer.headers[name] == value
    if code is not None:
        assert body["type"] == f"urn:muniment:problem:{code}"
    return body


@pytest.fixture
def nobody(desk: Desk) -> TestClient:
    return desk.client()


@pytest.fixture
def admin(desk: Desk) -> TestClient:
    return desk.client(Role.ADMIN)


@pytest.fixture
def clerk(desk: Desk) -> TestClient:
    return desk.client(Role.CLERK)


# ── problems ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

KINDS = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, MunimentError)]


def test_each_business_error_is_a_problem_document(desk, nobody):
    @desk.app.get("/raise/{number}")
    def fail(number: int) -> None:
        raise KINDS[number]("Do this next.")

    for number, kind in enumerate(KINDS):
        body = assert_problem(nobody.get(f"/raise/{number}"), kind.status, kind.code)
        assert (body["title"], body["detail"]) == (kind.title, "Do this next.")


def test_an_error_that_nobody_foresaw_tells_nothing_of_itself(desk, nobody, capsys):
    @desk.app.get("/raise")
    def fail() -> None:
        raise RuntimeError(SECRET)

    answer = nobody.get("/raise")
    assert_problem(answer, 500, "internal")
    assert "request id" in answer.json()["detail"]
    logged = capsys.readouterr()
    assert SECRET not in answer.text + logged.out + logged.err
    assert "test_kernel_http.py" in logged.out + logged.err, "but where it rose"


@pytest.mark.parametrize("error", [OperationalError("SELECT", {"name": SECRET}, Exception("locked")), PoolTimeout("none free")])
def test_a_catalogue_that_does_not_answer_is_unavailable(desk, nobody, error):
    @desk.app.get("/raise")
    def fail() -> None:
        raise error

    answer = nobody.get("/raise")
    assert_problem(answer, 503, "unavailable")
    assert SECRET not in answer.text


def test_the_text_of_a_library_s_server_error_is_kept_back(desk, nobody):
    from starlette.exceptions import HTTPException

    @desk.app.get("/raise")
    def fail() -> None:
        raise HTTPException(500, "[Errno 28] No space left on device: '/srv/archive/uploads'")

    answer = nobody.get("/raise")
    assert_problem(answer, 500)
    assert "/srv" not in answer.text


def test_what_breaks_in_the_middle_of_an_answer_is_not_taken_for_its_end(desk):
    @desk.app.get("/raise")
    def fail() -> StreamingResponse:
        def body():
            yield b"half"
            raise RuntimeError("torn")

        return StreamingResponse(body())

    with pytest.raises(RuntimeError, match="torn"):
        TestClient(desk.app).get("/raise")


def test_unknown_addresses_and_methods(nobody):
    assert "openapi" in assert_problem(nobody.get("/api/v1/nothing"), 404)["detail"]
    assert_problem(nobody.put("/healthz"), 405)


def test_401_says_how(nobody):
    answer = nobody.get("/api/v1/me")
    assert_problem(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


REFUSED = [
    ({"title": SECRET * 40}, "body.title"),
    ({"title": [SECRET]}, "body.title"),
    ({"title": "  "}, "body.title"),
    ({"source": SECRET}, "body.title"),
    ([SECRET], "body"),
    (SECRET, "body"),
]


def test_refused_input_is_not_repeated(clerk):
    for body, where in REFUSED:
        answer = clerk.post("/api/v1/batches", json=body)
        problem = assert_problem(answer, 422, "invalid")
        assert where in problem["detail"]
        assert SECRET not in repr(problem)


def test_refused_queries_and_paths_are_not_repeated(clerk):
    for address in (f"/api/v1/search?from={SECRET}", f"/api/v1/search?limit={SECRET}", f"/api/v1/items/x/pages/{SECRET}/image"):
        answer = clerk.get(address)
        assert_problem(answer, 422)
        assert "110105" not in answer.text


def test_a_body_that_is_no_json_is_refused(clerk):
    answer = clerk.post(
        "/api/v1/batches", content=f'{{"title": "{SECRET}'.encode(), headers={"Content-Type": "application/json"}
    )
    assert_problem(answer, 422)
    assert "110105" not in answer.text


# ── bounds ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def pieces(count: int):
    for _ in range(count):
        yield b" " * 65_536


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x", "application/offset+octet-stream"])
def test_nobody_can_fill_the_memory_with_a_body(nobody, kind):
    for content in (b" " * (LONGEST_BODY + 1), pieces(400)):
        assert_problem(nobody.post("/api/v1/sessions", content=content, headers={"Content-Type": kind}), 413)


def test_a_body_within_the_bound_is_read(nobody):
    content = b" " * (LONGEST_BODY - 100) + json.dumps({"name": "x", "password": "y"}).encode()
    assert_problem(nobody.post("/api/v1/sessions", content=content, headers={"Content-Type": "application/json"}), 401)


# ── request ids and headers ───────────────────────────────────────────────────────────────────────────────────────────────


def test_each_request_has_an_id_of_ours(nobody):
    seen = {nobody.get("/healthz", headers={"X-Request-ID": "theirs"}).headers["x-request-id"] for _ in range(5)}
    assert len(seen) == 5 and "theirs" not in seen


def test_the_id_is_on_the_ledger(desk, clerk):
    answer = clerk.post("/api/v1/batches", json={"title": "t"})
    (entry,) = desk.ledger("batch.open")
    assert json.loads(entry.data)["request"] == answer.headers["x-request-id"]


def test_the_log_names_the_route_and_never_the_path(nobody, capsys):
    nobody.get(f"/api/v1/items/{SECRET}/text?name={SECRET}")
    logged = capsys.readouterr()
    assert "/api/v1/items/{item_id}/text" in logged.out + logged.err
    assert "110105" not in logged.out + logged.err


def test_answers_of_the_api_are_kept_by_no_cache(clerk):
    assert clerk.get("/api/v1/me").headers["cache-control"] == "private, no-store"


def test_metrics_count_by_route_template(desk, nobody):
    nobody.get("/api/v1/items/secret-name/text")
    text = desk.client(Role.AUDITOR).get("/metrics").text
    assert 'route="/api/v1/items/{item_id}/text",status="401"' in text
    assert "secret-name" not in text


def test_readiness_names_what_does_not_answer(desk, nobody):
    probes = desk.app.state.probes
    assert {"catalogue", "objects", "index", "broker"} <= set(probes)
    assert nobody.get("/readyz").json() == {"status": "ok", "checks": dict.fromkeys(probes, "ok")}
    probes |= {"index": lambda: 1 / 0, "broker": lambda: False}
    answer = nobody.get("/readyz")
    assert answer.status_code == 503
    assert {name for name, told in answer.json()["checks"].items() if told != "ok"} == {"index", "broker"}


def test_readiness_does_not_wait_for_what_hangs_and_asks_it_once(desk, nobody):
    goes_on, asked = threading.Event(), []

    def hangs() -> bool:
        asked.append(1)
        return goes_on.wait()

    desk.app.state.prober = Prober(seconds=0.2)
    desk.app.state.probes |= {"objects": hangs}
    for _ in range(3):
        checks = nobody.get("/readyz").json()["checks"]
        assert {name for name, told in checks.items() if told != "ok"} == {"objects"}
    assert len(asked) == 1, "which still hangs"
    goes_on.set()
    nobody.get("/readyz")
    assert nobody.get("/readyz").status_code == 200


# ── cookies ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

PASSWORD = "a sentence for the tests"


@pytest.fixture
def signed_in(desk: Desk, nobody: TestClient) -> TestClient:
    from services.kernel.identity import accounts

    with desk.kernel.database.write() as session:
        accounts.add_person(session, "张伟", Role.CLERK, password=PASSWORD)
    answer = nobody.post("/api/v1/sessions", json={"name": "张伟", "password": PASSWORD})
    assert answer.status_code == 201, answer.text
    assert answer.json()["roles"] == ["clerk"]
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie and "secure" not in cookie
    return nobody


def test_a_session_lasts_until_one_signs_out(signed_in):
    assert signed_in.get("/api/v1/me").status_code == 200
    kept = dict(signed_in.cookies)
    assert signed_in.delete("/api/v1/sessions/current").status_code == 204
    signed_in.cookies.update(kept)
    assert_problem(signed_in.get("/api/v1/me"), 401)


OTHER_SITES = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]


def test_another_site_cannot_use_the_cookie_to_change_anything(desk, signed_in):
    for headers in OTHER_SITES:
        assert_problem(signed_in.post("/api/v1/batches", json={"title": "t"}, headers=headers), 403)
        assert_problem(signed_in.post("/api/v1/sessions", json={"name": "张伟", "password": PASSWORD}, headers=headers), 403)
        assert desk.ledger("batch.open") == []


OWN_PAGES = [{}, {"Origin": "http://testserver"}, {"Sec-Fetch-Site": "same-origin"}]


def test_our_own_pages_can(signed_in):
    for headers in OWN_PAGES:
        assert signed_in.post("/api/v1/batches", json={"title": "t"}, headers=headers).status_code == 201


def test_cookies_are_secure_behind_tls(tmp_path, settings, empty_catalogue):
    desk = Desk(settings.model_copy(update={"https": True}))
    from services.kernel.identity import accounts

    with desk.kernel.database.write() as session:
        accounts.add_person(session, "张伟", Role.CLERK, password=PASSWORD)
    answer = desk.client().post("/api/v1/sessions", json={"name": "张伟", "password": PASSWORD})
    assert "secure" in answer.headers["set-cookie"].lower()
    desk.close()


# ── idempotency ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def key(value: str = "k") -> dict[str, str]:
    return {"Idempotency-Key": value}


def test_the_same_key_gives_the_same_answer_and_creates_nothing(desk, clerk):
    first = clerk.post("/api/v1/batches", json={"title": "t"}, headers=key())
    again = clerk.post("/api/v1/batches", json={"title": "t"}, headers=key())
    assert (again.status_code, again.json()) == (201, first.json())
    assert len(desk.ledger("batch.open")) == 1
    assert clerk.post("/api/v1/batches", json={"title": "t"}, headers=key("other")).json() != first.json()
    assert clerk.post("/api/v1/batches", json={"title": "t"}).json() != first.json()


def test_the_same_key_for_another_request_is_refused(desk, clerk):
    clerk.post("/api/v1/batches", json={"title": "t"}, headers=key())
    assert_problem(clerk.post("/api/v1/batches", json={"title": "another"}, headers=key()), 409)
    assert len(desk.ledger("batch.open")) == 1


def test_keys_belong_to_a_person_and_a_route(desk, clerk):
    one = clerk.post("/api/v1/batches", json={"title": "t"}, headers=key())
    assert desk.client(Role.CLERK).post("/api/v1/batches", json={"title": "t"}, headers=key()).json() != one.json()
    admin = desk.client(Role.ADMIN)
    assert admin.post("/api/v1/people", json={"name": "李娜", "role": "clerk"}, headers=key()).status_code == 201


def test_a_failed_request_frees_its_key(desk, admin):
    taken = {"name": "李娜", "role": "clerk"}
    admin.post("/api/v1/people", json=taken)
    assert_problem(admin.post("/api/v1/people", json=taken, headers=key()), 409)
    assert admin.post("/api/v1/people", json={"name": "王芳", "role": "clerk"}, headers=key()).status_code == 201


def test_a_password_is_not_remembered_with_the_request(desk, admin):
    body = {"name": "李娜", "role": "clerk", "password": PASSWORD}
    admin.post("/api/v1/people", json=body, headers=key())
    assert idempotency.fingerprint(body) not in str(stored_answers(desk))


def stored_answers(desk: Desk) -> list:
    from sqlalchemy import select

    from services.kernel.http.tables import IdempotentAnswer

    with desk.kernel.database.read() as session:
        return [(row.fingerprint, row.body) for row in session.scalars(select(IdempotentAnswer))]


def test_at_once_is_once(desk, clerk):
    answers = []

    def send() -> None:
        answers.append(clerk.post("/api/v1/batches", json={"title": "t"}, headers=key()).json())

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({answer["id"] for answer in answers}) == 1
    assert len(desk.ledger("batch.open")) == 1


# ── pages ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_cursor_leads_through_everything_once(clerk):
    made = {clerk.post("/api/v1/batches", json={"title": f"{n}"}).json()["id"] for n in range(7)}
    seen, cursor = [], None
    while True:
        page = clerk.get("/api/v1/batches", params={"limit": 3} | ({"cursor": cursor} if cursor else {})).json()
        seen += [batch["id"] for batch in page["batches"]]
        clerk.post("/api/v1/batches", json={"title": "meanwhile"})
        cursor = page["next"]
        if cursor is None:
            break
    assert set(seen) == made and len(seen) == 7
    assert seen == sorted(seen, reverse=True)


GARBAGE = [
    "%",
    "é",
    "a",
    "abc",
    "////",
    "YWJj",
    base64.b64encode(b"\xff\xfe").decode(),
    base64.b64encode(b"1' OR 1=1").decode(),
]
LISTS = {
    "/api/v1/batches": Role.CLERK,
    "/api/v1/items": Role.CLERK,
    "/api/v1/people": Role.ADMIN,
    "/api/v1/jobs": Role.ADMIN,
    "/api/v1/audit/entries": Role.AUDITOR,
    "/api/v1/search": Role.CLERK,
}


def test_a_cursor_that_is_none_is_refused_everywhere(desk):
    for address, role in LISTS.items():
        client = desk.client(role)
        for cursor in GARBAGE:
            assert_problem(client.get(address, params={"cursor": cursor}), 422)


NO_LIMITS = ["0", "-1", "201", "x", ""]


def test_a_limit_that_is_none_is_refused(clerk):
    for limit in NO_LIMITS:
        assert_problem(clerk.get("/api/v1/batches", params={"limit": limit}), 422)


@given(st.text(max_size=60))
def test_cursors_raise_nothing_else(text):
    for read in (paging.decode, paging.whole):
        try:
            read(text)
        except InvalidInput:
            continue


@given(st.integers(0, 10**18 - 1))
def test_what_is_encoded_is_decoded(number):
    assert paging.whole(paging.encode(str(number))) == number
    identity = new_id()
    assert paging.decode(paging.encode(identity)) == identity


def test_ids_sort_by_time_and_are_unique():
    ids = [new_id() for _ in range(1000)]
    assert len(set(ids)) == 1000
    born = [each[:18] for each in ids]  # milliseconds and their fraction: those of one transaction keep their order too
    assert born == sorted(born) and len({each[14:18] for each in ids}) > 1
    assert {each[14] for each in ids} == {"7"} and {each[19] for each in ids} <= set("89ab")


# ── how much one may ask ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_threads_that_ask_at_once_are_all_counted(monkeypatch):
    """The timer by which the storage forgets is set, then begun; here far enough apart for others to come between."""

    def slowly(storage: MemoryStorage) -> threading.Timer:
        time.sleep(0.002)
        return storage.__dict__["timer"]

    monkeypatch.setattr(
        MemoryStorage, "timer", property(slowly, lambda storage, timer: storage.__dict__.update(timer=timer)), raising=False
    )
    limiter = Limiter()

    def ask() -> None:
        for _ in range(10):
            limiter.hit("api", "someone", 40)

    assert at_once(*[ask] * 4) == [None] * 4
    with pytest.raises(TooMany):
        limiter.hit("api", "someone", 40)
