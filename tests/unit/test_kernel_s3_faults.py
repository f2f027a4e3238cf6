"""The S3 adapter before answers that a real server gives only when it must not be counted on: each a scripted one."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    FlexibleChecksumError,
    NoCredentialsError,
    ReadTimeoutError,
    ResponseStreamingError,
)
from botocore.response import StreamingBody
from botocore.stub import ANY, Stubber

import services
from services.kernel.blobs.s3 import S3BlobStore
from services.kernel.blobs.s3_errors import translate
from services.kernel.blobs.s3_reader import S3Reader
from services.kernel.blobs.s3_writer import MARK, PART_BYTES, PARTS_OF_ONE_SIZE, part_bytes
from services.kernel.errors import Conflict, IntegrityError, MunimentError, NotFound, Unavailable
from services.kernel.ids import new_id

NAME = new_id()
MANY = 10_000
"""Parts that S3 allows in an upload."""


def answer(code: str, operation: str = "PutObject") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "key AKIA-SECRET at 10.0.0.7"}}, operation)


# ── translation ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("failure", "kind", "advice"),
    [
        (answer("NoSuchKey"), NotFound, "backup"),
        (answer("404"), NotFound, "backup"),
        (answer("PreconditionFailed"), Conflict, "written once"),
        (answer("ConditionalRequestConflict"), Conflict, "written once"),
        (answer("NoSuchBucket"), Unavailable, "Create it"),
        (answer("AccessDenied"), Unavailable, "policy"),
        (answer("403"), Unavailable, "policy"),
        (answer("ExpiredToken"), Unavailable, "access key"),
        (answer("RequestTimeTooSkewed"), Unavailable, "NTP"),
        (answer("SlowDown"), Unavailable, "in a minute"),
        (answer("503"), Unavailable, "in a minute"),
        (answer("QuotaExceeded"), Unavailable, "full"),
        (answer("XMinioStorageFull"), Unavailable, "full"),
        (answer("BadDigest"), Unavailable, "try again"),
        (answer("InternalError"), Unavailable, "log"),
        (answer("SomethingNew"), Unavailable, "SomethingNew"),
        (NoCredentialsError(), Unavailable, "MUNIMENT_S3_ACCESS_KEY"),
        (ConnectTimeoutError(endpoint_url="http://10.0.0.7"), Unavailable, "endpoint"),
        (ReadTimeoutError(endpoint_url="http://10.0.0.7"), Unavailable, "endpoint"),
        (FlexibleChecksumError(error_msg="no"), IntegrityError, "backup"),
    ],
    ids=lambda each: str(each)[:40] if isinstance(each, Exception) else getattr(each, "__name__", each),
)
def test_every_failure_has_a_kind_and_says_what_to_do(failure, kind, advice):
    told = translate(failure, NAME)
    assert type(told) is kind
    assert advice in told.detail
    assert "10.0.0.7" not in told.detail and "AKIA" not in told.detail


# ── a scripted store ──────────────────────────────────────────────────────────────────────────────────────────────────────


class Script:
    """What the store answers, in turn."""

    def __init__(self) -> None:
        keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
        once = Config(retries={"mode": "standard", "total_max_attempts": 1})
        self.client = boto3.client("s3", region_name="us-east-1", config=once, **keys)
        self.stub = Stubber(self.client)
        self.store = S3BlobStore(self.client, "archive", "m", patience=(0.0, 0.0))
        self.mark = ""

    def says(self, operation: str, response: dict[str, Any] | None = None) -> None:
        self.stub.add_response(operation, response or {})

    def fails(self, operation: str, code: str) -> None:
        self.stub.add_client_error(operation, service_error_code=code)

    def has(self, mark: str) -> None:
        self.says("head_object", {"Metadata": {MARK: mark}, "VersionId": "v1"})


@pytest.fixture
def script() -> Iterator[Script]:
    script = Script()
    with script.stub:
        yield script
        script.stub.assert_no_pending_responses()


# ── writing ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def large(script: Script) -> Any:
    """A writer with one part sent."""
    writer = script.store.create(NAME)
    script.says("create_multipart_upload", {"UploadId": "u1"})
    script.says("upload_part", {"ETag": "e1"})
    writer.write(bytes(PART_BYTES))
    return writer


def aborts(script: Script) -> None:
    script.stub.add_response("abort_multipart_upload", {}, {"Bucket": "archive", "Key": f"m/{NAME}", "UploadId": "u1"})


def withdraws(script: Script) -> None:
    script.stub.add_response("delete_object", {}, {"Bucket": "archive", "Key": f"m/{NAME}", "VersionId": "v1"})


def test_a_part_that_fails_takes_the_upload_with_it(script):
    writer = large(script)
    script.fails("upload_part", "InternalError")
    aborts(script)
    with pytest.raises(Unavailable):
        writer.write(bytes(PART_BYTES))
    writer.abort()


def test_a_completion_that_fails_takes_the_upload_with_it(script):
    writer = large(script)
    script.fails("complete_multipart_upload", "SlowDown")
    script.fails("head_object", "404")
    aborts(script)
    script.fails("head_object", "404")
    with pytest.raises(Unavailable, match="busy"):
        writer.commit()


def test_a_refusal_of_what_is_ours_is_no_refusal(script):
    writer = large(script)
    script.fails("complete_multipart_upload", "NoSuchUpload")
    script.has(writer._mark)
    writer.commit()
    writer.abort()


def test_an_object_of_another_writer_is_left_alone(script):
    writer = script.store.create(NAME)
    script.fails("put_object", "PreconditionFailed")
    script.has("another")
    script.has("another")
    with pytest.raises(Conflict):
        writer.commit()


def test_an_object_that_appears_after_its_commit_was_given_up_is_withdrawn(script):
    """The answer was lost, the store could not be asked, then it could."""
    writer = script.store.create(NAME)
    script.fails("put_object", "InternalError")
    script.fails("head_object", "ServiceUnavailable")
    script.has(writer._mark)
    withdraws(script)
    with pytest.raises(Unavailable):
        writer.commit()


@pytest.mark.parametrize("size", [1, PART_BYTES + 1], ids=["put", "multipart"])
def test_an_object_that_is_not_what_was_sent_is_withdrawn(script, size):
    writer = script.store.create(NAME)
    if size > PART_BYTES:
        script.says("create_multipart_upload", {"UploadId": "u1"})
        script.says("upload_part", {"ETag": "e1"})
        script.says("upload_part", {"ETag": "e2"})
        script.says("complete_multipart_upload", {"ChecksumSHA256": "another"})
        script.fails("abort_multipart_upload", "NoSuchUpload")
    else:
        script.says("put_object", {"ChecksumSHA256": "another"})
    script.has(writer._mark)
    withdraws(script)
    writer.write(bytes(size))
    with pytest.raises(Unavailable, match="something else"):
        writer.commit()


def test_an_abort_never_raises(script):
    writer = large(script)
    script.fails("abort_multipart_upload", "InternalError")
    writer.abort()


def test_parts_grow_so_that_no_file_has_too_many():
    assert part_bytes(1) == part_bytes(PARTS_OF_ONE_SIZE) == PART_BYTES
    assert part_bytes(PARTS_OF_ONE_SIZE + 1) == 2 * PART_BYTES
    assert sum(part_bytes(number) for number in range(1, MANY + 1)) > 150 * 10**9


# ── reading, finding, deleting ────────────────────────────────────────────────────────────────────────────────────────────


def body(content: bytes) -> StreamingBody:
    return StreamingBody(io.BytesIO(content), len(content))


def test_one_absence_is_no_loss(script):
    script.fails("get_object", "NoSuchKey")
    script.says("get_object", {"Body": body(b"here"), "ContentLength": 4})
    with script.store.open(NAME) as source:
        assert source.read() == b"here"


def test_an_absence_that_lasts_is_believed_from_a_server_that_knows_the_bucket(script):
    for _ in range(3):
        script.fails("head_object", "404")
    script.says("head_bucket")
    assert not script.store.exists(NAME)


@pytest.mark.parametrize("code", ["503", "InternalError", "AccessDenied"])
def test_an_absence_is_not_believed_from_a_server_that_fails(script, code):
    for _ in range(3):
        script.fails("get_object", "NoSuchKey")
    script.fails("head_bucket", code)
    with pytest.raises(Unavailable):
        script.store.open(NAME)


def test_an_answer_cut_in_its_headers_is_none(script):
    script.says("get_object", {"Body": body(b"here")})
    with pytest.raises(Unavailable):
        script.store.open(NAME)


class Cut:
    """A body that gives ``content`` and then breaks."""

    def __init__(self, content: bytes, failure: Exception) -> None:
        self._content, self._failure = io.BytesIO(content), failure

    def read(self, amt: int | None = None) -> bytes:
        piece = self._content.read(amt)
        if not piece:
            raise self._failure
        return piece

    def close(self) -> None:
        pass


BROKEN = ResponseStreamingError(error="cut")


def reading(first: Cut, fetch: Callable[[int], Any]) -> io.BufferedReader:
    return io.BufferedReader(S3Reader(NAME, first, 10, fetch, pauses=(0.0, 0.0)), 3)


def test_reading_goes_on_from_where_it_was():
    asked = []

    def fetch(offset: int) -> Any:
        asked.append(offset)
        return Cut(b"0123456789"[offset : offset + 2], BROKEN)

    assert reading(Cut(b"0123", BROKEN), fetch).read() == b"0123456789"
    assert asked == [4, 6, 8]


def test_reading_without_progress_ends():
    asked = []

    def fetch(offset: int) -> Any:
        asked.append(offset)
        return Cut(b"", BROKEN)

    with pytest.raises(Unavailable):
        reading(Cut(b"0123", BROKEN), fetch).read()
    assert asked == [4, 4]


def test_a_wrong_checksum_is_damage_and_not_asked_for_again():
    with pytest.raises(IntegrityError):
        reading(Cut(b"0123", FlexibleChecksumError(error_msg="no")), lambda _: pytest.fail("asked again")).read()


def test_a_rest_without_its_range_is_not_taken_for_it(script):
    script.says("get_object", {"Body": body(b"from the start"), "ContentLength": 14})
    with pytest.raises(ResponseStreamingError):
        script.store._rest(NAME, {"Bucket": "bucket", "Key": f"m/{NAME}"}, 4)


def listing(*versions: str) -> dict[str, Any]:
    return {"Versions": [{"Key": f"m/{NAME}", "VersionId": version} for version in versions]}


def test_a_version_that_is_gone_by_itself_is_gone(script):
    script.says("list_object_versions", listing("v1"))
    script.fails("delete_object", "NoSuchVersion")
    script.says("list_object_versions", listing())
    script.store.delete(NAME)


def test_versions_that_stay_are_told(script):
    for _ in range(3):
        script.says("list_object_versions", listing("v1"))
        script.says("delete_object")
    with pytest.raises(Unavailable, match="still shows"):
        script.store.delete(NAME)


@pytest.mark.parametrize("code", ["AccessDenied", "InternalError"])
def test_a_version_that_cannot_be_deleted_is_told(script, code):
    script.says("list_object_versions", listing("v1"))
    script.fails("delete_object", code)
    if code == "AccessDenied":
        script.fails("get_object_retention", "NoSuchObjectLockConfiguration")
    with pytest.raises(Unavailable):
        script.store.delete(NAME)


@pytest.mark.parametrize("act", ["names", "sweep"])
def test_a_listing_that_breaks_off_is_no_short_list(script, act):
    operation = {"names": "list_objects_v2", "sweep": "list_multipart_uploads"}[act]
    page = {"IsTruncated": True, "ResponseMetadata": {"HTTPHeaders": {"date": "Wed, 25 Nov 2026 00:00:00 GMT"}}}
    more = {"names": {"NextContinuationToken": "t"}, "sweep": {"NextKeyMarker": "k", "NextUploadIdMarker": "u"}}[act]
    script.stub.add_response(
        operation, page | more, {"Bucket": ANY, "Prefix": "m/", **({"MaxKeys": 1000} if act == "names" else {})}
    )
    script.fails(operation, "InternalError")
    with pytest.raises(MunimentError):
        list(script.store.names()) if act == "names" else script.store.sweep()


# ── no way around the archive ─────────────────────────────────────────────────────────────────────────────────────────────


def test_no_presigned_url_is_made_anywhere():
    """Every read is on the ledger before it is shown; an address that opens by itself would not be."""
    for path in Path(services.__file__).parent.rglob("*.py"):
        assert "generate_presigned" not in path.read_text(), path
