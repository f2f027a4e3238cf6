"""The provider, over HTTP: its metadata, its keys, and a code exchanged for claims. The only host that is ever called."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

import httpx
import structlog
from authlib.common.errors import AuthlibBaseError
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from services.kernel.config import Settings
from services.kernel.errors import Unauthenticated, Unavailable

log = structlog.get_logger("oidc")
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
"""What an ID token may be signed with: none that a client's secret could forge, and never ``none``."""
SECONDS, LEEWAY, REMEMBERED = 10.0, 60, 3600.0
LOGOUT, LOGOUT_SECONDS = "http://schemas.openid.net/event/backchannel-logout", 300
DISCOVERY = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class Who:
    """``subject``: by the claim that the settings name; ``sub``: as the provider's own messages call them."""

    subject: str
    sub: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What was sent along with somebody, and must come back."""

    state: str
    nonce: str
    verifier: str


class Provider:
    """Raises ``Unavailable`` where the provider does not answer, ``Unauthenticated`` for an answer that proves nothing."""

    def __init__(self, settings: Settings) -> None:
        assert settings.oidc_issuer and settings.oidc_client_id and settings.public_url, "settings hold them together"
        self.issuer = settings.oidc_issuer
        self._claim, self._client_id = settings.oidc_claim, settings.oidc_client_id
        self._secret = settings.oidc_client_secret.get_secret_value() if settings.oidc_client_secret else None
        here = settings.public_url.rstrip("/")
        self._back, self._leave = f"{here}/api/v1/oidc/callback", f"{here}/sign-in"
        self._scope = settings.oidc_scopes
        self._lock, self._known, self._until = threading.Lock(), {}, 0.0  # type: tuple[threading.Lock, dict[str, Any], float]

    def address(self, asked: Asked) -> str:
        """Where to send somebody to sign in."""
        with self._client() as client:
            url, _ = client.create_authorization_url(
                self._metadata()["authorization_endpoint"], state=asked.state, nonce=asked.nonce, code_verifier=asked.verifier
            )
        return str(url)

    def leave_address(self) -> str | None:
        """Where a browser signs out at the provider too (RP-Initiated Logout 1.0); None where it offers no such page, or does
        not answer: who signs out here is signed out here."""
        try:
            there = self._metadata().get("end_session_endpoint")
        except Unavailable:
            return None
        if not isinstance(there, str) or urlsplit(there).scheme != urlsplit(self.issuer).scheme:
            return None
        query = urlencode({"client_id": self._client_id, "post_logout_redirect_uri": self._leave})
        return f"{there}{'&' if '?' in there else '?'}{query}"

    def signed_out(self, token: str) -> str:
        """Whom a logout token is about (Back-Channel Logout 1.0, section 2.6), by ``sub``. Raises ``Unauthenticated``."""
        try:
            claims = self._checked(token, self._metadata())
            fresh = claims["iat"] > time.time() - LOGOUT_SECONDS
            if LOGOUT not in claims["events"] or "nonce" in claims or not fresh or not isinstance(claims["sub"], str):
                raise ValueError("no logout token, or too old")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _silent(error) from error
        except (JoseError, KeyError, TypeError, ValueError) as error:
            log.warning("logout-proves-nothing", error=type(error).__name__)
            raise Unauthenticated("This logout token proves nothing. It needs “sub”, and to be sent at once.") from error
        return str(claims["sub"])

    def subject(self, code: str, asked: Asked) -> Who:
        """Who came back."""
        metadata = self._metadata()
        try:
            with self._client() as client:
                answer = client.fetch_token(metadata["token_endpoint"], code=code, code_verifier=asked.verifier)
            claims = self._proven(str(answer["id_token"]), metadata, asked.nonce)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _silent(error) from error
        except (AuthlibBaseError, JoseError, KeyError, ValueError) as error:
            log.warning("proves-nothing", error=type(error).__name__)
            raise Unauthenticated("The provider's answer proves nothing. Sign in again.") from error
        found = claims.get(self._claim)
        if not isinstance(found, str) or not 0 < len(found) <= 255:
            log.warning("claim-missing", claim=self._claim)
            raise Unauthenticated("The provider does not tell who you are in the way that was agreed. Ask the administrator.")
        return Who(found, str(claims["sub"]))

    def _proven(self, token: str, metadata: Mapping[str, Any], nonce: str) -> Mapping[str, Any]:
        """OpenID Connect Core 1.0, section 3.1.3.7."""
        return self._checked(
            token, metadata, exp={"essential": True}, sub={"essential": True}, nonce={"essential": True, "value": nonce}
        )

    def _checked(self, token: str, metadata: Mapping[str, Any], **more: Any) -> Mapping[str, Any]:
        """What the provider signed, for us."""
        keys = KeySet.import_key_set(cast(Any, _get(metadata["jwks_uri"])))
        claims = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
        registry = jwt.JWTClaimsRegistry(
            leeway=LEEWAY,
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": self._client_id},
            iat={"essential": True},
            **more,
        )
        registry.validate(claims)
        if claims.get("azp", self._client_id) != self._client_id:
            raise ValueError("issued to another client")
        return dict(claims)

    def _metadata(self) -> dict[str, Any]:
        with self._lock:
            if time.monotonic() >= self._until:
                found = _get(self.issuer.rstrip("/") + DISCOVERY)
                if found.get("issuer") != self.issuer:
                    log.error("another-issuer")
                    raise Unavailable("The sign-in provider is not the one that was configured. Ask the administrator.")
                self._known, self._until = found, time.monotonic() + REMEMBERED
            return self._known

    def _client(self) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it would rather have httpx's successor
            from authlib.integrations.httpx_client import OAuth2Client
        return OAuth2Client(
            self._client_id,
            self._secret,
            token_endpoint_auth_method="client_secret_basic" if self._secret else "none",
            scope=self._scope,
            redirect_uri=self._back,
            code_challenge_method="S256",
            timeout=SECONDS,
            trust_env=False,
            follow_redirects=False,
        )


def _get(url: str) -> dict[str, Any]:
    try:
        answer = httpx.get(url, timeout=SECONDS, trust_env=False, follow_redirects=False).raise_for_status().json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise _silent(error) from error
    if not isinstance(answer, dict):
        raise Unavailable("The sign-in provider answers nonsense. Try again in a moment, or sign in with your password.")
    return answer


def _silent(error: Exception) -> Unavailable:
    log.error("provider-unreachable", error=type(error).__name__)
    return Unavailable("The sign-in provider does not answer. Try again in a moment, or sign in with your password.")
