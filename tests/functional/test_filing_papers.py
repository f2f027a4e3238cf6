"""What filing prints and lists: catalogue, forms, labels, the register of numbers."""

import io

import openpyxl
import pypdfium2
import pytest

from services.kernel.model import Role
from services.kernel.policy import model
from tests.desk import Desk, TestClient, created, ok

CONTRACT = "商品房买卖合同\n合同编号：HT-2024-0001\n买受人：张伟\n签订日期：2024年5月6日"
PLAIN = "关于办公用品管理的通知"


@pytest.fixture
def clerk(desk: Desk) -> TestClient:
    return desk.client(Role.CLERK)


def text_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    return "\n".join(page.get_textpage().get_text_range() for page in document)


# ── the catalogue ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_rule_05_the_catalogue_lists_in_the_order_of_the_numbers(desk, clerk):
    items = [desk.archived(clerk, f"{PLAIN} {number}") for number in range(3)]
    shown = ok(clerk.get("/api/v1/filings/catalogue", params={"limit": 2}))
    assert [row["item_id"] for row in shown["items"]] == items[:2]
    assert [row["number"] for row in shown["items"]] == [1, 2]
    rest = ok(clerk.get("/api/v1/filings/catalogue", params={"limit": 2, "cursor": shown["next"]}))
    assert [(row["number"], row["item_id"]) for row in rest["items"]] == [(3, items[2])] and rest["next"] is None
    assert {row["reference_code"][-4:] for row in (*shown["items"], *rest["items"])} == {"0001", "0002", "0003"}
    waiting = desk.item(clerk, f"{PLAIN} 未归档")
    assert waiting not in str(ok(clerk.get("/api/v1/filings/catalogue")))


def test_rule_05_the_catalogue_as_workbook_and_on_paper_says_the_same(desk, clerk):
    desk.archived(clerk, CONTRACT)
    rows = ok(desk.signer.get("/api/v1/filings/catalogue"))["items"]
    answer = desk.signer.get("/api/v1/filings/catalogue.xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    lines = list(sheet.iter_rows(values_only=True))
    assert lines[0] == ("序号", "档号", "题名", "类别", "收件日期", "页数", "保管期限")
    assert [(line[1], line[2]) for line in lines[1:]] == [(row["reference_code"], row["title"]) for row in rows]
    paper = text_of(desk.signer.get("/api/v1/filings/catalogue.pdf").content)
    assert "档案目录" in paper and all(row["reference_code"] in paper for row in rows)
    assert "共 3 件" in paper
    assert "张伟" not in paper + str(lines) + str(rows), "archived: masked for whom no grant opens it"
    assert "张*" in str(rows)
    assert desk.ledger("catalogue.export")[-1].actor == desk.signer.get("/api/v1/me").json()["id"]


def test_a_title_is_never_a_formula(desk, clerk):
    item = desk.item(clerk, PLAIN)
    body = {"what": "title", "value": "=HYPERLINK(1)"}
    created(clerk.post(f"/api/v1/filings/items/{item}/corrections", json=body))
    form = desk.submitted(clerk, item)
    ok(desk.signer.post(f"/api/v1/filings/{form}/signature", json={"approves": True}))
    sheet = openpyxl.load_workbook(io.BytesIO(clerk.get("/api/v1/filings/catalogue.xlsx").content)).active
    assert (sheet["C2"].value, sheet["C2"].data_type) == ("=HYPERLINK(1)", "s")


@pytest.mark.parametrize("role", [Role.STAFF, Role.DEPARTMENT_HEAD, Role.COMPANY_LEADER, Role.ADMIN, Role.AUDITOR])
def test_rule_10_no_bulk_export_for_sales_staff(desk, clerk, role):
    desk.archived(clerk, PLAIN)
    for what in ("catalogue", "catalogue.xlsx", "catalogue.pdf"):
        assert desk.client(role).get(f"/api/v1/filings/{what}").status_code == 403


def test_another_clerk_s_catalogue_is_empty(desk, clerk):
    desk.archived(clerk, PLAIN)
    assert ok(desk.client(Role.CLERK).get("/api/v1/filings/catalogue"))["items"] == []


# ── forms and labels ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_rule_07_the_form_is_printed_with_its_people(desk, clerk):
    form = desk.submitted(clerk, desk.item(clerk, PLAIN))
    ok(desk.signer.post(f"/api/v1/filings/{form}/signature", json={"approves": True}))
    shown = ok(clerk.get(f"/api/v1/filings/{form}"))
    paper = text_of(clerk.get(f"/api/v1/filings/{form}/form.pdf").content)
    for words in ("归档登记表", shown["number"], shown["lines"][0]["reference_code"], "归档负责人签字"):
        assert words in paper
    for client in (clerk, desk.checker, desk.signer):
        assert client.get("/api/v1/me").json()["name"] in paper.replace("\r\n", "").replace("\n", "")


def test_rule_06_a_label_says_name_number_and_period(desk, clerk):
    item = desk.archived(clerk, PLAIN)
    answer = clerk.post("/api/v1/filings/labels", json={"item_ids": [item]})
    code = ok(clerk.get(f"/api/v1/items/{item}"))["reference_code"]
    paper = text_of(answer.content)
    assert "保管期限 10年" in paper and code in paper and "其他文件" in paper
    assert ok(clerk.get("/api/v1/filings/relabelling"))["tasks"] == []


def test_a_label_carries_a_code_that_a_scanner_reads(desk, clerk):
    import zxingcpp

    item = desk.archived(clerk, PLAIN)
    pdf = clerk.post("/api/v1/filings/labels", json={"item_ids": [item]}).content
    picture = pypdfium2.PdfDocument(pdf)[0].render(scale=2).to_pil()
    assert [code.text for code in zxingcpp.read_barcodes(picture)] == [f"muniment:item:{item}"]


def test_rule_06_a_change_of_retention_class_raises_a_relabelling_task(desk, clerk):
    item = desk.archived(clerk, PLAIN)
    other = desk.archived(clerk, f"{PLAIN} 又一件")
    clerk.post("/api/v1/filings/labels", json={"item_ids": [item, other]})
    changed = model.to_yaml(model.default()).replace(
        "title: 其他文件\n      category: QT\n      period: D10", "title: 其他文件\n      category: QT\n      period: Y"
    )
    number = created(desk.signer.post("/api/v1/policy/versions", json={"body": changed, "reason": "永久保管"}))["number"]
    ok(desk.client(Role.COMPANY_LEADER).post(f"/api/v1/policy/versions/{number}/decision", json={"approves": True}))
    tasks = ok(clerk.get("/api/v1/filings/relabelling"))["tasks"]
    assert {task["item_id"] for task in tasks} == {item, other}
    assert (tasks[0]["printed"]["period"], tasks[0]["wanted"]["period"]) == ("D10", "Y")
    clerk.post("/api/v1/filings/labels", json={"item_ids": [item]})
    assert [task["item_id"] for task in ok(clerk.get("/api/v1/filings/relabelling"))["tasks"]] == [other]


def test_a_draft_gets_no_label(desk, clerk):
    assert clerk.post("/api/v1/filings/labels", json={"item_ids": [desk.item(clerk, PLAIN)]}).status_code == 409


# ── numbers ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_rule_05_numbers_are_unique_and_every_gap_is_explained(desk, clerk):
    first = desk.item(clerk, CONTRACT)
    body = {"what": "type", "value": "lease_contract"}
    created(clerk.post(f"/api/v1/filings/items/{first}/corrections", json=body))
    desk.item(clerk, f"{CONTRACT}\n第二份")
    keeper = desk.signer
    request = {"type": "sale_contract", "year": 2024, "count": 2, "reason": "待补交的合同"}
    reserved = [each["code"] for each in created(keeper.post("/api/v1/filings/numbers/reservations", json=request))["numbers"]]
    assert reserved == ["M001-HT·2024-D30-0003", "M001-HT·2024-D30-0004"]
    ok(keeper.post("/api/v1/filings/numbers/voids", json={"code": reserved[0], "reason": "合同未签"}))
    assert keeper.post("/api/v1/filings/numbers/voids", json={"code": reserved[0], "reason": "再来"}).status_code == 409
    third = desk.item(clerk, f"{CONTRACT}\n第三份")
    ok(keeper.post(f"/api/v1/filings/items/{third}/number", json={"code": reserved[1]}))
    listed = ok(keeper.get("/api/v1/filings/numbers", params={"series": "M001-HT·2024-D30"}))["numbers"]
    assert [(each["number"], each["state"]) for each in listed] == [
        (1, "void"),
        (2, "draft"),
        (3, "void"),
        (4, "draft"),
        (5, "void"),
    ]
    assert all(each["reason"] for each in listed if each["state"] == "void")
    audited = {each["series"]: each for each in ok(keeper.get("/api/v1/filings/numbers/gaps"))["series"]}
    assert all(each["unexplained"] == [] for each in audited.values())
    assert audited["M001-HT·2024-D30"]["last"] == 5


def test_a_number_that_vanished_is_found(desk, clerk):
    from services.filing.numbers.tables import ReferenceNumber

    for number in range(2):
        desk.item(clerk, f"{PLAIN} {number}")
    with desk.kernel.database.write() as session:
        entry = session.query(ReferenceNumber).filter_by(number=1).one()
        series = entry.series
        session.delete(entry)
    audited = {each["series"]: each for each in ok(desk.signer.get("/api/v1/filings/numbers/gaps"))["series"]}
    assert audited[series]["unexplained"] == [1]


def test_a_number_is_final_once_signed(desk, clerk):
    item = desk.archived(clerk, PLAIN)
    assert not ok(clerk.get(f"/api/v1/items/{item}"))["reference_code_draft"]
    listed = ok(desk.signer.get("/api/v1/filings/numbers/gaps"))["series"]
    assert listed[0]["states"] == {"final": 1}
