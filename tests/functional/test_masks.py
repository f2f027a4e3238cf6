"""Personal data is masked wherever it is shown, for whoever holds no ground that opens it (behaviour 17)."""

import io
import json
from datetime import timedelta

import pikepdf
import pytest
from PIL import Image

from services.access.requests import service as requests
from services.access.requests.tables import AccessRequest
from services.kernel import readings
from services.kernel.clock import now
from services.kernel.grants.tables import Grant, GrantItem
from services.kernel.identity import accounts
from services.kernel.model import ItemState, Role
from services.kernel.tables import Item
from services.search.index.port import Snippet
from services.search.unmasking import _uncovered
from tests.desk import PASSWORD, Desk, TestClient

ID, PHONE = "11010519491231002X", "13812345678"
PAPER = "\n".join(
    (
        "房屋租赁合同",
        "出租人（甲方）：张小伟",
        f"身份证号：{ID}",
        f"联系电话：{PHONE}",
        "住址：北京市朝阳区建国路1号",
        "承租人（乙方）：李娜",
    )
)
SECRET = ("小伟", ID, PHONE, "建国路1号")


@pytest.fixture
def owner(desk: Desk) -> TestClient:
    return desk.client(Role.CLERK)


@pytest.fixture
def item(desk: Desk, owner: TestClient) -> str:
    item = desk.item(owner, PAPER)
    with desk.kernel.database.write() as session:
        session.get_one(Item, item).state = ItemState.ARCHIVED
    return item


def grant(desk: Desk, client: TestClient, item: str, **more) -> str:
    with desk.kernel.database.write() as session:
        moment = now()
        values = {"person_id": client.get("/api/v1/me").json()["id"], "request_id": "r", "kind": "read", "policy": 1}
        row = Grant(**(values | {"since": moment, "until": moment + timedelta(hours=1)} | more))
        session.add(row)
        session.flush()
        session.add(GrantItem(grant_id=row.id, item_id=item))
        return row.id


def hit(client: TestClient, question: str) -> dict:
    (found,) = client.get("/api/v1/search", params={"q": question}).raise_for_status().json()["hits"]
    return found


@pytest.mark.parametrize("question", ["张小伟", "租赁", f"id_number:{ID}", PHONE, "建国路"])
def test_rule_17_a_hit_list_is_masked_for_whoever_holds_no_ground_the_archivist_too(desk, item, owner, question):
    for client in (desk.client(Role.ARCHIVIST), desk.client(Role.STAFF), owner):
        found = hit(client, question)
        assert found["masked"] and found["snippets"]
        assert not [secret for secret in SECRET if secret in json.dumps(found, ensure_ascii=False)]


@pytest.mark.parametrize(
    ("question", "words"),
    [("张小伟", ["张小伟"]), (f"id_number:{ID}", [ID]), (PHONE, [PHONE]), ("租赁 朝阳区", ["租赁", "朝阳区"])],
)
def test_rule_17_a_grant_uncovers_the_same_stretch_with_the_same_places(desk, item, question, words):
    reader, bystander = desk.client(Role.STAFF), desk.client(Role.STAFF)
    number = grant(desk, reader, item)
    masked, found = hit(bystander, question), hit(reader, question)
    assert not found["masked"]
    for before, after in zip(masked["snippets"], found["snippets"], strict=True):
        assert (before["boxes"], before["highlights"], before["page"]) == (after["boxes"], after["highlights"], after["page"])
        assert len(before["text"]) == len(after["text"])
    text = "".join(snippet["text"] for snippet in found["snippets"])
    assert [secret for secret in SECRET if secret in text] or question.startswith("租赁")
    assert [part["text"][a:b] for part in found["snippets"] for a, b in part["highlights"]] == words
    entry = json.loads(desk.ledger("search")[-1].data)["details"]
    assert entry["unmasked"] == {item: {"grant": number, "policy": 1, "pages": [1]}}
    assert not [secret for secret in SECRET if secret in json.dumps(entry, ensure_ascii=False)]


def test_those_who_work_on_an_item_see_its_snippets_whole_and_nobody_else(desk, owner):
    item = desk.item(owner, PAPER)
    assert "张小伟" in hit(owner, "张小伟")["snippets"][0]["text"]
    assert "张小伟" in hit(desk.client(Role.ARCHIVIST), "张小伟")["snippets"][0]["text"]
    assert hit(desk.client(Role.STAFF), "张小伟")["masked"]
    assert json.loads(desk.ledger("search")[0].data)["details"]["unmasked"] == {item: {"ground": "duty", "pages": [1]}}


@pytest.mark.parametrize("dead", [{"revoked_at": now()}, {"until": now()}, {"kind": "consult"}, {"unmasked": False}])
def test_a_ground_that_opens_no_personal_data_uncovers_nothing(desk, item, dead):
    reader = desk.client(Role.STAFF)
    grant(desk, reader, item, **dead)
    assert hit(reader, "张小伟")["masked"]
    assert json.loads(desk.ledger("search")[-1].data)["details"]["unmasked"] == {}


def test_a_page_that_was_read_anew_stays_masked_until_it_is_indexed(desk, item):
    with desk.kernel.database.read() as session:
        (page,) = readings.page_readings(session, desk.kernel.vault, session.get_one(Item, item))
    snippet = Snippet(1, "甲方）：张**", start=11)
    assert _uncovered(snippet, {1: page.text}).text == "甲方）：张小伟"
    assert _uncovered(snippet, {1: "李娜" + page.text}) == _uncovered(snippet, {}) == snippet


LINES = {"title": 0, "lessor": 1, "id": 2, "phone": 3, "address": 4, "lessee": 5}


def shade(picture: Image.Image, line: str, across: float) -> int:
    """How light the typed page is in the middle of a line, ``across`` of its width."""
    return int(picture.convert("L").getpixel((round(5 + 90 * across), 5 + 10 * LINES[line] + 4)))


def check_picture(picture: Image.Image) -> None:
    dark = {line: shade(picture, line, 0.9) for line in ("id", "phone", "address")} | {"lessor": shade(picture, "lessor", 0.88)}
    light = {line: shade(picture, line, 0.1) for line in ("title", "lessor", "id", "phone")}
    assert max(dark.values()) < 60 and min(light.values()) > 120, (dark, light)


@pytest.fixture
def masked_reader(desk: Desk, item: str) -> TestClient:
    reader = desk.client(Role.STAFF)
    grant(desk, reader, item, unmasked=False)
    return reader


def test_rule_17_a_masked_grant_opens_the_item_without_its_personal_data(desk, item, masked_reader):
    shown = masked_reader.get(f"/api/v1/items/{item}").json()
    text = masked_reader.get(f"/api/v1/items/{item}/text").json()
    plain = masked_reader.get(f"/api/v1/items/{item}/text", headers={"Accept": "text/plain"}).text
    assert shown["content_open"] and shown["masked"]
    assert shown["fields"]["phone"][0]["value"] == "138****5678"
    assert "出租人（甲方）：张**" in plain and "138****5678" in plain and "房屋租赁合同" in plain
    everything = json.dumps([shown, text], ensure_ascii=False) + plain
    assert not [secret for secret in SECRET if secret in everything]
    told = [json.loads(entry.data)["details"] for entry in desk.ledger("text.read")]
    assert all(entry["masked"] for entry in told)


def test_rule_17_on_its_pictures_personal_data_is_black_and_its_pdf_is_pictures_alone(desk, item, masked_reader):
    picture = masked_reader.get(f"/api/v1/items/{item}/pages/1/image").content
    check_picture(Image.open(io.BytesIO(picture)))
    content = masked_reader.get(f"/api/v1/items/{item}/pdf").content
    with pikepdf.open(io.BytesIO(content)) as document:
        (page,) = document.pages
        assert bytes(page.Contents.read_bytes()).split()[-2:] == [b"Do", b"Q"] and "/Font" not in page.Resources
        (image,) = page.get_images().values()
        check_picture(Image.open(io.BytesIO(image.read_raw_bytes())))
        assert pikepdf.PdfImage(image).width == 100
    whole = desk.client(Role.STAFF)
    grant(desk, whole, item)
    open_ = Image.open(io.BytesIO(whole.get(f"/api/v1/items/{item}/pages/1/image").content))
    assert shade(open_, "phone", 0.9) > 120, "an unmasked grant shows the page as it is"


def test_rule_17_uncovering_one_value_is_an_act_of_its_own(desk, item, masked_reader):
    field = masked_reader.get(f"/api/v1/items/{item}").json()["fields"]["phone"][0]["id"]
    address = f"/api/v1/items/{item}/fields/{field}/reveal"
    assert masked_reader.post(address, json={"reason": ""}).status_code == 422
    assert desk.ledger("field.reveal") == []
    shown = masked_reader.post(address, json={"reason": "回访张小伟"}).json()
    assert (shown["name"], shown["value"]) == ("phone", PHONE)
    entry = json.loads(desk.ledger("field.reveal")[-1].data)
    assert (entry["item"], entry["result"]) == (item, "ok")
    assert entry["details"].items() >= {"field": field, "name": "phone", "reveal": shown["reveal_id"], "policy": 1}.items()
    assert not [secret for secret in SECRET if secret in json.dumps(entry, ensure_ascii=False)]
    (kept,) = desk.client(Role.AUDITOR).get("/api/v1/reveals").json()["reveals"]
    assert (kept["field"], kept["reason"], kept["item_id"]) == ("phone", "回访张小伟", item)
    assert masked_reader.get("/api/v1/reveals").status_code == 403


def test_without_a_ground_no_value_is_uncovered_and_that_it_was_tried_is_on_the_ledger(desk, item, owner, masked_reader):
    field = masked_reader.get(f"/api/v1/items/{item}").json()["fields"]["phone"][0]["id"]
    for client in (owner, desk.client(Role.ARCHIVIST), desk.client(Role.STAFF)):
        refused = client.post(f"/api/v1/items/{item}/fields/{field}/reveal", json={"reason": "想看看"})
        assert (refused.status_code, PHONE in refused.text) == (403, False)
        entry = json.loads(desk.ledger("field.reveal")[-1].data)
        assert (entry["result"], entry["details"]) == ("refused", {"why": "needs-grant", "field": field})


def test_under_masks_only_so_many_values_a_day_are_uncovered(desk, item, masked_reader):
    field = masked_reader.get(f"/api/v1/items/{item}").json()["fields"]["phone"][0]["id"]
    address = f"/api/v1/items/{item}/fields/{field}/reveal"
    answers = [masked_reader.post(address, json={"reason": "核对"}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 86401
    assert json.loads(desk.ledger("field.reveal")[-1].data)["result"] == "refused"


def test_a_request_may_leave_personal_data_masked(desk, item):
    desk.person(Role.DEPARTMENT_HEAD)
    reader = desk.client(Role.STAFF)
    body = {"kind": "read", "item_ids": [item], "purpose": "查看租期", "masked": True}
    asked = reader.post("/api/v1/access-requests", json=body).json()["id"]
    assert reader.get(f"/api/v1/access-requests/{asked}").json()["masked"]
    loan = reader.post("/api/v1/access-requests", json=body | {"kind": "loan"})
    assert (loan.status_code, "Paper" in loan.text) == (422, True)
    with desk.kernel.database.write() as session:
        row = session.get_one(AccessRequest, asked)
        given = requests._grant(session, row)
        assert given is not None and not given.unmasked
    assert reader.get(f"/api/v1/items/{item}").json()["masked"]


def test_the_page_of_an_item_uncovers_one_value(desk, item):
    with desk.kernel.database.write() as session:
        person = accounts.add_person(session, "掩码读者", Role.STAFF, password=PASSWORD)
        token = accounts.issue_token(session, person)
    api = TestClient(desk.app, headers={"Authorization": f"Bearer {token}"})
    grant(desk, api, item, unmasked=False)
    visitor = desk.client()
    visitor.headers["Origin"] = "http://testserver"
    assert visitor.post("/sign-in", data={"name": "掩码读者", "password": PASSWORD}).status_code == 200
    page = visitor.get(f"/items/{item}").text
    field = api.get(f"/api/v1/items/{item}").json()["fields"]["phone"][0]["id"]
    assert 'id="masked-grant"' in page and f"/items/{item}/fields/{field}/reveal" in page and PHONE not in page
    opened = visitor.post(f"/items/{item}/fields/{field}/reveal", data={"reason": "回访"})
    assert opened.status_code == 200 and PHONE in opened.text and ID not in opened.text
    assert PHONE not in visitor.get(f"/items/{item}").text, "it was in that answer alone"
