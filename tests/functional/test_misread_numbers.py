"""Hard case 9: an ID number that was misread. A check digit that fails is told; two errors may pass it, so nobody is joined to
anybody by what only the program has read; and each of the forms in which a number is lawfully written is that number."""

from __future__ import annotations

import pytest

from services.kernel.model import Role
from services.kernel.policy.lookup import id_check_digit
from tests.desk import Desk, TestClient, created, ok
from tests.functional.test_case_files import confirm, join, parties
from tests.functional.test_corrections import correct, present

NUMBER = "11010519491231002X"
"""The example of GB 11643."""


@pytest.fixture
def clerk(desk: Desk) -> TestClient:
    return desk.client(Role.CLERK)


def card(desk: Desk, clerk: TestClient, number: str, label: str = "公民身份号码") -> str:
    return desk.item(clerk, f"居民身份证\n姓名 张伟\n{label} {number}")


def found(client: TestClient, number: str) -> list[str]:
    hits = ok(client.get("/api/v1/search", params={"q": f"id_number:{number}"}))["hits"]
    return [hit["item_id"] for hit in hits]


@pytest.mark.parametrize("wrong", ["110105194912310021", "11010519491231003X"])
def test_hard_case_9_a_failing_check_is_told_and_waits_for_a_person(desk, clerk, wrong):
    """The check digit wrong, and a digit before it."""
    item = card(desk, clerk, wrong)
    (read,) = present(clerk, item, "id_number")
    assert (read["check"], read["verification"]) == ("failed", "read")
    desk.checked(item)
    refused = desk.checker.post("/api/v1/filings/catalogued", json={"item_ids": [item]})
    assert refused.status_code == 409 and "id_number" in refused.json()["detail"]
    created(correct(clerk, item, field="id_number", replaces=read["id"], value=NUMBER, page=1))
    ok(desk.checker.post("/api/v1/filings/catalogued", json={"item_ids": [item]}))
    desk.work()
    assert found(clerk, NUMBER) == [item]


def test_hard_case_9_two_errors_may_pass_and_still_join_nobody(desk, clerk):
    """Of somebody else's number that passes, and of the right one, the program suggests and a person decides."""
    twice = next(body + id_check_digit(body) for body in (f"1101051949123{n:04}" for n in range(1000, 1100)))
    assert twice[-1] == id_check_digit(twice[:17]) and twice != NUMBER
    items = [card(desk, clerk, each) for each in (NUMBER, twice, NUMBER + " ")]
    assert [present(clerk, item, "id_number")[0]["check"] for item in items] == ["ok"] * 3
    file = desk.case_file(clerk, "sale", *items)
    named = parties(clerk, file)
    assert {party["subject_id"] for party in named.values()} == {None}, "three cards, three persons"
    suggested = ok(clerk.get(f"/api/v1/parties/{named[items[0]]['id']}/suggestions"))["suggestions"]
    why = {each["id"]: each["why"] for each in suggested}
    assert why[named[items[2]]["id"]] == "identifier" and why[named[items[1]]["id"]] == "name"
    assert join(clerk, named[items[0]], named[items[2]]).status_code == 409, "nobody has vouched for either"
    ok(confirm(clerk, named[items[0]]))
    assert join(clerk, named[items[0]], named[items[2]]).status_code == 409, "nor for both"


@pytest.mark.parametrize(
    "written",
    [
        "11O105194912310O2X",
        "110105I9491231002x",
        "１１０１０５１９４９１２３１００２Ｘ",
        "11010519491231002ｘ",
        "110105 19491231 002X",
    ],
    ids=["O for 0", "I for 1", "full width", "full-width x", "spaced"],
)
def test_hard_case_9_one_number_however_it_is_written(desk, clerk, written):
    item = card(desk, clerk, written)
    (read,) = present(clerk, item, "id_number")
    assert (read["value"], read["check"]) == (NUMBER, "ok")
    assert found(clerk, NUMBER) == [item]


def test_hard_case_9_fifteen_digits_are_the_same_person_s(desk, clerk):
    item = card(desk, clerk, "110105491231002")
    assert found(clerk, NUMBER) == [item] and found(clerk, "110105491231002") == [item]


@pytest.mark.parametrize(
    ("label", "number"),
    [("护照号码", "E12345678"), ("港澳居民来往内地通行证号码", "H1234567890"), ("台湾居民来往大陆通行证号码", "12345678")],
)
def test_hard_case_9_papers_from_elsewhere_are_no_failed_numbers(desk, clerk, label, number):
    """They have no check digit, so nothing fails, and nothing is joined by them either."""
    items = [card(desk, clerk, number, label) for _ in range(1)] + [desk.item(clerk, f"护照\n姓名 张伟\n{label} {number}")]
    for item in items:
        assert all(each["check"] != "failed" for each in present(clerk, item, "id_number"))
    named = parties(clerk, desk.case_file(clerk, "sale", *items))
    assert {party["subject_id"] for party in named.values()} <= {None}
