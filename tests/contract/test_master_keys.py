"""One contract for every master key, and what the one in a key service promises besides."""

import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from services.kernel.blobs import vault_transit
from services.kernel.blobs.keys import KEY_BYTES, FileMasterKey, MasterKey, Vault
from services.kernel.blobs.vault_transit import VaultTransitKey
from services.kernel.errors import IntegrityError, Unavailable
from tests.contract import transit
from tests.contract.transit import Service

SERVICES = [transit.stand_in, *([transit.real] if os.environ.get(transit.REAL) else [])]
"""The real one only where it is named: no registry that we install from has one."""


def transit_key(
    service: Service, *, key: str | None = None, mount: str = "transit", token: str | None = None
) -> VaultTransitKey:
    client = vault_transit.connect(service.url)
    return VaultTransitKey(client, lambda: token or service.token, key=key or service.key, mount=mount, pauses=(0.01, 0.02))


@dataclass(frozen=True)
class Masters:
    """``again`` opens the same master in another process, ``another`` is a different one."""

    one: MasterKey
    again: MasterKey
    another: MasterKey


@pytest.fixture(params=["file", *SERVICES], ids=lambda param: getattr(param, "__name__", param))
def masters(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Masters]:
    if request.param == "file":
        yield Masters(*(FileMasterKey(tmp_path / name) for name in ("a", "a", "b")))
        return
    with request.param() as service:
        service.administer("keys/another")
        yield Masters(transit_key(service), transit_key(service), transit_key(service, key="another"))


# ── every master key ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_was_wrapped_is_unwrapped_by_the_same_master_anywhere(masters):
    key = secrets.token_bytes(KEY_BYTES)
    wrapped = masters.one.wrap(key)
    assert key not in wrapped
    assert masters.one.unwrap(wrapped) == masters.again.unwrap(wrapped) == key


def test_another_master_opens_nothing(masters):
    with pytest.raises(IntegrityError):
        masters.another.unwrap(masters.one.wrap(bytes(KEY_BYTES)))


def test_a_changed_or_cut_wrapping_opens_nothing(masters):
    wrapped = masters.one.wrap(secrets.token_bytes(KEY_BYTES))
    last = len(wrapped) - 5  # inside the base64 text too
    flipped = wrapped[:last] + bytes([wrapped[last] ^ 1]) + wrapped[last + 1 :]
    for wrong in (flipped, wrapped[:-8], b"", b"\xff" * len(wrapped)):
        with pytest.raises(IntegrityError):
            masters.one.unwrap(wrong)


def test_it_has_a_name_that_the_catalogue_can_hold(masters):
    assert 0 < len(masters.one.name) <= 64
    assert masters.one.name == masters.again.name


def test_it_is_reachable(masters):
    assert masters.one.reachable()


def test_data_keys_are_wrapped_by_it(masters, database):
    vault = Vault(masters.one)
    with database.write() as session:
        key = vault.new_key(session).id
        sealed = vault.seal_text(session, key, "items.title", "张伟")
    with database.read() as session:
        assert Vault(masters.again).open_text(session, key, "items.title", sealed) == "张伟"


# ── a key service ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(params=SERVICES, ids=lambda make: make.__name__)
def service(request: pytest.FixtureRequest) -> Iterator[Service]:
    with request.param() as service:
        yield service


def test_the_version_of_the_master_lies_in_the_wrapping_and_old_ones_open_after_a_rotation(service):
    master = transit_key(service)
    old = master.wrap(b"1" * KEY_BYTES)
    service.rotate()
    new = master.wrap(b"2" * KEY_BYTES)
    assert old.startswith(b"vault:v1:") and new.startswith(b"vault:v2:")
    assert master.unwrap(old) == b"1" * KEY_BYTES and master.unwrap(new) == b"2" * KEY_BYTES
    service.refuse_below(2)
    with pytest.raises(IntegrityError, match="min_decryption_version"):
        master.unwrap(old)


@pytest.mark.parametrize(
    ("wrong", "advice"),
    [({"token": "another"}, "Renew"), ({"mount": "elsewhere"}, "MUNIMENT_VAULT_MOUNT")],
    ids=["token", "mount"],
)
def test_what_is_set_up_wrongly_is_named(service, wrong, advice):
    master = transit_key(service, **wrong)
    for act in (lambda: master.wrap(bytes(KEY_BYTES)), lambda: master.unwrap(b"vault:v1:AAAA")):
        with pytest.raises(Unavailable, match=advice) as refusal:
            act()
        assert service.token not in refusal.value.detail and "another" not in refusal.value.detail


def test_what_a_key_file_wrapped_is_not_sent_to_the_service(service, tmp_path):
    wrapped = FileMasterKey(tmp_path).wrap(bytes(KEY_BYTES))
    with pytest.raises(IntegrityError, match="another master"):
        transit_key(service).unwrap(wrapped)


def test_the_token_is_read_anew_each_time(service, tmp_path):
    path = tmp_path / "token"
    master = VaultTransitKey(vault_transit.connect(service.url), vault_transit.token_in(path), key=service.key)
    with pytest.raises(Unavailable, match="agent"):
        master.wrap(bytes(KEY_BYTES))
    path.write_text("expired\n")
    with pytest.raises(Unavailable, match="Renew"):
        master.wrap(bytes(KEY_BYTES))
    path.write_text(f"{service.token}\n")
    assert master.unwrap(master.wrap(bytes(KEY_BYTES))) == bytes(KEY_BYTES)


# ── a key service that fails ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def failing() -> Iterator[Service]:
    with transit.stand_in() as service:
        yield service


@pytest.mark.parametrize("status", sorted(vault_transit.BUSY))
def test_what_passes_is_borne(failing, status):
    failing.server.fail = [status, status]
    assert transit_key(failing).wrap(bytes(KEY_BYTES)).startswith(b"vault:v1:")


def test_what_lasts_is_told_and_the_number_of_requests_is_bounded(failing):
    master, asked = transit_key(failing), failing.server.asked
    failing.server.sealed = True
    asked.clear()
    with pytest.raises(Unavailable, match="Unseal"):
        master.wrap(bytes(KEY_BYTES))
    assert len(asked) == 3
    assert not master.reachable()


def test_a_refusal_is_not_repeated(failing):
    failing.server.asked.clear()
    with pytest.raises(Unavailable):
        transit_key(failing, token="another").wrap(bytes(KEY_BYTES))
    assert len(failing.server.asked) == 1


def test_a_service_that_is_not_there_is_told():
    gone = VaultTransitKey(vault_transit.connect("http://127.0.0.1:9"), lambda: "token", key="k", pauses=(0.01,))
    with pytest.raises(Unavailable, match="does not answer"):
        gone.wrap(bytes(KEY_BYTES))
    with pytest.raises(httpx.TransportError):
        gone.reachable()


STRANGE: list[tuple[str, Callable[[httpx.Request], httpx.Response]]] = [
    ("a page", lambda _: httpx.Response(200, text="<html>secret</html>")),
    ("no data", lambda _: httpx.Response(200, json={"data": None})),
    ("a number", lambda _: httpx.Response(200, json={"data": {"ciphertext": 1, "plaintext": 1}})),
    ("no base64", lambda _: httpx.Response(200, json={"data": {"ciphertext": "vault", "plaintext": "§"}})),
]


@pytest.mark.parametrize("answer", [answer for _, answer in STRANGE], ids=[name for name, _ in STRANGE])
def test_an_answer_that_is_none_is_refused_and_not_quoted(answer):
    client = httpx.Client(base_url="http://vault", transport=httpx.MockTransport(answer))
    master = VaultTransitKey(client, lambda: "token", key="k", pauses=())
    for act in (lambda: master.wrap(bytes(KEY_BYTES)), lambda: master.unwrap(b"vault:v1:AAAA")):
        with pytest.raises(Unavailable, match="is none") as refusal:
            act()
        assert "secret" not in refusal.value.detail
