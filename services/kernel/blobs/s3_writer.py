"""An object on its way into S3: one conditional PUT where it is small, else a multipart upload while it streams.

Every part, and with them the whole, carries its SHA-256, which the store checks as it receives it. Memory stays at one part.
"""

from __future__ import annotations

import hashlib
import secrets
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import structlog

from services.kernel.blobs.s3_errors import FAILURES, is_gone, translate
from services.kernel.errors import Unavailable

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import CompletedPartTypeDef, HeadObjectOutputTypeDef

log = structlog.get_logger("objects")

PART_BYTES = 5 * 1024**2
"""The smallest that S3 allows for all parts but the last."""

PARTS_OF_ONE_SIZE = 2_000
MARK = "muniment-writer"


def part_bytes(number: int) -> int:
    """Size of part ``number`` (from 1). S3 allows 10,000 parts: growing ones reach 150 GB where equal ones would end at 50."""
    return PART_BYTES * (1 + (number - 1) // PARTS_OF_ONE_SIZE)


class S3Writer:
    """A mark in the object's metadata tells it from one of the same name by another writer: so it is known whether a
    request whose answer was lost, or which was refused when it was sent again, had succeeded after all. ``over``: in the place
    of what is there, which becomes an older version where the bucket keeps any."""

    def __init__(self, client: S3Client, bucket: str, key: str, name: str, *, over: bool = False) -> None:
        self._client, self._bucket, self._key, self._name = client, bucket, key, name
        self._mark = secrets.token_hex(16)
        self._only_new: dict[str, Any] = {} if over else {"IfNoneMatch": "*"}
        self._buffer = bytearray()
        self._upload: str | None = None
        self._parts: list[CompletedPartTypeDef] = []
        self._digests = hashlib.sha256()
        self._size = 0
        self._asked = self._over = False

    def write(self, data: bytes) -> None:
        self._require_open()
        rest = memoryview(data)
        while rest:
            room = part_bytes(len(self._parts) + 1) - len(self._buffer)
            self._buffer += rest[:room]
            if len(rest) >= room:
                self._send_part()
            rest = rest[room:]

    def commit(self) -> None:
        self._require_open()
        if self._parts and self._buffer:
            self._send_part()
        self._asked = True
        try:
            self._complete() if self._parts else self._put()
        except FAILURES as error:
            if not self._stands():
                self.abort()
                raise translate(error, self._name) from error
        self._over = True

    def abort(self) -> None:
        if self._over:
            return
        self._over = True
        self._buffer = bytearray()
        for undo in (self._abort_upload, self._withdraw):
            try:
                undo()
            except FAILURES as error:
                if not is_gone(error):  # the sweep takes the parts, and names() shows the object, which no row names
                    log.warning("upload-left", object=self._name, cause=type(error).__name__)

    def _require_open(self) -> None:
        if self._over:
            raise ValueError(f"the writer of {self._name} is closed")

    def _send_part(self) -> None:
        digest = hashlib.sha256(self._buffer).digest()
        number = len(self._parts) + 1
        try:
            if self._upload is None:
                self._upload = self._begin()
            answer = self._client.upload_part(
                Bucket=self._bucket,
                Key=self._key,
                UploadId=self._upload,
                PartNumber=number,
                Body=self._buffer,  # type: ignore[arg-type]  # a bytearray, unlike bytes, is sent without being copied
                ChecksumSHA256=b64encode(digest).decode(),
            )
        except FAILURES as error:
            self.abort()
            raise translate(error, self._name) from error
        self._digests.update(digest)
        self._parts.append({"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": b64encode(digest).decode()})
        self._size += len(self._buffer)
        self._buffer = bytearray()

    def _begin(self) -> str:
        return self._client.create_multipart_upload(
            Bucket=self._bucket,
            Key=self._key,
            ChecksumAlgorithm="SHA256",
            ChecksumType="COMPOSITE",
            ContentType="application/octet-stream",
            Metadata={MARK: self._mark},
        )["UploadId"]

    def _put(self) -> None:
        checksum = b64encode(hashlib.sha256(self._buffer).digest()).decode()
        answer = self._client.put_object(
            Bucket=self._bucket,
            Key=self._key,
            Body=self._buffer,  # type: ignore[arg-type]  # as above
            ChecksumSHA256=checksum,
            ContentType="application/octet-stream",
            Metadata={MARK: self._mark},
            **self._only_new,
        )
        self._require_checksum(answer.get("ChecksumSHA256"), checksum)

    def _complete(self) -> None:
        assert self._upload is not None, "parts belong to an upload"
        answer = self._client.complete_multipart_upload(
            Bucket=self._bucket,
            Key=self._key,
            UploadId=self._upload,
            MultipartUpload={"Parts": self._parts},
            MpuObjectSize=self._size,
            **self._only_new,
        )
        checksum = f"{b64encode(self._digests.digest()).decode()}-{len(self._parts)}"
        self._require_checksum(answer.get("ChecksumSHA256"), checksum)

    def _require_checksum(self, stored: str | None, sent: str) -> None:
        """A store that keeps no checksum names none; one that names another has stored something else."""
        if stored is not None and stored != sent:
            self.abort()
            raise Unavailable(
                "The object store kept something else than was sent. It was removed again; check the store's disks."
            )

    def _stands(self) -> bool:
        """After a failed request: whether the store has our object all the same."""
        try:
            found = self._head()
        except FAILURES:
            return False
        return found["Metadata"].get(MARK) == self._mark

    def _abort_upload(self) -> None:
        if self._upload is not None:
            self._client.abort_multipart_upload(Bucket=self._bucket, Key=self._key, UploadId=self._upload)

    def _withdraw(self) -> None:
        """Removes what a commit made whose outcome was not known, or not right."""
        if not self._asked:
            return
        found = self._head()
        if found["Metadata"].get(MARK) == self._mark:
            self._client.delete_object(Bucket=self._bucket, Key=self._key, VersionId=found.get("VersionId", "null"))

    def _head(self) -> HeadObjectOutputTypeDef:
        return self._client.head_object(Bucket=self._bucket, Key=self._key)
