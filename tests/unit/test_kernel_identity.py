"""Who may do what: the table of rights, the scope, and the one function that answers for an item."""

import itertools
from datetime import timedelta

import pytest
from sqlalchemy import select

from services.kernel.blobs.keys import Vault
from services.kernel.clock import now
from services.kernel.db import Database
from services.kernel.errors import Conflict, InvalidInput, TooMany, Unauthenticated
from services.kernel.identity import accounts, signing_in, tries
from services.kernel.identity.rights import ROLE_RIGHTS, Principal, Right, Scope, may_know
from services.kernel.identity.signing_in import Terms
from services.kernel.identity.tables import Credential, Person, PersonRole, SignInTries
from services.kernel.ledger.tables import LedgerEntry
from services.kernel.model import TRANSITIONS, ItemState, Role, advance
from services.kernel.tables import Item

PASSWORD = "一句容易记住的话十个字以上"
ME, OTHER = "me", "other"
NO_VAULT = Vault(None)

WHO_KNOWS_OTHERS = {Role.ARCHIVIST, Role.STAFF, Role.DEPARTMENT_HEAD, Role.COMPANY_LEADER}


def someone(*roles: Role) -> Principal:
    return Principal(ME, "张伟", frozenset(roles))


def item(owner: str = ME, **more) -> Item:
    return Item(owner_id=owner, **({"state": ItemState.SCANNED, "restricted": False} | more))


def test_every_role_has_its_row():
    assert set(ROLE_RIGHTS) == set(Role)
    assert all(Right.SELF in rights for rights in ROLE_RIGHTS.values())


def test_every_right_is_held_by_someone():
    assert set().union(*ROLE_RIGHTS.values()) == set(Right)


def test_three_powers_are_kept_apart():
    """三员分立: who runs the system reads no content, who audits it changes nothing."""
    assert not ROLE_RIGHTS[Role.ADMIN] & {Right.CONTENT, Right.SEARCH, Right.LEDGER, Right.DELIVER}
    assert ROLE_RIGHTS[Role.AUDITOR] <= {Right.SELF, Right.LEDGER, Right.METRICS, Right.REGISTERS}
    assert {role for role, rights in ROLE_RIGHTS.items() if Right.LEDGER in rights} == {Role.AUDITOR}
    assert {role for role, rights in ROLE_RIGHTS.items() if Right.PEOPLE in rights} == {Role.ADMIN}


def test_the_table_cannot_be_changed():
    with pytest.raises(TypeError):
        ROLE_RIGHTS[Role.STAFF] = frozenset(Right)


def test_nobody_without_a_role_may_anything():
    nobody = someone()
    assert nobody.rights == frozenset() and nobody.scope is Scope.NONE
    assert not may_know(nobody, item())


@pytest.mark.parametrize("roles", [pair for n in (1, 2) for pair in itertools.combinations(Role, n)], ids="+".join)
def test_roles_add_up_and_nothing_else_is_allowed(roles):
    principal = someone(*roles)
    assert principal.rights == frozenset().union(*(ROLE_RIGHTS[role] for role in roles))
    assert all(principal.may(right) == (right in principal.rights) for right in Right)


@pytest.mark.parametrize("role", Role)
def test_scope_of_each_role(role):
    principal = someone(role)
    sees_own = bool({Right.DELIVER, Right.SEARCH} & principal.rights)
    assert principal.scope is (Scope.ALL if role in WHO_KNOWS_OTHERS else Scope.OWN if sees_own else Scope.NONE)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("owner", [ME, OTHER])
def test_who_may_know_of_an_item(role, owner):
    searches = Right.SEARCH in ROLE_RIGHTS[role]
    assert may_know(someone(role), item(owner)) == (searches and (owner == ME or role in WHO_KNOWS_OTHERS))


def test_a_destroyed_item_is_nobody_s():
    assert not may_know(someone(*Role), item(state=ItemState.DESTROYED))


def test_a_delegated_role_lends_the_power_to_decide_and_nothing_else():
    lent = Principal(ME, "张伟", frozenset({Role.STAFF}), delegated=frozenset({Role.COMPANY_LEADER, Role.ARCHIVIST}))
    assert lent.rights == ROLE_RIGHTS[Role.STAFF] | {Right.DECIDE}


# ── states ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("current", "target"), list(itertools.product(ItemState, ItemState)))
def test_only_the_steps_of_the_rules(current, target):
    if target in TRANSITIONS[current]:
        assert advance(current, target) is target
    else:
        with pytest.raises(Conflict, match="Allowed from here"):
            advance(current, target)


def test_every_state_has_its_row_and_is_reached_and_two_are_final():
    assert set(TRANSITIONS) == set(ItemState)
    assert set().union(*TRANSITIONS.values()) == set(ItemState) - {ItemState.RECEIVED}
    assert {state for state, after in TRANSITIONS.items() if not after} == {ItemState.DESTROYED, ItemState.TRANSFERRED}


@pytest.mark.parametrize("text", ["department head", "Department-Head", " department_head "])
def test_a_role_is_understood_as_people_write_it(text):
    assert Role.parse(text) is Role.DEPARTMENT_HEAD


def test_a_role_that_is_none_is_told_with_the_choices():
    with pytest.raises(ValueError, match="archivist"):
        Role.parse("king")


# ── accounts ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def person(database: Database, name: str = "张伟", role: Role = Role.CLERK, **more) -> tuple[str, str]:
    with database.write() as session:
        row = accounts.add_person(session, name, role, **more)
        return row.id, accounts.issue_token(session, row)


def asks(database: Database, secret: str, kind: str = "token") -> Principal:
    with database.read() as session:
        return accounts.principal_of(session, secret, kind=kind)


def sign_in(database: Database, password: str, name: str = "张伟"):
    opened = signing_in.sign_in(database, NO_VAULT, name, password, Terms(hours=1, request="r"))
    return None if opened is None else opened.secret


def acts(database: Database) -> list[tuple[str, str]]:
    with database.read() as session:
        rows = session.scalars(select(LedgerEntry.data).order_by(LedgerEntry.position))
        import json

        return [(each["act"], each["result"]) for each in map(json.loads, rows)]


def test_a_token_names_its_person(database):
    identity, token = person(database, department="营销部")
    principal = asks(database, token)
    assert (principal.person_id, principal.roles, principal.department) == (identity, {Role.CLERK}, "营销部")
    assert not principal.by_cookie


def test_secrets_are_kept_as_digests_only(database, tmp_path):
    _, token = person(database, password=PASSWORD)
    with database.read() as session:
        assert session.scalars(select(Credential.digest)).all() == [accounts.digest(token)]
    database.close()
    raw = b"".join(path.read_bytes() for path in tmp_path.glob("catalogue.db*"))
    assert token.encode() not in raw and PASSWORD.encode() not in raw


@pytest.mark.parametrize("secret", ["", "x", "mnt_", "mnt_" + "A" * 43, "張偉", "\0"])
def test_a_token_that_is_none(database, secret):
    person(database)
    with pytest.raises(Unauthenticated):
        asks(database, secret)


def test_a_token_is_no_session_and_a_session_no_token(database):
    _, token = person(database, password=PASSWORD)
    secret = sign_in(database, PASSWORD)
    assert asks(database, secret, "session").by_cookie
    for wrong in ((token, "session"), (secret, "token")):
        with pytest.raises(Unauthenticated):
            asks(database, *wrong)


def change(database: Database, table: type, **values) -> None:
    with database.write() as session:
        row = session.scalars(select(table)).one()
        for name, value in values.items():
            setattr(row, name, value)


def test_revoked_expired_and_of_someone_who_left(database):
    _, token = person(database)
    for table, values, back in (
        (Credential, {"revoked_at": now()}, {"revoked_at": None}),
        (Credential, {"expires_at": now()}, {"expires_at": now() + timedelta(hours=1)}),
        (Person, {"active": False}, {"active": True}),
    ):
        change(database, table, **values)
        with pytest.raises(Unauthenticated):
            asks(database, token)
        change(database, table, **back)
        assert asks(database, token)


def test_a_role_ends_at_its_end(database):
    _, token = person(database)
    change(database, PersonRole, until=now() + timedelta(hours=1))
    assert asks(database, token).roles == {Role.CLERK}
    change(database, PersonRole, until=now())
    assert asks(database, token).roles == frozenset()


def test_signing_out_closes_the_session_once(database):
    person(database, password=PASSWORD)
    secret = sign_in(database, PASSWORD)
    for _ in range(2):
        with database.write() as session:
            accounts.sign_out(session, secret, request="r")
    with pytest.raises(Unauthenticated):
        asks(database, secret, "session")
    assert [act for act, _ in acts(database)].count("session.close") == 1


def test_wrong_passwords_and_names_are_refused_alike_and_on_the_ledger(database):
    person(database, password=PASSWORD)
    person(database, "无密码")
    for name, password in (("张伟", "wrong"), ("nobody", PASSWORD), ("无密码", ""), ("无密码", PASSWORD), ("张伟", "")):
        assert sign_in(database, password, name) is None
    assert acts(database).count(("session.refuse", "refused")) == 5


def test_an_account_locks_and_opens_again(database):
    person(database, password=PASSWORD)
    for _ in range(tries.FREE):
        assert sign_in(database, "wrong") is None
    with pytest.raises(TooMany):
        sign_in(database, PASSWORD)
    assert acts(database).count(("session.refuse", "refused")) == tries.FREE + 1
    change(database, SignInTries, locked_until=now() - timedelta(seconds=1))
    assert sign_in(database, PASSWORD) is not None
    assert sign_in(database, "wrong") is None, "the count began anew"


def locks(database: Database, name: str, times: int) -> list[float]:
    """Minutes that each lock lasts, when it is tried again as soon as one has ended."""
    found = []
    for _ in range(times):
        assert sign_in(database, "wrong", name) is None
        with database.write() as session:
            (row,) = session.scalars(select(SignInTries))
            if row.locked_until:
                found.append(round((row.locked_until - now()).total_seconds() / 60))
                row.locked_until = now()
    return found


@pytest.mark.parametrize("name", ["张伟", "nobody of this name"])
def test_the_delay_doubles_and_tells_nothing_of_who_there_is(database, name):
    person(database, password=PASSWORD)
    found = locks(database, name, tries.FREE + 11)
    assert found == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 720, 720]


def test_what_was_tried_days_ago_counts_no_more(database):
    person(database, password=PASSWORD)
    for _ in range(tries.FREE - 1):
        sign_in(database, "wrong")
    change(database, SignInTries, at=now() - tries.FORGOTTEN - timedelta(seconds=1))
    assert sign_in(database, "wrong") is None
    assert sign_in(database, PASSWORD) is not None
    for name in ("a", "b"):
        sign_in(database, "wrong", name)
        change(database, SignInTries, at=now() - tries.FORGOTTEN - timedelta(seconds=1))
    with database.read() as session:
        assert len(session.scalars(select(SignInTries)).all()) == 1, "names that were tried do not pile up"


def test_passwords_are_hashed_while_nobody_is_kept_from_writing(database, monkeypatch):
    """Argon2 takes its time on purpose; the catalogue has one writer."""
    person(database, password=PASSWORD)
    matches = signing_in.matches

    def slow(hashed, password):
        with database.write():
            return matches(hashed, password)

    monkeypatch.setattr(signing_in, "matches", slow)
    assert sign_in(database, PASSWORD) is not None, "or it would wait in vain: the writer is this thread"


@pytest.mark.parametrize("name", ["", "  ", "x" * 81])
def test_a_name_that_is_none(database, name):
    with pytest.raises(InvalidInput):
        person(database, name)


def test_a_name_is_given_once(database):
    person(database)
    with pytest.raises(Conflict):
        person(database, " 张伟 ")


def test_a_weak_password_is_refused_with_the_reason(database):
    with pytest.raises(InvalidInput, match="at least 10"):
        person(database, password="123456789")


@pytest.mark.parametrize(
    "password", ["password123", "qwertyuiop", "1234567890", "Muniment123", "张伟张伟张伟张伟张伟", "aaaaaaaaaaaaa"]
)
def test_a_password_that_is_quickly_guessed_is_refused(database, password):
    with pytest.raises(InvalidInput, match="quickly guessed"):
        person(database, password=password)


def test_a_service_account_has_no_password_to_sign_in_with(database):
    person(database, role=Role.SERVICE, password=PASSWORD)
    assert sign_in(database, PASSWORD) is None


def test_a_session_that_asks_nothing_ends(database):
    person(database, password=PASSWORD)
    opened = signing_in.sign_in(database, NO_VAULT, "张伟", PASSWORD, Terms(hours=10, idle_minutes=30))
    with database.write() as session:
        row = session.scalars(select(Credential).where(Credential.kind == "session")).one()
        row.used_at = now() - timedelta(minutes=34)
    assert asks(database, opened.secret, "session")
    with database.write() as session:
        session.get_one(Credential, row.id).used_at = now() - timedelta(minutes=36)
    with pytest.raises(Unauthenticated):
        asks(database, opened.secret, "session")
