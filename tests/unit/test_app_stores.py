"""Which adapters the settings choose. No server is asked: an adapter is made without one."""

import pytest

from services import parts
from services.kernel.blobs.keys import FileMasterKey
from services.kernel.blobs.local import LocalBlobStore
from services.kernel.blobs.mirrored import MirroredBlobStore
from services.kernel.blobs.s3 import S3BlobStore
from services.kernel.blobs.vault_transit import VaultTransitKey
from services.kernel.config import Settings

S3 = {"objects_url": "s3://archive/m", "objects_endpoint": "http://127.0.0.1:9", "s3_access_key": "a", "s3_secret_key": "b"}


def test_a_folder_when_nothing_is_set(tmp_path):
    store = parts.object_store(Settings(data=tmp_path / "档案 1"))
    assert isinstance(store, LocalBlobStore)
    assert store.folder == tmp_path / "档案 1" / "objects"


def test_s3_where_its_url_is_set(tmp_path):
    store = parts.object_store(Settings(data=tmp_path, **S3))
    assert isinstance(store, S3BlobStore)
    assert (store.bucket, store.prefix) == ("archive", "m/")


@pytest.mark.parametrize(
    ("first", "second", "kinds"),
    [
        ({}, "file:///{}/copy", (LocalBlobStore, LocalBlobStore)),
        (S3, "s3://backup", (S3BlobStore, S3BlobStore)),
        (S3, "file:///{}/copy", (S3BlobStore, LocalBlobStore)),
    ],
    ids=["two folders", "two buckets", "a bucket and a folder"],
)
def test_both_of_two_where_a_backup_store_is_set(tmp_path, first, second, kinds):
    store = parts.object_store(Settings(data=tmp_path / "data", **first, backup_objects_url=second.format(tmp_path)))
    assert isinstance(store, MirroredBlobStore)
    assert (type(store.primary), type(store.copy)) == kinds


def test_the_master_key_is_a_file_unless_a_key_service_is_set(tmp_path):
    assert isinstance(parts.master_key(Settings(data=tmp_path / "data")), FileMasterKey)
    remote = parts.master_key(
        Settings(data=tmp_path, vault_url="http://127.0.0.1:9", vault_token="t", vault_mount="keys/transit")
    )
    assert isinstance(remote, VaultTransitKey)
    assert remote.name == "keys/transit/muniment"
