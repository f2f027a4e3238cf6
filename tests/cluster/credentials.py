"""What each process of an archive apart is given on the real servers: its role, its users, its key of the index, its key files,
and nothing else. Made as an administrator makes them, out of what ``muniment privileges`` prints."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3

from services.privileges import s3
from services.privileges.accounts import ACCOUNTS
from services.search.index.elastic.transport import Endpoint
from tests import engines, roles
from tests.contract import stores
from tests.indexes import endpoint, forget

STORES = {"": engines.S3, "BACKUP_": engines.S3_BACKUP}
"""What the settings of a store begin with, and the server."""

INDEX_ROLES = Path(__file__).parents[2] / "docs/index-engines.md"


@dataclass(frozen=True)
class Site:
    """One archive on all servers. ``environment`` is what a process of an account is started with; the owner's without one."""

    catalogue: str
    folder: Path
    prefix: str
    index: Endpoint
    buckets: dict[str, str]
    users: dict[tuple[str, str], tuple[str, str]]
    index_keys: dict[str, str]

    def environment(self, account: str | None = None) -> dict[str, str]:
        held = ACCOUNTS.get(account or "")
        found = self._shared() | {"MUNIMENT_DATA": str(self.folder / (account or "owner"))}
        if account is None or held is None:
            ca = {"MUNIMENT_INDEX_API_KEY": self.index_keys["indexer"]}
            return found | ca | self._store_keys("owner") | self._broker() | {"MUNIMENT_CATALOGUE_URL": self.catalogue}
        found |= {
            "MUNIMENT_MIGRATE": "false",
            "MUNIMENT_CATALOGUE_URL": roles.signed_in(self.catalogue, account),
            "MUNIMENT_KEYS": str(roles.key_folder(self.folder / "owner.keys", account)),
        }
        if held.objects:
            found |= self._store_keys(account)
        if held.index:
            found["MUNIMENT_INDEX_API_KEY"] = self.index_keys["searcher" if "search" in held.index else "indexer"]
        return found | (self._broker() if held.broker else {})

    def s3(self, account: str, store: str = "") -> Any:
        """A client of a store with that account's keys."""
        access, secret = self.users[account, store]
        return boto3.client(
            "s3",
            endpoint_url=engines.value(STORES[store]),
            aws_access_key_id=access,
            aws_secret_access_key=secret,
            region_name="us-east-1",
        )

    def _shared(self) -> dict[str, str]:
        stored = {f"MUNIMENT_{store}OBJECTS_URL": f"s3://{self.buckets[store]}/{self.prefix}" for store in STORES} | {
            f"MUNIMENT_{store}OBJECTS_ENDPOINT": engines.value(server) for store, server in STORES.items()
        }
        return stored | {
            "MUNIMENT_ENGINE": "tesseract",
            "MUNIMENT_TRACES": str(self.folder / "spans.jsonl"),
            "MUNIMENT_INDEX_URL": f"elasticsearch+{self.index.hosts[0]}/{self.index.prefix}",
            "MUNIMENT_INDEX_CA": str(self.index.ca),
        }

    def _store_keys(self, account: str) -> dict[str, str]:
        keys = {}
        for store in STORES:
            access, secret = self.users[account, store]
            keys |= {f"MUNIMENT_{store}S3_ACCESS_KEY": access, f"MUNIMENT_{store}S3_SECRET_KEY": secret}
        return keys

    def _broker(self) -> dict[str, str]:
        return {"MUNIMENT_BROKER_URL": engines.value(engines.REDIS)}


@contextmanager
def site(catalogue: str, folder: Path) -> Iterator[Site]:
    """Lives as long as the block."""
    prefix, where = f"apart/{uuid4()}", endpoint("elasticsearch")
    buckets = {store: stores.versioned_bucket(server) for store, server in STORES.items()}
    users = {("owner", store): _owner(server) for store, server in STORES.items()}
    try:
        for store, server in STORES.items():
            users |= {(account, store): keys for account, keys in _make_users(server, buckets[store], prefix)}
        yield Site(catalogue, folder, prefix, where, buckets, users, _index_keys(where))
    finally:
        for store, server in STORES.items():
            _remove_users(server, prefix)
            stores.empty(engines.s3_client(server), buckets[store], prefix)
        forget(where)


def index_roles(prefix: str) -> dict[str, Any]:
    """The index's rights as the documentation gives them."""
    text = re.search(r"```json\n(.*?)```", INDEX_ROLES.read_text(), re.S)
    assert text
    roles: dict[str, Any] = json.loads(text[1].replace("muniment-*", f"{prefix}-*"))
    return roles


def _index_keys(where: Endpoint) -> dict[str, str]:
    with engines.elasticsearch_client() as client:
        return {
            role: client.security.create_api_key(name=f"{where.prefix}-{role}", role_descriptors={role: rights})["encoded"]
            for role, rights in index_roles(where.prefix).items()
        }


def _owner(server: str) -> tuple[str, str]:
    return engines.value(server, "ACCESS_KEY"), engines.value(server, "SECRET_KEY")


def _administrator(server: str) -> Any:
    access, secret = _owner(server)
    keys = {"aws_access_key_id": access, "aws_secret_access_key": secret}
    return boto3.client("iam", endpoint_url=engines.value(server), region_name="us-east-1", **keys)


def _make_users(server: str, bucket: str, prefix: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """Managed policies: SeaweedFS takes fewer actions in one that is written into a user."""
    iam = _administrator(server)
    for account, policy in s3.policies(bucket, prefix):
        name = f"{_mark(prefix)}-{account}"
        iam.create_user(UserName=name)
        made = iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(policy))["Policy"]
        iam.attach_user_policy(UserName=name, PolicyArn=made["Arn"])
        key = iam.create_access_key(UserName=name)["AccessKey"]
        yield account, (key["AccessKeyId"], key["SecretAccessKey"])


def _remove_users(server: str, prefix: str) -> None:
    iam = _administrator(server)
    for name in [each["UserName"] for each in iam.list_users()["Users"] if each["UserName"].startswith(_mark(prefix))]:
        for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
            iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
        for policy in iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]:
            iam.detach_user_policy(UserName=name, PolicyArn=policy["PolicyArn"])
            iam.delete_policy(PolicyArn=policy["PolicyArn"])
        iam.delete_user(UserName=name)


def _mark(prefix: str) -> str:
    return f"test-{prefix.rpartition('/')[2][:13]}"
