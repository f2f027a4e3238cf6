"""The master key in a key service: the transit engine of HashiCorp Vault and OpenBao, over its HTTP API (version 1).

The master never leaves the service. What comes back is text such as ``vault:v3:…``, which names the version of the master
that wrapped it: after a rotation there the old ones still open, until ``min_decryption_version`` is raised. The token's policy
needs ``update`` on ``MOUNT/encrypt/KEY`` and ``MOUNT/decrypt/KEY``, and nothing else; not even creating the key.

Held in every run against a stand-in, and in a trial against Vault 1.14.1 itself; unproven against OpenBao (decision 13).
"""

from __future__ import annotations

import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx

from services.kernel.errors import IntegrityError, MunimentError, Unavailable

PREFIX = "vault:v"
BUSY = frozenset({412, 429, 472, 473, 500, 502, 503})
"""Sealed, standby, replica behind, too many requests, or failing: each may pass."""

PAUSES = (0.2, 1.0)
"""Seconds before a request is sent again; wrapping and unwrapping twice does no harm."""


def connect(url: str) -> httpx.Client:
    """A client with the system's trust; ``SSL_CERT_FILE`` names another authority."""
    return httpx.Client(base_url=url, timeout=httpx.Timeout(10.0, connect=3.0), headers={"X-Vault-Request": "true"})


def token_in(path: Path) -> Callable[[], str]:
    """A token that an agent writes to a file and renews there, so it is read anew each time."""

    def read() -> str:
        try:
            return path.read_text().strip()
        except OSError as error:
            raise Unavailable(
                f"The key service's token cannot be read ({error.strerror}). Check that the agent runs which writes it."
            ) from error

    return read


class VaultTransitKey:
    """Wraps data keys by ``MOUNT/encrypt/KEY`` and unwraps them by ``MOUNT/decrypt/KEY``."""

    def __init__(
        self,
        client: httpx.Client,
        token: Callable[[], str],
        *,
        key: str,
        mount: str = "transit",
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        self._client, self._token, self._key, self._mount, self._pauses = client, token, key, mount, pauses

    @property
    def name(self) -> str:
        return f"{self._mount}/{self._key}"

    def wrap(self, key: bytes) -> bytes:
        wrapped = self._ask("encrypt", "plaintext", b64encode(key).decode(), "ciphertext")
        if not wrapped.startswith(PREFIX):
            raise _strange("encrypt")
        return wrapped.encode()

    def unwrap(self, wrapped: bytes) -> bytes:
        if not wrapped.startswith(PREFIX.encode()):
            raise IntegrityError(
                "This data key was wrapped by another master than the key service. Set the archive up with the master that "
                "belongs to this data."
            )
        try:
            return b64decode(self._ask("decrypt", "ciphertext", wrapped.decode("ascii"), "plaintext"), validate=True)
        except ValueError:
            raise _strange("decrypt") from None

    def reachable(self) -> bool:
        """Unsealed and active, or passing on to one that is."""
        answer = self._client.get("/v1/sys/health", params={"standbyok": "true", "perfstandbyok": "true"})
        return answer.status_code == httpx.codes.OK

    def _ask(self, act: str, given: str, value: str, wanted: str) -> str:
        answer = self._post(f"/v1/{self._mount}/{act}/{self._key}", {given: value})
        if answer.status_code != httpx.codes.OK:
            raise _refusal(answer, act)
        try:
            found = answer.json()["data"][wanted]
        except (ValueError, KeyError, TypeError):
            raise _strange(act) from None
        if not isinstance(found, str):
            raise _strange(act)
        return found

    def _post(self, path: str, body: dict[str, str]) -> httpx.Response:
        for pause in (*self._pauses, None):
            try:
                answer = self._client.post(path, json=body, headers={"X-Vault-Token": self._token()})
                if pause is None or answer.status_code not in BUSY:
                    return answer
            except httpx.TransportError as error:
                if pause is None:
                    raise Unavailable(
                        f"The key service does not answer ({type(error).__name__}). Try again; if it lasts, check that it runs "
                        "and that MUNIMENT_VAULT_URL names it."
                    ) from error
            time.sleep(pause)
        raise AssertionError("the last attempt returns or raises")


def _refusal(answer: httpx.Response, act: str) -> MunimentError:
    """The service's own words stay out of ours: a proxy's error page could quote the request."""
    status = answer.status_code
    if status == httpx.codes.BAD_REQUEST and act == "decrypt":
        return IntegrityError(
            "The key service's master does not open this archive's data keys. Check MUNIMENT_VAULT_KEY, and that the key's "
            "min_decryption_version was not raised past what is in use."
        )
    if status == httpx.codes.FORBIDDEN:
        return Unavailable(
            f"The key service refuses the token. Renew it, and check that its policy allows {act} with this key."
        )
    if status in (httpx.codes.BAD_REQUEST, httpx.codes.NOT_FOUND):
        return Unavailable(
            "The key service has no such key. Create it there, or correct MUNIMENT_VAULT_MOUNT and MUNIMENT_VAULT_KEY."
        )
    if status == httpx.codes.SERVICE_UNAVAILABLE:
        return Unavailable("The key service is sealed or in maintenance. Unseal it, then try again.")
    return Unavailable(f"The key service failed (HTTP {status}). Try again; if it lasts, read its log.")


def _strange(act: str) -> Unavailable:
    return Unavailable(f"The key service's answer to {act} is none. Check that MUNIMENT_VAULT_URL names a Vault or OpenBao.")
