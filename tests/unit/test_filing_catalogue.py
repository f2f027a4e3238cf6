"""Cataloguing: titles, years, parties, and reference codes without gap or double."""

from datetime import date

import pytest

from services.filing import numbering
from services.filing.cataloguing import parties, title_of, year_of
from services.kernel.paper import DOCUMENT_TYPES, FieldReading
from services.kernel.policy import model
from services.kernel.tables import Counter
from tests.at_once import at_once

BOX = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
TYPES = model.default().taxonomy.types
SALE, LEASE = TYPES["sale_contract"], TYPES["lease_contract"]


def field(name: str, value: str, *, check: str = "none") -> FieldReading:
    return FieldReading(name, value, value, 1, BOX, 0.9, check)


def test_every_type_has_its_rule():
    assert set(TYPES) == set(DOCUMENT_TYPES)
    for rule in TYPES.values():
        assert rule.title and len(rule.category) == 2 and rule.period in ("Y", "D30", "D10")


# ── titles ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_title_is_type_customers_and_property():
    fields = [
        field("party_seller", "某某置业有限公司"),
        field("party_buyer", "张伟"),
        field("party_buyer", "李娜"),
        field("property_unit", "3幢1单元502室"),
    ]
    assert title_of(SALE, fields) == "商品房买卖合同 张伟、李娜 3幢1单元502室"


def test_what_is_not_known_is_left_out():
    assert title_of(SALE, []) == "商品房买卖合同"
    assert title_of(SALE, [field("property_unit", "502室")]) == "商品房买卖合同 502室"
    assert title_of(SALE, [field("party_seller", "某某置业")]) == "商品房买卖合同 某某置业"


def test_names_are_told_once_and_not_all():
    fields = [field("party_lessee", name) for name in ("张伟", "张伟", "李娜", "王芳", "刘洋")]
    assert title_of(LEASE, fields) == "房屋租赁合同 张伟、李娜"


@pytest.mark.parametrize(
    ("fields", "year"),
    [
        ([field("signed_on", "2024-05-06")], 2024),
        ([field("paid_on", "2023-01-02"), field("signed_on", "2024-05-06")], 2024),
        ([field("signed_on", "2024-02-30"), field("signed_on", "2022-02-03")], 2022),
        ([field("valid_until", "2099-01-01")], 2026),
        ([field("valid_from", "长期")], 2026),
        ([], 2026),
    ],
)
def test_the_year_is_that_of_the_document(fields, year):
    assert year_of(fields, 2026) == year


def test_each_party_once_in_each_role():
    fields = [field("party_buyer", "张伟"), field("payer", "张伟"), field("party_buyer", "张伟"), field("phone", "13800001234")]
    assert list(parties(fields)) == [("party_buyer", "张伟"), ("payer", "张伟")]


# ── numbers ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def code(database, rule=SALE, year=2024) -> str:
    with database.write() as session:
        return str(numbering.next_code(session, numbering.series_of("M001", rule, year)))


def test_the_form_of_the_standard(database):
    """DA/T 22-2015."""
    assert code(database) == "M001-HT·2024-D30-0001"


def test_series_count_apart(database):
    assert [code(database), code(database, LEASE), code(database, SALE, 2023), code(database)] == [
        "M001-HT·2024-D30-0001",
        "M001-HT·2024-D10-0001",
        "M001-HT·2023-D30-0001",
        "M001-HT·2024-D30-0002",
    ]


def test_a_number_that_was_not_kept_is_given_again(database):
    code(database)
    with pytest.raises(RuntimeError), database.write() as session:
        numbering.next_code(session, numbering.series_of("M001", SALE, 2024))
        raise RuntimeError
    assert code(database) == "M001-HT·2024-D30-0002"


def test_numbers_go_on_beyond_four_digits(database):
    with database.write() as session:
        session.add(Counter(series="M001-HT·2024-D30", last=9999))
    assert code(database) == "M001-HT·2024-D30-10000"


def test_many_at_once_get_unique_numbers_without_a_gap(database):
    def give() -> list[str]:
        return [code(database) for _ in range(15)]

    codes = [each for given in at_once(*[give] * 8) for each in given]
    assert sorted(codes) == [f"M001-HT·2024-D30-{number:04d}" for number in range(1, 121)]


def test_a_date_of_the_document_not_of_today_numbers_it(database):
    assert "·1998-" in code(database, SALE, date(1998, 1, 1).year)
