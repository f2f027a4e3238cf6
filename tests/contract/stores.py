"""Object stores to run the contract suites against, each with a way to change its raw bytes behind its back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from services.kernel.blobs.local import LocalBlobStore
from services.kernel.blobs.mirrored import MirroredBlobStore
from services.kernel.blobs.port import BlobStore
from services.kernel.blobs.s3 import S3BlobStore, connect
from tests import engines

IMPATIENCE = (0.02, 0.05)
"""The real server neither stops nor starts under most tests."""


@dataclass(frozen=True)
class Bench:
    """``memory``: what writing and reading may take, in MiB, whatever the object's size."""

    store: BlobStore
    raw: Callable[[str], bytes]
    tamper: Callable[[str, bytes], None]
    memory: int = 12


@contextmanager
def local(folder: Path) -> Iterator[Bench]:
    store = LocalBlobStore(folder)
    yield Bench(store, lambda name: store._path(name).read_bytes(), lambda name, data: store._path(name).write_bytes(data))


@contextmanager
def mirrored_local(folder: Path) -> Iterator[Bench]:
    with local(folder / "primary") as primary, local(folder / "copy") as copy:
        yield Bench(MirroredBlobStore(primary.store, copy.store), primary.raw, primary.tamper)


@contextmanager
def s3(_: Path, server: str = engines.S3) -> Iterator[Bench]:
    """A prefix of its own in a bucket with versions."""
    where, prefix, client = versioned_bucket(server), f"test/{uuid4()}", engines.s3_client(server)
    try:
        yield Bench(
            S3BlobStore(connection(server), where, prefix, patience=IMPATIENCE),
            lambda name: client.get_object(Bucket=where, Key=f"{prefix}/{name}")["Body"].read(),
            lambda name, data: client.put_object(Bucket=where, Key=f"{prefix}/{name}", Body=data),
        )
    finally:
        empty(client, where, prefix)


@contextmanager
def mirrored_s3(folder: Path) -> Iterator[Bench]:
    """Two servers."""
    with s3(folder) as primary, s3(folder, engines.S3_BACKUP) as copy:
        yield Bench(MirroredBlobStore(primary.store, copy.store), primary.raw, primary.tamper, memory=20)


STORES = [
    pytest.param(local, id="local"),
    pytest.param(mirrored_local, id="mirrored-local"),
    pytest.param(s3, id="s3", marks=pytest.mark.cluster),
    pytest.param(mirrored_s3, id="mirrored-s3", marks=pytest.mark.cluster),
]
"""What every suite over the object store is parametrised with."""


@cache
def connection(server: str = engines.S3, endpoint: str | None = None) -> Any:
    """As the archive makes it; ``endpoint`` is something between it and the server."""
    keys = engines.value(server, "ACCESS_KEY"), engines.value(server, "SECRET_KEY")
    return connect(endpoint or engines.value(server), *keys, answer_seconds=20)


@cache
def versioned_bucket(server: str = engines.S3) -> str:
    client, name = engines.s3_client(server), bucket("contract", server)
    client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def bucket(name: str, server: str = engines.S3, **settings: Any) -> str:
    """One for all tests and all runs: to the server each is a volume, of which it has few."""
    client = engines.s3_client(server)
    if name not in {each["Name"] for each in client.list_buckets()["Buckets"]}:
        client.create_bucket(Bucket=name, **settings)
    return name


def versions(client: Any, bucket: str, prefix: str) -> list[tuple[str, str]]:
    """Key and identifier of every version and delete marker."""
    pages = client.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)
    entries = [entry for page in pages for entry in (*page.get("Versions", []), *page.get("DeleteMarkers", []))]
    return [(entry["Key"], entry["VersionId"]) for entry in entries]


def uploads(client: Any, bucket: str, prefix: str) -> list[tuple[str, str]]:
    """Key and identifier of every multipart upload that is neither completed nor aborted."""
    pages = client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, Prefix=prefix)
    return [(entry["Key"], entry["UploadId"]) for page in pages for entry in page.get("Uploads", [])]


def empty(client: Any, bucket: str, prefix: str) -> None:
    for key, version in versions(client, bucket, prefix):
        client.delete_object(Bucket=bucket, Key=key, VersionId=version)
    for key, upload in uploads(client, bucket, prefix):
        client.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload)
