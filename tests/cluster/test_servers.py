"""What the real servers can do, without any of our code: what the adapters may build on, and what they may not."""

from __future__ import annotations

import base64
import hashlib
import os
import ssl
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest
from botocore.exceptions import ClientError
from elasticsearch import ApiError, AuthorizationException

from tests import engines

MAPPING = {"properties": {"words": {"type": "text", "analyzer": "whitespace"}, "type": {"type": "keyword"}}}
PAGES = {"1": "购房 合同 北 京 nj-2024-001", "2": "租赁 合同 上 海", "3": "付款 凭证 北 京"}


def refused(call, *codes: str) -> None:
    with pytest.raises(ClientError) as error:
        call()
    assert error.value.response["Error"]["Code"] in codes


def test_postgresql_is_recent_and_skips_locked_rows(postgresql):
    assert postgresql.info.server_version >= 150000
    assert postgresql.execute("SHOW server_encoding").fetchone() == ("UTF8",)
    name = f"locked_{uuid4().hex}"
    postgresql.execute(f"CREATE TABLE {name} AS SELECT 1 AS id UNION SELECT 2")
    claim = f"SELECT id FROM {name} ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED"
    with psycopg.connect(engines.value(engines.POSTGRESQL)) as other, postgresql.transaction(), other.transaction():
        assert postgresql.execute(claim).fetchone() == (1,)
        assert other.execute(claim).fetchone() == (2,)
    postgresql.execute(f"DROP TABLE {name}")


def test_redis_answers_and_keeps_nothing_on_disk(redis_client):
    assert redis_client.ping()
    assert int(redis_client.info("server")["redis_version"].split(".")[0]) >= 6
    assert redis_client.config_get("appendonly") == {"appendonly": "no"}


@pytest.mark.parametrize("engine", [engines.POSTGRESQL, engines.REDIS, engines.S3, engines.ELASTICSEARCH, engines.OPENSEARCH])
def test_every_server_is_on_loopback(engine):
    assert "127.0.0.1:" in engines.value(engine)


def test_s3_stores_are_two(bucket, s3):
    here, there = engines.s3_client(engines.S3), engines.s3_client(engines.S3_BACKUP)
    names = [{each["Name"] for each in client.list_buckets()["Buckets"]} for client in (here, there)]
    assert [bucket in each for each in names].count(True) == 1


def test_s3_knows_its_callers(bucket):
    stranger = engines.boto3.client(
        "s3",
        endpoint_url=engines.value(engines.S3),
        aws_access_key_id="stranger",
        aws_secret_access_key="stranger",
        region_name="us-east-1",
    )
    refused(stranger.list_buckets, "InvalidAccessKeyId", "AccessDenied", "SignatureDoesNotMatch")


def test_s3_versions_and_delete_markers(s3, bucket):
    first = s3.put_object(Bucket=bucket, Key="page", Body=b"one")["VersionId"]
    second = s3.put_object(Bucket=bucket, Key="page", Body=b"two")["VersionId"]
    assert s3.get_object(Bucket=bucket, Key="page")["Body"].read() == b"two"
    assert s3.get_object(Bucket=bucket, Key="page", VersionId=first)["Body"].read() == b"one"
    marker = s3.delete_object(Bucket=bucket, Key="page")
    assert marker["DeleteMarker"]
    refused(lambda: s3.get_object(Bucket=bucket, Key="page"), "NoSuchKey")
    listed = s3.list_object_versions(Bucket=bucket, Prefix="page")
    assert {each["VersionId"] for each in listed["Versions"]} == {first, second}
    for version in (first, second, marker["VersionId"]):
        s3.delete_object(Bucket=bucket, Key="page", VersionId=version)
    left = s3.list_object_versions(Bucket=bucket, Prefix="page")
    assert not left.get("Versions")
    assert not left.get("DeleteMarkers")


def test_s3_object_lock_in_compliance_mode(s3, bucket):
    until = datetime.now(UTC) + timedelta(hours=1)
    locked = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": until}
    version = s3.put_object(Bucket=bucket, Key="checkpoint", Body=b"kept", **locked)["VersionId"]
    kept = s3.get_object_retention(Bucket=bucket, Key="checkpoint", VersionId=version)["Retention"]
    assert kept["Mode"] == "COMPLIANCE"
    refused(lambda: s3.delete_object(Bucket=bucket, Key="checkpoint", VersionId=version), "AccessDenied")
    sooner = {"Mode": "COMPLIANCE", "RetainUntilDate": until - timedelta(minutes=30)}
    refused(
        lambda: s3.put_object_retention(Bucket=bucket, Key="checkpoint", VersionId=version, Retention=sooner), "AccessDenied"
    )
    s3.delete_object(Bucket=bucket, Key="checkpoint")  # a marker is allowed: the lock protects one version
    assert s3.get_object(Bucket=bucket, Key="checkpoint", VersionId=version)["Body"].read() == b"kept"


def test_s3_object_lock_in_governance_mode_and_legal_hold(s3, bucket):
    until = datetime.now(UTC) + timedelta(hours=1)
    locked = {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": until}
    version = s3.put_object(Bucket=bucket, Key="draft", Body=b"kept", **locked)["VersionId"]
    refused(lambda: s3.delete_object(Bucket=bucket, Key="draft", VersionId=version), "AccessDenied")
    s3.delete_object(Bucket=bucket, Key="draft", VersionId=version, BypassGovernanceRetention=True)
    version = s3.put_object(Bucket=bucket, Key="held", Body=b"kept", ObjectLockLegalHoldStatus="ON")["VersionId"]
    refused(lambda: s3.delete_object(Bucket=bucket, Key="held", VersionId=version), "AccessDenied")
    s3.put_object_legal_hold(Bucket=bucket, Key="held", VersionId=version, LegalHold={"Status": "OFF"})
    s3.delete_object(Bucket=bucket, Key="held", VersionId=version)


def test_s3_writes_once_if_none_match(s3, bucket):
    s3.put_object(Bucket=bucket, Key="once", Body=b"first", IfNoneMatch="*")
    refused(lambda: s3.put_object(Bucket=bucket, Key="once", Body=b"second", IfNoneMatch="*"), "PreconditionFailed")
    assert s3.get_object(Bucket=bucket, Key="once")["Body"].read() == b"first"


def test_s3_replaces_only_what_was_seen_if_match(s3, bucket):
    seen = s3.put_object(Bucket=bucket, Key="state", Body=b"1")["ETag"]
    s3.put_object(Bucket=bucket, Key="state", Body=b"2", IfMatch=seen)
    refused(lambda: s3.put_object(Bucket=bucket, Key="state", Body=b"3", IfMatch=seen), "PreconditionFailed")


def test_s3_multipart(s3, bucket):
    parts = [os.urandom(5 << 20), os.urandom(5 << 20), b"the end"]
    upload = s3.create_multipart_upload(Bucket=bucket, Key="volume")["UploadId"]
    tags = [
        s3.upload_part(Bucket=bucket, Key="volume", UploadId=upload, PartNumber=number, Body=part)["ETag"]
        for number, part in enumerate(parts, 1)
    ]
    listed = [{"PartNumber": number, "ETag": tag} for number, tag in enumerate(tags, 1)]
    s3.complete_multipart_upload(Bucket=bucket, Key="volume", UploadId=upload, MultipartUpload={"Parts": listed})
    body = s3.get_object(Bucket=bucket, Key="volume")["Body"].read()
    assert hashlib.sha256(body).digest() == hashlib.sha256(b"".join(parts)).digest()
    assert (
        s3.get_object(Bucket=bucket, Key="volume", Range="bytes=5242878-5242881")["Body"].read() == parts[0][-2:] + parts[1][:2]
    )


def test_s3_aborted_multipart_leaves_nothing(s3, bucket):
    upload = s3.create_multipart_upload(Bucket=bucket, Key="volume")["UploadId"]
    s3.upload_part(Bucket=bucket, Key="volume", UploadId=upload, PartNumber=1, Body=b"part")
    s3.abort_multipart_upload(Bucket=bucket, Key="volume", UploadId=upload)
    assert not s3.list_multipart_uploads(Bucket=bucket).get("Uploads")
    refused(lambda: s3.get_object(Bucket=bucket, Key="volume"), "NoSuchKey")


def test_s3_checks_and_keeps_sha256(s3, bucket):
    digest = base64.b64encode(hashlib.sha256(b"page").digest()).decode()
    s3.put_object(Bucket=bucket, Key="sum", Body=b"page", ChecksumSHA256=digest)
    assert s3.head_object(Bucket=bucket, Key="sum", ChecksumMode="ENABLED")["ChecksumSHA256"] == digest
    wrong = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    refused(lambda: s3.put_object(Bucket=bucket, Key="sum", Body=b"page", ChecksumSHA256=wrong), "BadDigest", "InvalidRequest")


def test_elasticsearch_is_9_with_tls_that_is_verified(elasticsearch):
    (node,) = elasticsearch.nodes.info(node_id="_local")["nodes"].values()
    assert node["version"].startswith("9.")
    with pytest.raises(urllib.error.URLError) as error:
        urllib.request.urlopen(engines.value(engines.ELASTICSEARCH), context=ssl.create_default_context(), timeout=10)
    assert isinstance(error.value.reason, ssl.SSLCertVerificationError)


def test_elasticsearch_api_key_reaches_its_own_indexes_only(elasticsearch, index):
    rights = {"indexer": {"index": [{"names": [f"{index}*"], "privileges": ["create_index", "write", "read", "maintenance"]}]}}
    key = elasticsearch.security.create_api_key(name=index, role_descriptors=rights)
    with engines.elasticsearch_client(key["encoded"]) as client:
        client.indices.create(index=index, mappings=MAPPING)
        client.index(index=index, id="1", document={"words": PAGES["1"]}, refresh=True)
        assert client.count(index=index)["count"] == 1
        for beyond in (
            lambda: client.indices.create(index="other"),
            lambda: client.cluster.put_settings(persistent={"cluster.max_shards_per_node": 500}),
        ):
            with pytest.raises(AuthorizationException):
                beyond()
        elasticsearch.security.invalidate_api_key(ids=[key["id"]])
        with pytest.raises(ApiError) as error:
            client.count(index=index)
        assert error.value.status_code == 401
    elasticsearch.indices.delete(index=index)


def test_elasticsearch_finds_our_tokens_and_swaps_an_alias(elasticsearch, index):
    elasticsearch.indices.create(index=index, mappings=MAPPING, aliases={f"{index}-alias": {}})
    operations = [part for key, words in PAGES.items() for part in ({"index": {"_id": key}}, {"words": words})]
    assert not elasticsearch.bulk(index=index, operations=operations, refresh=True)["errors"]
    found = elasticsearch.search(index=f"{index}-alias", query={"match_phrase": {"words": "北 京"}}, sort=["_doc"])
    assert {hit["_id"] for hit in found["hits"]["hits"]} == {"1", "3"}
    elasticsearch.indices.create(index=f"{index}-2", mappings=MAPPING)
    swap = [
        {"remove": {"index": index, "alias": f"{index}-alias"}},
        {"add": {"index": f"{index}-2", "alias": f"{index}-alias"}},
    ]
    elasticsearch.indices.update_aliases(actions=swap)
    assert elasticsearch.count(index=f"{index}-alias")["count"] == 0
    elasticsearch.indices.delete(index=[index, f"{index}-2"])


def test_opensearch_is_3_and_finds_our_tokens(opensearch, index):
    assert opensearch.info()["version"]["number"].startswith("3.")
    opensearch.indices.create(index=index, body={"mappings": MAPPING, "aliases": {f"{index}-alias": {}}})
    lines = [part for key, words in PAGES.items() for part in ({"index": {"_id": key}}, {"words": words})]
    assert not opensearch.bulk(body=lines, index=index, params={"refresh": "true"})["errors"]
    found = opensearch.search(index=f"{index}-alias", body={"query": {"match_phrase": {"words": "北 京"}}})
    assert {hit["_id"] for hit in found["hits"]["hits"]} == {"1", "3"}
    opensearch.indices.delete(index=index)
