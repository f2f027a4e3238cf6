"""What the catalogue is asked of all items says the same as what the schedule says of one, whatever was recorded."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from services.kernel.model import ItemState
from services.kernel.policy import model
from services.kernel.policy.model import RetentionRule
from services.kernel.tables import Item
from services.retention import conditions, facts
from services.retention.batches.tables import RetentionExtension
from tests.desk import Desk
from tests.papers import Papers

DAY = date(2024, 2, 29)
TYPES = ("sale_contract", "lease_contract", "id_card", "complaint_record", "other", "unheard_of", None)
RULES = {
    "sale_contract": RetentionRule(triggers=("delivered_on", "price_settled_on"), years=2, floor=1, ceiling_days=200),
    "lease": RetentionRule(triggers=("lease_ended_on",), days=400),
    "identity_copy": RetentionRule(triggers=("lease_ended_on", "delivered_on"), years=1, floor=1, every_file=True),
    "complaint": RetentionRule(triggers=("case_closed_on",), years=4, ceiling_days=30, floor=2),
    "internal_paper": RetentionRule(triggers=("case_closed_on",), years=None, ceiling_days=100),
}
TRIGGERS = sorted({name for rule in RULES.values() for name in rule.triggers} | {"consent_withdrawn_on"})


def policy():
    whole = model.default()
    return whole.model_copy(update={"retention": dict(whole.retention) | RULES})


def some_day(chance: random.Random) -> date:
    """Around the days on which a period of years, or of days, is just over; seldom long before or after."""
    back = chance.choice([0, 30, 100, 200, 365, 366, 400, 730, 731, 1461, 1461, 3000, 3000])
    return DAY - timedelta(days=back + chance.randint(-2, 2))


def fill(papers: Papers, chance: random.Random, count: int) -> None:
    items = [papers.item(chance.choice(TYPES)) for _ in range(count)]
    files = [papers.file(*chance.sample(items, chance.randint(1, 4))) for _ in range(count // 3)]
    for target in (*items, *files):
        where = {"file": target} if target in files else {"item": target}
        for name in chance.sample(TRIGGERS, chance.randint(1, 5)):
            papers.event(name, some_day(chance), **where)
    for item in chance.sample(items, count // 3):
        papers.value(item, "birthday_wishes", "蛋糕")
        papers.event("consent_withdrawn_on", some_day(chance), item=item)
    with papers.desk.kernel.database.write() as session:
        for item in chance.sample(items, count // 8):
            until = DAY + timedelta(days=chance.choice([-1, 0, 1]))
            session.add(RetentionExtension(item_id=item, until=until, by_id=papers.owner, reason_sealed=b""))
        follows = conditions.class_by_type(policy())
        session.execute(update(Item).values(retention_class=follows), execution_options={"synchronize_session": False})
        for column, value in (("holds", 1), ("retention_class", "lease"), ("retention_class", "no_such_class")):
            some = chance.sample(items, count // 10)
            session.execute(update(Item).where(Item.id.in_(some)).values({column: value}))


@pytest.mark.parametrize("seed", range(4))
def test_one_by_one_and_all_at_once_agree(desk: Desk, seed):
    chance = random.Random(seed)
    papers = Papers(desk)
    fill(papers, chance, 60)
    with desk.kernel.database.read() as session:
        follows = conditions.followed()
        query = select(
            Item,
            conditions.due(policy(), DAY, follows).label("due"),
            conditions.restricted(policy(), DAY, follows).label("restrict"),
        )
        rows = session.execute(query.where(Item.state == ItemState.ARCHIVED)).all()
        judged = facts.assessed(session, policy(), [row.Item for row in rows])
        told = {row.Item.id: (bool(row.due), bool(row.restrict)) for row in rows}
        assert told == {each: (one.is_due(DAY), one.is_restricted(DAY)) for each, one in judged.items()}
    kinds = set(told.values())
    assert {(True, False), (False, True), (False, False)} <= kinds, "all kinds were there to be told apart"
