"""Key services for tests: a stand-in that answers as Vault 1.14 does, and a real one where ``MUNIMENT_TEST_VAULT_URL`` and
``MUNIMENT_TEST_VAULT_TOKEN`` name it. Both have the transit engine at ``transit``.
"""

from __future__ import annotations

import binascii
import json
import os
import secrets
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import httpx
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

REAL = "MUNIMENT_TEST_VAULT_URL"
NONCE = 12
ROUTES = {"encrypt", "decrypt", "keys"}


@dataclass
class Service:
    """A key service; ``key`` names a transit key of its own for each test. ``server`` is the stand-in, to be made to fail."""

    url: str
    token: str
    server: TransitServer | None = None
    key: str = field(default_factory=lambda: f"test-{uuid4()}")

    def rotate(self) -> None:
        self.administer(f"keys/{self.key}/rotate")

    def refuse_below(self, version: int) -> None:
        self.administer(f"keys/{self.key}/config", min_decryption_version=version)

    def administer(self, path: str, **body: Any) -> None:
        headers = {"X-Vault-Token": self.token}
        httpx.post(f"{self.url}/v1/transit/{path}", json=body, headers=headers).raise_for_status()


@contextmanager
def real() -> Iterator[Service]:
    service = Service(os.environ[REAL], os.environ["MUNIMENT_TEST_VAULT_TOKEN"])
    mount = httpx.post(
        f"{service.url}/v1/sys/mounts/transit", json={"type": "transit"}, headers={"X-Vault-Token": service.token}
    )
    assert mount.status_code in (204, 400), "mounted now or before"
    service.administer(f"keys/{service.key}")
    yield service


@contextmanager
def stand_in() -> Iterator[Service]:
    server = TransitServer()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        service = Service(f"http://127.0.0.1:{server.server_port}", server.token, server)
        service.administer(f"keys/{service.key}")
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class TransitServer(ThreadingHTTPServer):
    """``fail``: statuses that the next requests get instead of an answer. ``asked``: what was asked, for the tests' eyes."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.token = secrets.token_hex(12)
        self.masters: dict[str, list[AESGCM]] = {}
        self.lowest: dict[str, int] = {}
        self.fail: list[int] = []
        self.sealed = False
        self.asked: list[str] = []


class Refused(Exception):
    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Handler(BaseHTTPRequestHandler):
    server: TransitServer

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.reply(503 if self.server.sealed else 200, {"sealed": self.server.sealed})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(self.path)
        try:
            self.reply(200, {"data": self.answer(body)})
        except Refused as refusal:
            self.reply(refusal.status, {"errors": [str(refusal)]})

    def answer(self, body: dict[str, Any]) -> dict[str, Any]:
        if self.server.fail:
            raise Refused(self.server.fail.pop(0), "failing")
        if self.server.sealed:
            raise Refused(503, "Vault is sealed")
        if self.headers["X-Vault-Token"] != self.server.token:
            raise Refused(403, "permission denied")
        mount, act, key, *rest = self.path.removeprefix("/v1/").split("/")
        if mount != "transit" or act not in ROUTES:
            raise Refused(404, f'no handler for route "{mount}/{act}/{key}". route entry not found.')
        if act == "keys":
            return self.manage(key, rest, body)
        return self.encrypt(key, body) if act == "encrypt" else self.decrypt(key, body)

    def manage(self, key: str, rest: list[str], body: dict[str, Any]) -> dict[str, Any]:
        if rest == ["config"]:
            self.server.lowest[key] = body["min_decryption_version"]
        else:
            self.server.masters.setdefault(key, []).append(AESGCM(secrets.token_bytes(32)))
        return {}

    def encrypt(self, key: str, body: dict[str, Any]) -> dict[str, Any]:
        if key not in self.server.masters:
            raise Refused(400, "encryption key not found")
        nonce, versions = secrets.token_bytes(NONCE), self.server.masters[key]
        sealed = nonce + versions[-1].encrypt(nonce, b64decode(body["plaintext"]), None)
        return {"ciphertext": f"vault:v{len(versions)}:{b64encode(sealed).decode()}", "key_version": len(versions)}

    def decrypt(self, key: str, body: dict[str, Any]) -> dict[str, Any]:
        if key not in self.server.masters:
            raise Refused(400, "encryption key not found")
        _, version, text = body["ciphertext"].split(":")
        number = int(version.removeprefix("v"))
        if number < self.server.lowest.get(key, 1):
            raise Refused(400, "ciphertext or signature version is disallowed by policy (too old)")
        if number > len(self.server.masters[key]):
            raise Refused(400, "invalid ciphertext: version is too new")
        try:
            sealed = b64decode(text)
        except binascii.Error:
            raise Refused(400, "invalid ciphertext: could not decode base64") from None
        if len(sealed) < NONCE:
            raise Refused(400, "invalid ciphertext length")
        try:
            plain = self.server.masters[key][number - 1].decrypt(sealed[:NONCE], sealed[NONCE:], None)
        except InvalidTag:
            raise Refused(400, "cipher: message authentication failed") from None
        return {"plaintext": b64encode(plain).decode()}

    def reply(self, status: int, body: dict[str, Any]) -> None:
        encoded = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)
