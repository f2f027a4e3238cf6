"""The object store's own guard: an IAM policy for each account that has to do with objects. Give the bucket versions: what a
writer would put in an object's place then leaves it there, and only ``destruction`` removes a version."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from services.privileges.accounts import ACCOUNTS

_ON_BUCKET = {
    "delete": ["ListBucketVersions"],
    "traces": ["ListBucketVersions", "ListBucketMultipartUploads"],
    "sweep": ["ListBucketMultipartUploads"],
}
_ON_OBJECTS = {
    "open": ["GetObject"],
    "exists": ["GetObject"],
    "create": ["PutObject", "AbortMultipartUpload"],
    "replace": ["PutObject", "AbortMultipartUpload"],
    "delete": ["DeleteObject", "DeleteObjectVersion", "GetObjectRetention"],
    "sweep": ["AbortMultipartUpload"],
    "retain": ["GetObjectRetention", "PutObjectRetention"],
}
_FIRST = ["ListBucketVersions"], ["GetObjectVersion"]
"""Of a checkpoint what was written first counts, whatever was put over it: to find and to read that."""
_READY = ["GetBucketObjectLockConfiguration", "ListBucket"]
"""For readiness; and without ``ListBucket`` what is not there looks like what is forbidden."""


Place = tuple[str, str]
"""Bucket and prefix."""


def policies(
    bucket: str, prefix: str = "", checkpoints: Place | None = None, backups: Sequence[Place] = ()
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Account and policy document, for the objects under ``prefix`` in ``bucket``, for the checkpoints beside them or where
    these lie instead, and for backups."""
    beside = checkpoints or (bucket, f"{prefix}/checkpoints".strip("/"))
    for account, privileges in ACCOUNTS.items():
        allowed = [*_statements(privileges.objects, (bucket, prefix)), *_statements(privileges.checkpoints, beside, first=True)]
        allowed += [each for place in backups for each in _statements(privileges.backups, place)]
        if allowed:
            yield account, {"Version": "2012-10-17", "Statement": allowed}


def document(bucket: str, prefix: str = "", checkpoints: Place | None = None, backups: Sequence[Place] = ()) -> str:
    """All of them, by account."""
    return json.dumps(dict(policies(bucket, prefix, checkpoints, backups)), indent=2) + "\n"


def _statements(rights: frozenset[str], place: Place, *, first: bool = False) -> Iterator[dict[str, Any]]:
    if not rights:
        return
    bucket, prefix = place
    on_bucket, on_objects = ([*each] if first else [] for each in _FIRST)
    whole, acts = f"arn:aws:s3:::{bucket}", sorted(rights)
    on_bucket += [action for act in acts for action in _ON_BUCKET.get(act, ())]
    yield _allow(list(dict.fromkeys(_READY + on_bucket)), whole)
    within = f"{whole}/{prefix}/*" if prefix else f"{whole}/*"
    on_objects += [action for act in acts for action in _ON_OBJECTS.get(act, ())]
    yield _allow(list(dict.fromkeys(on_objects)), within)


def _allow(actions: list[str], resource: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": [f"s3:{action}" for action in actions], "Resource": resource}
