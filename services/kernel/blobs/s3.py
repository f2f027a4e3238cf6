"""The object store in an S3 bucket, by boto3. Objects lie under ``prefix/name``.

The policy of its access key needs, on the bucket: ListBucket, ListBucketVersions, ListBucketMultipartUploads,
GetBucketObjectLockConfiguration; on the objects: GetObject, PutObject, AbortMultipartUpload, DeleteObject,
DeleteObjectVersion and, where objects are locked, GetObjectRetention and PutObjectRetention. No reader is ever sent to the
store: there are no presigned URLs.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import TYPE_CHECKING, BinaryIO, Literal, NotRequired, TypedDict, TypeVar, cast
from urllib.parse import urlsplit

import boto3
import structlog
from botocore.config import Config
from botocore.exceptions import ResponseStreamingError

from services.kernel.blobs.port import NAME, STALE, checked
from services.kernel.blobs.s3_errors import FAILURES, is_denied, is_gone, translate
from services.kernel.blobs.s3_reader import Body, S3Reader
from services.kernel.blobs.s3_silence import Silence
from services.kernel.blobs.s3_writer import S3Writer
from services.kernel.errors import Conflict, NotFound, Unavailable

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import GetObjectOutputTypeDef, ObjectLockConfigurationTypeDef

log = structlog.get_logger("objects")
T = TypeVar("T")

LockMode = Literal["COMPLIANCE", "GOVERNANCE"]


class Which(TypedDict):
    """An object, or one version of it, as the client's calls take it."""

    Bucket: str
    Key: str
    VersionId: NotRequired[str]


PATIENCE = (0.1, 0.4, 1.0, 1.5)
"""Seconds before the store is asked again for an object that it says it does not have."""

READ_AHEAD = 256 * 1024
DELETE_ROUNDS = 3
NO_LOCK = "The objects bucket has no Object Lock. Use one that was made with it, or unset MUNIMENT_OBJECTS_LOCK."


def connect(
    endpoint: str | None = None,
    access_key: str | None = None,
    secret_key: str | None = None,
    *,
    answer_seconds: float = 10.0,
    attempts: int = 3,
) -> S3Client:
    """A client that gives up: 5 s at most to connect, ``answer_seconds`` for each answer, ``attempts`` in all with growing
    pauses; and that leaves a store alone for a while which let it wait in vain. What is not given (keys, region, endpoint) is
    looked for where AWS's own tools look."""
    session = boto3.session.Session()
    client = session.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        region_name=session.region_name or "us-east-1",
        config=Config(
            connect_timeout=min(5.0, answer_seconds),
            read_timeout=answer_seconds,
            retries={"mode": "standard", "total_max_attempts": attempts},
            max_pool_connections=32,
            tcp_keepalive=True,
            s3={"addressing_style": "path" if endpoint else "auto"},  # other servers have no host name per bucket
        ),
    )
    return Silence().heed(client)


def bucket_and_prefix(url: str) -> tuple[str, str]:
    """The parts of ``s3://bucket/prefix``; the prefix may be empty."""
    parts = urlsplit(url)
    return parts.netloc, parts.path.strip("/")


class S3BlobStore:
    """``lock`` is the mode of the locks that ``retain`` sets; None sets none. ``first``: of each object the version that was
    written first counts, for a lock keeps a version from going, and stops neither one that is put over it nor a delete marker.
    ``probe`` makes the client that asks whether the store answers, of which less patience is asked than of one that stores."""

    def __init__(
        self,
        client: S3Client,
        bucket: str,
        prefix: str = "",
        *,
        lock: LockMode | None = None,
        first: bool = False,
        patience: Sequence[float] = PATIENCE,
        page: int = 1000,
        probe: Callable[[], S3Client] | None = None,
    ) -> None:
        self._client, self.bucket, self._lock, self._page = client, bucket, lock, page
        self._first = first
        self.prefix = f"{prefix}/" if prefix else ""
        self._patience = patience
        self._make_probe = probe or (lambda: client)

    @cached_property
    def _probe(self) -> S3Client:
        return self._make_probe()

    def create(self, name: str) -> S3Writer:
        return S3Writer(self._client, self.bucket, self._key(name), name)

    def replace(self, name: str) -> S3Writer:
        return S3Writer(self._client, self.bucket, self._key(name), name, over=True)

    def open(self, name: str) -> AbstractContextManager[BinaryIO]:
        key = self._key(name)
        which, found = self._patiently(name, lambda: self._whole(self._which(key)))
        reader = S3Reader(name, found["Body"], found["ContentLength"], lambda offset: self._rest(name, which, offset))
        return cast(BinaryIO, io.BufferedReader(reader, READ_AHEAD))

    def exists(self, name: str) -> bool:
        key = self._key(name)
        try:
            self._patiently(name, lambda: self._client.head_object(**self._which(key)))
        except NotFound:
            return False
        return True

    def delete(self, name: str) -> None:
        """Every version and delete marker goes; done once a listing shows none. Raises ``Conflict`` where one is locked."""
        key = self._key(name)
        try:
            for _ in range(DELETE_ROUNDS):
                versions = self._versions(key)
                if not versions:
                    return
                for version in versions:
                    self._delete_version(name, version)
        except FAILURES as error:
            raise translate(error, name) from error
        raise Unavailable(f"The object store still shows versions of {name} after deleting them. Try again.")

    def traces(self, name: str) -> list[str]:
        key, found = self._key(name), []
        try:
            for page in self._client.get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=key):
                for what, entries in (("version", page.get("Versions", [])), ("delete marker", page.get("DeleteMarkers", []))):
                    found += [f"{what} {entry['VersionId']}" for entry in entries if entry["Key"] == key]
            for begun in self._client.get_paginator("list_multipart_uploads").paginate(Bucket=self.bucket, Prefix=key):
                found += [f"upload {each['UploadId']}" for each in begun.get("Uploads", []) if each["Key"] == key]
        except FAILURES as error:
            raise translate(error, name) from error
        return found

    def names(self) -> Iterator[str]:
        if self._first:
            yield from self._ever_named()
            return
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=self.prefix, PaginationConfig={"PageSize": self._page}
        )
        try:
            for page in pages:
                for found in page.get("Contents", []):
                    if NAME.fullmatch(name := found["Key"].removeprefix(self.prefix)):
                        yield name
        except FAILURES as error:
            raise translate(error) from error

    def reachable(self) -> bool:
        """False too where the bucket locks every object by a rule of its own, which could outlast an object's lawful
        destruction, and where it cannot lock though it should."""
        self._probe.head_bucket(Bucket=self.bucket)
        lock = self._bucket_lock(self._probe)
        if "Rule" in lock:
            log.error("bucket-locks-by-default", advice="Remove the default retention from the objects bucket.")
        if self._lock and not lock:
            log.error("bucket-without-lock", advice=NO_LOCK)
        return "Rule" not in lock and bool(lock or not self._lock)

    def readable(self) -> bool:
        self._probe.head_bucket(Bucket=self.bucket)
        return True

    def retain(self, name: str, until: datetime) -> None:
        """Locks the object (Object Lock) until ``until`` and never later; does nothing where no lock mode is set. Nothing may
        be locked beyond its earliest lawful destruction. Raises ``Conflict`` where it is locked for longer already."""
        if self._lock is None:
            return
        key, stamp = self._key(name), until.astimezone(UTC).replace(microsecond=0)  # a fraction could be rounded up
        if not self._bucket_lock(self._client):
            raise Unavailable(NO_LOCK)  # SeaweedFS, for one, would accept it and delete the object all the same
        try:
            version = self._client.head_object(**self._which(key)).get("VersionId", "null")
            if (held := self._locked_until(key, version)) and held > stamp:
                raise Conflict(f"The object {name} is locked until {held:%Y-%m-%d %H:%M} UTC; locks are never shortened.")
            self._client.put_object_retention(
                Bucket=self.bucket, Key=key, VersionId=version, Retention={"Mode": self._lock, "RetainUntilDate": stamp}
            )
        except FAILURES as error:
            raise translate(error, name) from error

    def sweep(self, older_than: timedelta = STALE) -> int:
        """Aborts the uploads that writers left when they died; how many. Age is told by the store's clock alone."""
        pages = self._client.get_paginator("list_multipart_uploads").paginate(Bucket=self.bucket, Prefix=self.prefix)
        swept = 0
        try:
            for page in pages:
                now = parsedate_to_datetime(page["ResponseMetadata"]["HTTPHeaders"]["date"])
                for upload in page.get("Uploads", []):
                    if NAME.fullmatch(upload["Key"].removeprefix(self.prefix)) and now - upload["Initiated"] >= older_than:
                        with suppress(self._client.exceptions.NoSuchUpload):
                            self._client.abort_multipart_upload(
                                Bucket=self.bucket, Key=upload["Key"], UploadId=upload["UploadId"]
                            )
                        swept += 1
        except FAILURES as error:
            raise translate(error) from error
        return swept

    def _key(self, name: str) -> str:
        return self.prefix + checked(name)

    def _rest(self, name: str, which: Which, offset: int) -> Body:
        wanted = f"bytes={offset}-"
        found = self._patiently(name, lambda: self._client.get_object(**which, Range=wanted))
        if not found.get("ContentRange", "").startswith(f"bytes {offset}-"):
            found["Body"].close()
            raise ResponseStreamingError(error="an answer cut in its headers, or without the range that was asked for")
        return found["Body"]

    def _whole(self, which: Which) -> tuple[Which, GetObjectOutputTypeDef]:
        found = self._client.get_object(**which)
        if "ContentLength" not in found:  # http.client takes headers that were cut for all of them
            found["Body"].close()
            raise ResponseStreamingError(error="an answer cut in its headers")
        return which, found

    def _patiently(self, name: str, ask: Callable[[], T]) -> T:
        """One “no such object” is not a loss: servers say so too while they stop or start. It is believed when it lasts, from
        a server that still knows the bucket."""
        try:
            for pause in self._patience:
                try:
                    return ask()
                except FAILURES as error:
                    if not is_gone(error):
                        raise
                time.sleep(pause)
            try:
                return ask()
            except FAILURES as error:
                if is_gone(error):
                    self._require_bucket()
                raise
        except FAILURES as error:
            raise translate(error, name) from error

    def _require_bucket(self) -> None:
        try:
            self._client.head_bucket(Bucket=self.bucket)
        except FAILURES as error:
            if is_gone(error):
                raise Unavailable(
                    f"The object store has no bucket “{self.bucket}”. Create it, or correct the bucket in the objects URL."
                ) from error
            raise

    def _which(self, key: str) -> Which:
        """What to ask for: the object as it stands, or its first version."""
        which: Which = {"Bucket": self.bucket, "Key": key}
        if not self._first:
            return which
        written = [
            each
            for page in self._client.get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=key)
            for each in page.get("Versions", [])
            if each["Key"] == key
        ]
        # Listings have the newest first, so of two within one tick of the store's clock the last is the older.
        oldest = min(reversed(written), key=lambda each: each["LastModified"], default=None)
        if oldest is not None:
            which["VersionId"] = oldest["VersionId"]
        return which

    def _ever_named(self) -> Iterator[str]:
        """Also what a delete marker hides."""
        pages = self._client.get_paginator("list_object_versions").paginate(
            Bucket=self.bucket, Prefix=self.prefix, PaginationConfig={"PageSize": self._page}
        )
        last = None
        try:
            for page in pages:
                for found in page.get("Versions", []):
                    name = found["Key"].removeprefix(self.prefix)
                    if name != last and NAME.fullmatch(name):
                        yield name
                    last = name
        except FAILURES as error:
            raise translate(error) from error

    def _versions(self, key: str) -> list[str]:
        """Identifiers of all versions and delete markers of exactly this key."""
        pages = self._client.get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=key)
        entries = (entry for page in pages for entry in (*page.get("Versions", []), *page.get("DeleteMarkers", [])))
        return [entry["VersionId"] for entry in entries if entry["Key"] == key]

    def _delete_version(self, name: str, version: str) -> None:
        key = self._key(name)
        try:
            self._client.delete_object(Bucket=self.bucket, Key=key, VersionId=version)
        except FAILURES as error:
            if is_gone(error):
                return
            held = self._locked_until(key, version) if is_denied(error) else None
            if held is not None:
                raise Conflict(
                    f"The object {name} is locked until {held:%Y-%m-%d %H:%M} UTC (Object Lock). Destroy it after that."
                ) from error
            raise

    def _bucket_lock(self, client: S3Client) -> ObjectLockConfigurationTypeDef:
        """Empty where the bucket has no Object Lock, or we have no right to ask."""
        with suppress(*FAILURES):
            return client.get_object_lock_configuration(Bucket=self.bucket).get("ObjectLockConfiguration", {})
        return {}

    def _locked_until(self, key: str, version: str) -> datetime | None:
        """None where no lock is known of."""
        with suppress(*FAILURES):
            found = self._client.get_object_retention(Bucket=self.bucket, Key=key, VersionId=version)
            return found["Retention"].get("RetainUntilDate")
        return None
