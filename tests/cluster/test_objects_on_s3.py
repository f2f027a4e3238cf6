"""An archive whose objects lie on S3, and on a second server besides."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from services.kernel.config import Settings
from services.kernel.model import Role
from tests import engines
from tests.contract import stores
from tests.desk import Desk, scan

PAPER = scan("商品房买卖合同\n买受人：张伟", "第二页")


@pytest.fixture
def desk(tmp_path: Path, empty_catalogue: Path) -> Iterator[Desk]:
    prefix, servers = f"archive/{uuid4()}", (engines.S3, engines.S3_BACKUP)
    first, second = (f"s3://{stores.versioned_bucket(server)}/{prefix}" for server in servers)
    settings = Settings(
        data=tmp_path / "data",
        broker_url="memory://",
        workers=1,
        objects_url=first,
        objects_endpoint=engines.value(engines.S3),
        s3_access_key=engines.value(engines.S3, "ACCESS_KEY"),
        s3_secret_key=engines.value(engines.S3, "SECRET_KEY"),
        backup_objects_url=second,
        backup_objects_endpoint=engines.value(engines.S3_BACKUP),
        backup_s3_access_key=engines.value(engines.S3_BACKUP, "ACCESS_KEY"),
        backup_s3_secret_key=engines.value(engines.S3_BACKUP, "SECRET_KEY"),
    )
    settings.data.mkdir()
    shutil.copy(empty_catalogue, settings.data / "catalogue.db")
    desk = Desk(settings)
    yield desk
    desk.close()
    for server in servers:
        stores.empty(engines.s3_client(server), stores.versioned_bucket(server), prefix)


def test_a_document_s_way_with_its_objects_in_two_stores(desk):
    clerk = desk.client(Role.CLERK)
    batch = desk.deliver(clerk, PAPER)
    desk.work()
    done = clerk.get(f"/api/v1/batches/{batch}").json()
    assert (done["state"], done["pages_done"]) == ("done", 2)
    (item,) = done["items"]
    shown = [clerk.get(f"/api/v1/items/{item['id']}/{what}") for what in ("pdf", "pages/1/image", "text")]
    assert [answer.status_code for answer in shown] == [200, 200, 200]
    assert not any(answer.is_redirect or "location" in answer.headers for answer in shown), "nobody is sent to the store"
    store = desk.kernel.objects.store
    names = set(store.names())
    assert set(store.primary.names()) == set(store.copy.names()) == names and len(names) >= 3
    assert not desk.settings.objects_folder.exists(), "nothing lies in the data folder"
    assert desk.client(None).get("/readyz").json()["checks"]["objects"] == "ok"


def test_an_object_that_the_first_store_lost_is_shown_from_the_second(desk):
    clerk = desk.client(Role.CLERK)
    batch = desk.deliver(clerk, PAPER)
    desk.work()
    (item,) = clerk.get(f"/api/v1/batches/{batch}").json()["items"]
    store = desk.kernel.objects.store
    for name in list(store.primary.names()):
        store.primary.delete(name)
    assert clerk.get(f"/api/v1/items/{item['id']}/pdf").status_code == 200
