"""The pages of destructions: a batch goes its way through their forms as it does over HTTP."""

from __future__ import annotations

import pytest

from services.kernel.model import Role
from tests.desk import Desk, TestClient, ok
from tests.destruction import BATCHES, Hall
from tests.functional.test_access import id_of
from tests.functional.test_console_audit import visitor


@pytest.fixture
def hall(desk: Desk) -> Hall:
    return Hall(desk)


def sent(client: TestClient, path: str, **form: str | list[str]) -> str:
    answer = client.post(path, data=form, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def test_a_batch_goes_its_way_through_the_pages(desk, hall):
    archivist, leader, witness = (visitor(desk, role) for role in (Role.ARCHIVIST, Role.COMPANY_LEADER, Role.WITNESS))
    assert "没有批次" in archivist.get("/destruction").text
    here = sent(archivist, "/destruction", title="第一批", method="cryptographic_erase", paper_method="shredding")
    sent(archivist, f"{here}/lines", most="1000")
    page = archivist.get(here).text
    assert page.count("收款收据") >= 3 and "第一批" in page and "密钥销毁" in page
    refused = archivist.post(f"{here}/step", data={"do": "appraisal"})
    assert refused.status_code == 409 and "还有件没有鉴定意见" in refused.text
    sent(archivist, f"{here}/opinions", opinion="extend", item_ids=[hall.items[0]], reason="诉讼未结", until="2036-01-31")
    sent(archivist, f"{here}/opinions", opinion="destroy")
    sent(archivist, f"{here}/step", do="appraisal")
    page = archivist.get(here).text
    assert "延期保管" in page and "诉讼未结" in page and "2036-01-31" in page
    sent(archivist, f"{here}/step", do="submission")
    batch = here.rpartition("/")[2]
    ok(hall.decide(hall.head, batch))
    assert "待您批准" in leader.get("/destruction").text
    sent(leader, f"{here}/decision", do="approve")
    sent(archivist, f"{here}/step", do="notification")
    assert "未回执" in archivist.get(here).text
    sent(archivist, f"{here}/witnesses", person_id=id_of(witness), capacity="electronic")
    sent(archivist, f"{here}/witnesses", person_id=id_of(hall.supervisor), capacity="supervisor")
    early = witness.post(f"{here}/counts", data={"items": "2", "pages": "4"})
    assert early.status_code == 409 and "异议期未满" in early.text
    sent(leader, f"{here}/receipts", department="")
    hall.receive(batch)
    hall.wait(batch)
    sent(leader, f"{here}/objections", item_id=hall.items[1], reason="再议")
    (objection,) = hall.shown(batch)["objections"]
    ok(hall.act(hall.leader, batch, f"objections/{objection['id']}/answer", upheld=True, text="移出"))
    assert "部门异议" in leader.get(here).text
    assert "待您清点" in witness.get("/destruction").text
    sent(witness, f"{here}/counts", items="1", pages="1")
    assert "不符" in witness.get(here).text
    sent(witness, f"{here}/counts", items="1", pages="2")
    assert ok(hall.count(hall.supervisor, batch))["state"] == "WITNESS_PRECHECKED"
    page = archivist.get(here).text
    assert "已清点" in page and "相符" in page and "1 件 2 页" in page
    assert "没有批次" in archivist.get("/destruction", params={"state": "NOTIFIED"}).text
    sent(archivist, f"{here}/cancellation", reason="改期")
    assert "已取消" in archivist.get(here).text and "改期" in archivist.get(here).text


def test_lines_leave_through_the_page_and_who_has_nothing_to_do_with_it_sees_no_page(desk, hall):
    archivist, staff = visitor(desk, Role.ARCHIVIST), visitor(desk, Role.STAFF)
    batch = hall.opened()
    here = f"/destruction/{batch}"
    sent(archivist, f"{here}/opinions", opinion="remove", item_ids=[hall.items[0]])
    assert ok(hall.archivist.get(f"{BATCHES}/{batch}"))["items"] == {"listed": 2, "removed": 1}
    assert staff.get(here).status_code == 404
    assert 'href="/destruction"' not in staff.get("/search").text
    assert 'href="/destruction"' in archivist.get("/search").text
