"""Accounts over HTTP: second factor, sessions and tokens, passwords, roles over time, who has gone."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from pyotp import TOTP
from sqlalchemy import select, update

from services.kernel.clock import now
from services.kernel.identity import accounts, tries
from services.kernel.identity.tables import Credential, RecoveryCode, SecondFactor, SignInTries
from services.kernel.model import Role
from tests.desk import PASSWORD, Desk, TestClient, created, ok

OTHER_PASSWORD = "another sentence for the tests"


class Someone:
    """A person at a browser."""

    def __init__(self, desk: Desk, role: Role = Role.STAFF, name: str = "李娜") -> None:
        self.desk, self.name = desk, name
        with desk.kernel.database.write() as session:
            self.id = accounts.add_person(session, name, role, password=PASSWORD).id

    def browser(self) -> TestClient:
        client = self.desk.client()
        client.headers["Origin"] = "http://testserver"
        return client

    def sign_in(self, password: str = PASSWORD, **more: str) -> TestClient:
        client = self.browser()
        answer = client.post("/api/v1/sessions", json={"name": self.name, "password": password, **more})
        client.status = answer.status_code
        return client

    def enrol(self, client: TestClient) -> tuple[TOTP, list[str]]:
        begun = created(client.post("/api/v1/me/second-factor", json={"password": PASSWORD}))
        assert begun["qr"].startswith("<svg")
        totp = TOTP(parse_qs(urlsplit(begun["uri"]).query)["secret"][0])
        codes = ok(client.post("/api/v1/me/second-factor/confirmation", json={"code": totp.now()}))["recovery_codes"]
        return totp, codes

    def forget_steps(self) -> None:
        """As if the codes so far had been sent long ago."""
        with self.desk.kernel.database.write() as session:
            session.get_one(SecondFactor, self.id).last_step = 0


@pytest.fixture
def someone(desk: Desk) -> Someone:
    return Someone(desk)


@pytest.fixture
def admin(desk: Desk) -> TestClient:
    return desk.client(Role.ADMIN)


def acts(desk: Desk, act: str) -> list[dict]:
    return [json.loads(entry.data) for entry in desk.ledger(act)]


# ── the second factor ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_with_an_authenticator_the_password_alone_opens_nothing(desk, someone):
    totp, _ = someone.enrol(someone.sign_in())
    someone.forget_steps()
    client = someone.sign_in()
    assert client.status == 202
    assert client.get("/api/v1/me").status_code == 401
    assert client.post("/api/v1/sessions/second-factor", json={"code": "000000"}).status_code == 401
    answer = client.post("/api/v1/sessions/second-factor", json={"code": totp.now()})
    assert answer.status_code == 201 and client.get("/api/v1/me").json()["name"] == "李娜"
    flags = next(each for each in answer.headers.get_list("set-cookie") if each.startswith("muniment_session"))
    assert "HttpOnly" in flags and "SameSite=strict" in flags
    assert client.post("/api/v1/sessions/second-factor", json={"code": totp.now()}).status_code == 401, "it was used up"


def test_a_code_counts_once(desk, someone):
    totp, _ = someone.enrol(someone.sign_in())
    used = totp.now()
    assert someone.sign_in(code=used).status == 401, "it was shown when enrolling"
    someone.forget_steps()
    used = totp.now()
    assert someone.sign_in(code=used).status == 201
    assert someone.sign_in(code=used).status == 401


def test_codes_before_and_after_a_step_do_and_others_do_not(desk, someone):
    totp, _ = someone.enrol(someone.sign_in())
    someone.forget_steps()
    moment = now()
    assert someone.sign_in(code=totp.at(moment - timedelta(seconds=150))).status == 401
    assert someone.sign_in(code=totp.at(moment - timedelta(seconds=30))).status == 201
    assert someone.sign_in(code=totp.at(moment + timedelta(seconds=150))).status == 401


def test_a_recovery_code_counts_once_and_is_kept_as_a_digest(desk, someone):
    client = someone.sign_in()
    _, codes = someone.enrol(client)
    assert len(set(codes)) == 10 and all(re.fullmatch(r"([a-z2-7]{4}-){5}[a-z2-7]{4}", code) for code in codes)
    with desk.kernel.database.read() as session:
        kept = session.scalars(select(RecoveryCode.digest)).all()
    assert not set(kept) & set(codes)
    assert someone.sign_in(code=codes[0].upper().replace("-", " ")).status == 201
    assert someone.sign_in(code=codes[0]).status == 401
    assert ok(client.get("/api/v1/me/second-factor")) == {"active": True, "recovery_codes_left": 9}
    assert len(acts(desk, "second-factor.recover")) == 1


def test_the_secret_is_sealed(desk, someone, settings):
    client = someone.sign_in()
    begun = created(client.post("/api/v1/me/second-factor", json={"password": PASSWORD}))
    secret = parse_qs(urlsplit(begun["uri"]).query)["secret"][0]
    with desk.kernel.database.read() as session:
        assert secret.encode() not in session.get_one(SecondFactor, someone.id).secret_sealed
    assert secret not in "".join(entry.data.decode() for entry in desk.ledger())


def test_enrolling_ends_other_sessions_and_needs_the_password(desk, someone):
    other, client = someone.sign_in(), someone.sign_in()
    assert client.post("/api/v1/me/second-factor", json={"password": "wrong"}).status_code == 403
    someone.enrol(client)
    assert other.get("/api/v1/me").status_code == 401 and client.get("/api/v1/me").status_code == 200
    assert client.post("/api/v1/me/second-factor", json={"password": PASSWORD}).status_code == 409


def test_giving_it_up_takes_password_and_code_and_the_administrator_helps_who_lost_it(desk, someone, admin):
    client = someone.sign_in()
    totp, _ = someone.enrol(client)
    removal = "/api/v1/me/second-factor/removal"
    assert client.post(removal, json={"password": PASSWORD, "code": "123456"}).status_code == 403
    someone.forget_steps()
    assert client.post(removal, json={"password": PASSWORD, "code": totp.now()}).status_code == 204
    assert someone.sign_in().status == 201
    _, codes = someone.enrol(client)
    assert admin.delete(f"/api/v1/people/{someone.id}/second-factor").status_code == 204
    assert client.get("/api/v1/me").status_code == 401
    assert someone.sign_in().status == 201
    assert someone.sign_in(code=codes[0]).status == 201, "a code is no longer asked for, and does no harm"


def test_wrong_codes_lock_as_wrong_passwords_do(desk, someone):
    someone.enrol(someone.sign_in())
    for _ in range(tries.FREE):
        assert someone.sign_in(code="000000").status == 401
    assert someone.sign_in(code="000000").status == 429
    assert someone.sign_in().status == 429, "the right password does not tell either"


def test_whose_role_needs_a_second_factor_may_only_enrol_until_there_is_one(settings, catalogue_url):
    desk = Desk(settings.model_copy(update={"catalogue_url": catalogue_url, "second_factor_for": frozenset({Role.ADMIN})}))
    someone = Someone(desk, Role.ADMIN)
    client = someone.sign_in()
    refused = client.get("/api/v1/people")
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:muniment:problem:second-factor-needed")
    assert client.get("/api/v1/me").json()["must_enrol"]
    assert client.get("/", follow_redirects=False).headers["location"] == "/me"
    assert "须启用第二步验证" in client.get("/me").text
    someone.enrol(client)
    assert client.get("/api/v1/people").status_code == 200
    desk.close()


# ── sessions and tokens ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_one_sees_one_s_sessions_and_ends_them(desk, someone):
    first, second = someone.sign_in(), someone.sign_in()
    listed = ok(second.get("/api/v1/me/credentials"))["credentials"]
    assert [each["current"] for each in listed] == [True, False]
    assert all(each["kind"] == "session" and each["agent"] == "testclient" for each in listed)
    assert second.delete(f"/api/v1/me/credentials/{listed[1]['id']}").status_code == 204
    assert first.get("/api/v1/me").status_code == 401
    assert second.delete(f"/api/v1/me/credentials/{listed[1]['id']}").status_code == 404
    third = someone.sign_in()
    assert ok(second.delete("/api/v1/me/credentials")) == {"ended": 1}
    assert third.get("/api/v1/me").status_code == 401 and second.get("/api/v1/me").status_code == 200


def test_another_s_session_cannot_be_ended_but_by_the_administrator(desk, someone, admin):
    client, other = someone.sign_in(), Someone(desk, name="王芳").sign_in()
    mine = ok(client.get("/api/v1/me/credentials"))["credentials"][0]["id"]
    assert other.delete(f"/api/v1/me/credentials/{mine}").status_code == 404
    assert ok(admin.get(f"/api/v1/people/{someone.id}/credentials"))["credentials"][0]["id"] == mine
    assert admin.delete(f"/api/v1/people/{someone.id}/credentials/{mine}").status_code == 204
    assert client.get("/api/v1/me").status_code == 401
    assert acts(desk, "session.revoke")[-1]["details"]["person"] == someone.id


def test_a_token_has_a_name_an_end_and_a_last_use(desk, admin):
    service = created(admin.post("/api/v1/people", json={"name": "扫描仪", "role": "service"}))["id"]
    issued = created(admin.post(f"/api/v1/people/{service}/tokens", json={"name": "二楼", "days": 30}))
    assert admin.post(f"/api/v1/people/{service}/tokens").status_code == 201, "without a body it has the archive's own end"
    client = TestClient(desk.app, headers={"Authorization": f"Bearer {issued['token']}"})
    address = f"/api/v1/people/{service}/credentials"
    unnamed, named = ok(admin.get(address))["credentials"]
    assert (named["name"], named["used_at"], unnamed["name"]) == ("二楼", None, None)
    grown_old(desk)
    assert client.get("/api/v1/me").status_code == 200
    named = ok(admin.get(address))["credentials"][1]
    assert named["used_at"] is not None and named["expires_at"] is not None
    with desk.kernel.database.write() as session:
        session.get_one(Credential, named["id"]).expires_at = now()
    assert client.get("/api/v1/me").status_code == 401
    assert len(ok(admin.get(address))["credentials"]) == 1
    assert ok(admin.delete(address, params={"kind": "token"})) == {"ended": 2}


def grown_old(desk: Desk) -> None:
    """What was issued a moment ago was issued ten minutes ago."""
    with desk.kernel.database.write() as session:
        session.execute(update(Credential).values(created_at=now() - timedelta(minutes=10)))


def test_a_use_is_written_once_in_five_minutes(desk):
    client = desk.client(Role.STAFF)
    grown_old(desk)
    uses = []
    for _ in range(3):
        assert client.get("/api/v1/me").status_code == 200
        with desk.kernel.database.read() as session:
            uses.append(session.scalars(select(Credential.used_at)).one())
    assert len(set(uses)) == 1 and uses[0] is not None


# ── passwords ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_changed_password_ends_all_other_sessions(desk, someone):
    other, client = someone.sign_in(), someone.sign_in()
    change = {"current": "wrong", "new": OTHER_PASSWORD}
    assert client.put("/api/v1/me/password", json=change).status_code == 403
    assert client.put("/api/v1/me/password", json=change | {"current": PASSWORD, "new": "123456789012"}).status_code == 422
    assert client.put("/api/v1/me/password", json=change | {"current": PASSWORD}).status_code == 204
    assert other.get("/api/v1/me").status_code == 401 and client.get("/api/v1/me").status_code == 200
    assert someone.sign_in().status == 401 and someone.sign_in(OTHER_PASSWORD).status == 201
    told = ok(someone.sign_in(OTHER_PASSWORD).get("/api/v1/notices"))["notices"]
    assert [each["key"] for each in told] == ["account.password"], "whoever it was not learns of it"
    whole = "".join(entry.data.decode() for entry in desk.ledger())
    assert PASSWORD not in whole and OTHER_PASSWORD not in whole


def test_whoever_sits_at_an_open_session_guesses_the_password_no_oftener_than_at_the_door(desk, someone):
    client = someone.sign_in()
    for _ in range(tries.FREE):
        assert client.put("/api/v1/me/password", json={"current": "wrong", "new": OTHER_PASSWORD}).status_code == 403
    assert client.put("/api/v1/me/password", json={"current": PASSWORD, "new": OTHER_PASSWORD}).status_code == 429


def test_the_administrator_sets_a_password_lifts_the_lock_and_not_their_own(desk, someone, admin):
    for _ in range(tries.FREE + 1):
        someone.sign_in("wrong")
    assert someone.sign_in().status == 429
    assert admin.put(f"/api/v1/people/{someone.id}/password", json={"password": OTHER_PASSWORD}).status_code == 204
    assert someone.sign_in(OTHER_PASSWORD).status == 201
    me = admin.get("/api/v1/me").json()["id"]
    assert admin.put(f"/api/v1/people/{me}/password", json={"password": OTHER_PASSWORD}).status_code == 403
    service = created(admin.post("/api/v1/people", json={"name": "扫描仪", "role": "service"}))["id"]
    assert admin.put(f"/api/v1/people/{service}/password", json={"password": OTHER_PASSWORD}).status_code == 422


def test_an_unknown_name_locks_as_a_known_one_does(desk, someone):
    answers = []
    for name in (someone.name, "没有这个人"):
        client = someone.browser()
        found = [client.post("/api/v1/sessions", json={"name": name, "password": "wrong"}) for _ in range(tries.FREE + 1)]
        answers.append([(each.status_code, each.json() | {"request_id": ""}) for each in found])
    assert answers[0] == answers[1]
    with desk.kernel.database.read() as session:
        assert len(session.scalars(select(SignInTries)).all()) == 2


# ── people ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_roles_are_given_for_a_time_ended_and_remembered(desk, someone, admin):
    roles = f"/api/v1/people/{someone.id}/roles"
    until = (now() + timedelta(days=1)).isoformat()
    created(admin.post(roles, json={"role": "department_head", "until": until}))
    assert admin.post(roles, json={"role": "department_head"}).status_code == 409
    assert admin.post(roles, json={"role": "archivist", "until": now().isoformat()}).status_code == 422
    client = someone.sign_in()
    assert client.get("/api/v1/me").json()["roles"] == ["department_head", "staff"]
    assert admin.delete(f"{roles}/staff").status_code == 204
    assert admin.delete(f"{roles}/staff").status_code == 404
    assert client.get("/api/v1/me").json()["roles"] == ["department_head"], "within the session at hand"
    held = ok(admin.get(f"/api/v1/people/{someone.id}"))["held"]
    assert [(each["role"], each["until"] is None) for each in held] == [("staff", False), ("department_head", False)]
    assert [(each["details"]["role"], each["act"]) for each in acts(desk, "role.give") + acts(desk, "role.end")] == [
        ("department_head", "role.give"),
        ("staff", "role.end"),
    ]


def test_nobody_raises_themselves(desk, admin):
    me = admin.get("/api/v1/me").json()["id"]
    for answer in (
        admin.post(f"/api/v1/people/{me}/roles", json={"role": "archivist"}),
        admin.delete(f"/api/v1/people/{me}/roles/admin"),
        admin.post(f"/api/v1/people/{me}/deactivation"),
    ):
        assert (answer.status_code, answer.json()["type"]) == (403, "urn:muniment:problem:separation-of-duties")
    second = {"name": "第二个账号", "role": "archivist", "natural_id": me}
    assert admin.post("/api/v1/people", json=second).status_code == 422


def test_there_is_always_an_administrator(desk, admin):
    me = admin.get("/api/v1/me").json()["id"]
    other, token = desk.person(Role.ADMIN)
    second = TestClient(desk.app, headers={"Authorization": f"Bearer {token}"})
    assert admin.post(f"/api/v1/people/{other.person_id}/deactivation").status_code == 204
    assert second.get("/api/v1/me").status_code == 401
    assert admin.post(f"/api/v1/people/{other.person_id}/activation").status_code == 204
    assert second.get("/api/v1/me").status_code == 401, "an old token opens nothing again"
    third = TestClient(desk.app, headers={"Authorization": f"Bearer {desk.person(Role.ADMIN)[1]}"})
    assert third.delete(f"/api/v1/people/{me}/roles/admin").status_code == 204
    assert third.delete(f"/api/v1/people/{other.person_id}/roles/admin").status_code == 204
    assert third.post(f"/api/v1/people/{me}/roles", json={"role": "admin"}).status_code == 201


def test_a_person_and_a_service_do_not_mix(desk, someone, admin):
    assert admin.post(f"/api/v1/people/{someone.id}/roles", json={"role": "service"}).status_code == 422
    service = created(admin.post("/api/v1/people", json={"name": "扫描仪", "role": "service", "natural_id": someone.id}))["id"]
    assert admin.post(f"/api/v1/people/{service}/roles", json={"role": "staff"}).status_code == 422
    assert ok(admin.get(f"/api/v1/people/{service}"))["accounts"] == [{"id": someone.id, "name": "李娜"}]


def test_who_has_gone_has_no_session_no_token_and_no_delegation(desk, admin):
    head = Someone(desk, Role.DEPARTMENT_HEAD)
    deputy = Someone(desk, Role.STAFF, "王芳")
    client, taker = head.sign_in(), deputy.sign_in()
    token = created(admin.post(f"/api/v1/people/{head.id}/tokens"))["token"]
    given = {"taker_id": deputy.id, "role": "department_head", "reason": "出差"}
    created(client.post("/api/v1/delegations", json=given | {"until": (now() + timedelta(days=3)).isoformat()}))
    assert "decide" in taker.get("/api/v1/me").json()["rights"]
    assert admin.post(f"/api/v1/people/{head.id}/deactivation").status_code == 204
    assert client.get("/api/v1/me").status_code == 401 and head.sign_in().status == 401
    assert desk.client().get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    assert "decide" not in taker.get("/api/v1/me").json()["rights"]
    assert not ok(taker.get("/api/v1/delegations"))["delegations"][0]["live"]
    assert admin.post(f"/api/v1/people/{head.id}/deactivation").status_code == 409


def test_departments_stand_in_a_list_and_people_are_moved_between_them(desk, someone, admin):
    for body in ({"name": "集团"}, {"name": "营销部", "parent": "集团"}):
        created(admin.post("/api/v1/departments", json=body))
    assert admin.post("/api/v1/departments", json={"name": "营销部"}).status_code == 409
    assert admin.post("/api/v1/departments", json={"name": "x", "parent": "没有"}).status_code == 422
    first = ok(admin.get("/api/v1/departments", params={"limit": 1}))
    rest = ok(admin.get("/api/v1/departments", params={"cursor": first["next"]}))
    assert {each["name"] for each in first["departments"] + rest["departments"]} == {"集团", "营销部"}
    moved = admin.patch(f"/api/v1/people/{someone.id}", json={"department": "营销部"})
    assert ok(moved)["department"] == "营销部"
    assert someone.sign_in().get("/api/v1/me").json()["department"] == "营销部"
    assert admin.patch(f"/api/v1/people/{someone.id}", json={"department": "没有"}).status_code == 404
    created(admin.post("/api/v1/people", json={"name": "赵敏", "role": "staff", "department": "客服部"}))
    assert "客服部" in {each["name"] for each in ok(admin.get("/api/v1/departments"))["departments"]}
    assert [each["name"] for each in ok(admin.get("/api/v1/people", params={"name": "赵"}))["people"]] == ["赵敏"]


# ── the pages ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def send(client: TestClient, address: str, **data: str):
    return client.post(address, data=data, follow_redirects=False)


def test_enrolling_and_signing_in_by_the_pages(desk, someone):
    client = someone.browser()
    assert send(client, "/sign-in", name="李娜", password=PASSWORD).headers["location"] == "/"
    assert "未启用" in client.get("/me").text
    page = send(client, "/me/second-factor", password=PASSWORD).text
    assert "data:image/svg+xml," in page
    uri = unquote(re.search(r"<code>(otpauth:[^<]+)</code>", page)[1].replace("&amp;", "&"))
    totp = TOTP(parse_qs(urlsplit(uri).query)["secret"][0])
    again = send(client, "/me/second-factor/confirmation", code="000000", qr="<svg/>", uri=uri)
    assert again.status_code == 422 and "动态码不对" in again.text
    codes = send(client, "/me/second-factor/confirmation", code=totp.now()).text
    assert len(re.findall(r"<li><code>", codes)) == 10
    someone.forget_steps()
    fresh = someone.browser()
    asked = send(fresh, "/sign-in", name="李娜", password=PASSWORD, next="/me")
    assert asked.headers["location"] == "/sign-in/code?next=%2Fme"
    assert "第二步验证" in fresh.get("/sign-in/code").text
    assert send(fresh, "/sign-in/code", code="000000").status_code == 401
    assert send(fresh, "/sign-in/code", code=totp.now(), next="/me").headers["location"] == "/me"
    assert fresh.get("/me").status_code == 200
    assert send(someone.browser(), "/sign-in/code", code="1").headers["location"].startswith("/sign-in?next=")


def test_one_s_account_by_the_page(desk, someone):
    client, other = someone.sign_in(), someone.sign_in()
    wrong = send(client, "/me/password", current=PASSWORD, new=OTHER_PASSWORD, again="x")
    assert wrong.status_code == 422 and "不一样" in wrong.text
    assert "太容易猜到" in send(client, "/me/password", current=PASSWORD, new="1234567890", again="1234567890").text
    assert send(client, "/me/password", current="x", new=OTHER_PASSWORD, again=OTHER_PASSWORD).status_code == 403
    assert send(client, "/me/password", current=PASSWORD, new=OTHER_PASSWORD, again=OTHER_PASSWORD).status_code == 303
    assert other.get("/api/v1/me").status_code == 401
    other = someone.sign_in(OTHER_PASSWORD)
    ends = re.findall(r'action="(/me/credentials/[\w-]+/end)"', client.get("/me").text)
    assert len(ends) == 1 and send(client, ends[0]).status_code == 303
    assert other.get("/api/v1/me").status_code == 401


def test_people_by_the_pages(desk):
    admin = Someone(desk, Role.ADMIN, "管理员").sign_in()
    assert send(admin, "/departments", name="营销部").status_code == 303
    person = send(admin, "/people", name="赵敏", role="staff", department="营销部", password=PASSWORD).headers["location"]
    assert "赵敏" in admin.get("/people").text and "赵敏" not in admin.get("/people?name=x").text
    assert send(admin, f"{person}/roles", role="department_head", until="2099-01-01").status_code == 303
    page = admin.get(person).text
    assert "部门负责人" in page and "2099-01-01" in page
    assert send(admin, f"{person}/roles", role="auditor").status_code == 403
    assert send(admin, f"{person}/roles/staff/end").status_code == 303
    issued = send(admin, f"{person}/tokens", name="脚本", days="7").text
    token = re.search(r'id="token">(mnt_[^<]+)<', issued)[1]
    assert desk.client().get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}).json()["name"] == "赵敏"
    assert token not in admin.get(person).text
    assert send(admin, f"{person}/password", password=OTHER_PASSWORD).status_code == 303
    assert send(admin, f"{person}/department", department="").status_code == 303
    assert send(admin, f"{person}/do/deactivation").status_code == 303
    assert "已停用" in admin.get(person).text
    assert desk.client().get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    assert desk.client().get("/people", follow_redirects=False).headers["location"] == "/sign-in?next=%2Fpeople"
