"""The object store's own guard: an IAM policy for each account that has to do with objects. Give the bucket versions: what a
writer would put in an object's place then leaves it there, and only ``destruction`` removes a version."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from services.privileges.accounts import ACCOUNTS

_ON_BUCKET = {"delete": ["ListBucketVersions"], "sweep": ["ListBucketMultipartUploads"]}
_ON_OBJECTS = {
    "open": ["GetObject"],
    "create": ["PutObject", "AbortMultipartUpload"],
    "delete": ["DeleteObject", "DeleteObjectVersion", "GetObjectRetention"],
    "sweep": ["AbortMultipartUpload"],
}
_READY = ["GetBucketObjectLockConfiguration", "ListBucket"]
"""For readiness; and without ``ListBucket`` what is not there looks like what is forbidden."""


def policies(bucket: str, prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Account and policy document, for the objects under ``prefix`` in ``bucket``."""
    whole = f"arn:aws:s3:::{bucket}"
    within = f"{whole}/{prefix}/*" if prefix else f"{whole}/*"
    for account, privileges in ACCOUNTS.items():
        if acts := sorted(privileges.objects):
            on_bucket = _READY + [action for act in acts for action in _ON_BUCKET.get(act, ())]
            on_objects = [action for act in acts for action in _ON_OBJECTS.get(act, ())]
            yield account, {"Version": "2012-10-17", "Statement": [_allow(on_bucket, whole), _allow(on_objects, within)]}


def document(bucket: str, prefix: str = "") -> str:
    """All of them, by account."""
    return json.dumps(dict(policies(bucket, prefix)), indent=2) + "\n"


def _allow(actions: list[str], resource: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": [f"s3:{action}" for action in actions], "Resource": resource}
