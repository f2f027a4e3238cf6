"""What botocore raises, in the archive's own words. A text says what to do next, and names no address and no key."""

from __future__ import annotations

import structlog
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    FlexibleChecksumError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
)

from services.kernel.errors import Conflict, IntegrityError, MunimentError, NotFound, Unavailable

log = structlog.get_logger("objects")

FAILURES = (BotoCoreError, ClientError)
"""All that a call of the client may raise."""

_TAKEN = {"PreconditionFailed", "ConditionalRequestConflict", "412"}
_GONE = {"NoSuchKey", "NoSuchVersion", "NoSuchUpload", "404"}
_DENIED = {
    *("AccessDenied", "AllAccessDisabled", "InvalidAccessKeyId", "SignatureDoesNotMatch", "AuthorizationHeaderMalformed"),
    *("ExpiredToken", "InvalidToken", "TokenRefreshRequired", "UnauthorizedAccess", "401", "403"),
}
_FULL = {"InsufficientStorage", "InsufficientStorageSpace", "QuotaExceeded", "XMinioStorageFull", "507"}
_BUSY = {"SlowDown", "ServiceUnavailable", "Throttling", "ThrottlingException", "RequestLimitExceeded", "429", "503"}
_ALTERED = {"BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch"}
_ADVICE = (
    ({"NoSuchBucket"}, "The object store has no such bucket. Create it, or correct the bucket in the objects URL."),
    (_FULL, "The object store is full. Free some space, then send the file again; nothing was stored of it."),
    (_BUSY, "The object store is busy. Try again in a minute."),
    (_ALTERED, "What reached the object store is not what was sent. Nothing was stored; try again."),
    ({"RequestTimeTooSkewed"}, "This machine's clock differs from the object store's. Set both by NTP, then try again."),
)
_NO_CREDENTIALS = (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError, ProfileNotFound)


def is_gone(error: Exception) -> bool:
    """The store says that there is no such object; a missing bucket is another matter."""
    return isinstance(error, ClientError) and _code(error) in _GONE


def is_denied(error: Exception) -> bool:
    return isinstance(error, ClientError) and _code(error) in _DENIED


def translate(error: Exception, name: str = "") -> MunimentError:
    """``name`` is the object that was asked for, where there was one. Failures of the store itself are logged."""
    told = _told(error, name)
    if isinstance(told, Unavailable | IntegrityError):
        log.warning("objects-failed", cause=_code(error) if isinstance(error, ClientError) else type(error).__name__)
    return told


def _told(error: Exception, name: str) -> MunimentError:
    if isinstance(error, ClientError):
        return _of_answer(error, name)
    if isinstance(error, FlexibleChecksumError):
        return IntegrityError(f"The object {name} is damaged in its store. Restore it from the backup.")
    if isinstance(error, _NO_CREDENTIALS):
        return Unavailable(
            "There are no credentials for the object store. Set MUNIMENT_S3_ACCESS_KEY and MUNIMENT_S3_SECRET_KEY, or give "
            "them in one of the ways that AWS's own tools know."
        )
    return Unavailable(
        f"The object store does not answer ({type(error).__name__}). Try again; if it lasts, check that it runs and that the "
        "objects endpoint names it."
    )


def _of_answer(error: ClientError, name: str) -> MunimentError:
    code = _code(error)
    if code in _TAKEN:
        return Conflict(f"The object {name} is already stored; objects are written once.")
    if code in _GONE:
        return NotFound(f"The object {name} is not in the store. Restore it from the backup.")
    if code in _DENIED:
        return Unavailable(
            f"The object store refuses {error.operation_name} ({code}). Check the access key, and that its policy allows this."
        )
    for codes, advice in _ADVICE:
        if code in codes:
            return Unavailable(advice)
    return Unavailable(
        f"The object store failed at {error.operation_name} ({code}). Try again; if it lasts, look into its log."
    )


def _code(error: ClientError) -> str:
    """The store's own word, or the HTTP status where it gave none, as for HEAD."""
    return str(error.response.get("Error", {}).get("Code", ""))
