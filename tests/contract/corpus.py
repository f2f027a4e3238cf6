"""A generated archive and generated questions: invented people, contracts as OCR reads them, the whole query language."""

import random
from datetime import UTC, date, datetime, timedelta

from services.kernel.policy.lookup import LookupKeys, id_check_digit
from services.search.index.port import Filters, IndexDocument, IndexPage, Scope

KEYS = LookupKeys(bytes(range(32)))
SURNAMES = "张王李赵陈欧𠮷"
GIVEN = "伟娜芳敏静强磊小红建国"
TYPES = ("sale_contract", "lease_contract", "invoice", "payment_voucher")
WORDS = [
    "合同",
    "买卖合同",
    "房屋",
    "付款",
    "交付",
    "违约责任",
    "产权",
    "登记",
    "物业",
    "押金",
    "租赁",
    "面积",
    "㎡",
    "PDF",
    "Abc",
    "ト-ン",
    "〇一",
    "二○二四年",
    "é",
]
STATES = ("ARCHIVED", "CATALOGUED")
BUSINESS = ("购房", "租赁", "")


def box(row: int):
    top = 100 + 60 * row
    return ((100, top), (2300, top), (2300, top + 40), (100, top + 40))


def person(rnd: random.Random) -> str:
    return rnd.choice(SURNAMES) + "".join(rnd.choices(GIVEN, k=rnd.randint(1, 2)))


def id_number(rnd: random.Random) -> str:
    body = f"110105{rnd.randint(1950, 2005)}{rnd.randint(1, 12):02d}{rnd.randint(1, 28):02d}{rnd.randint(0, 999):03d}"
    return body + id_check_digit(body)


def phone(rnd: random.Random) -> str:
    return f"13{rnd.randint(0, 99999):09d}"


def wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def spaced(rnd: random.Random, text: str) -> str:
    return "".join(c + (" " if rnd.random() < 0.3 else "") for c in text)


def line(rnd: random.Random, name: str, number: str, mobile: str, identity: str) -> str:
    kind = rnd.random()
    if kind < 0.15:
        return rnd.choice(["买受人：", "甲方:"]) + spaced(rnd, name)
    if kind < 0.3:
        return f"合同编号：{rnd.choice([number, wide(number), number.lower()])}"
    if kind < 0.36:
        return f"联系电话 {mobile[:3]} {mobile[3:7]} {mobile[7:]}"
    if kind < 0.42:
        return f"身份证号：{rnd.choice([identity, wide(identity)])}"
    if kind < 0.55:
        return f"金额 ¥{rnd.randint(1, 9):,},{rnd.randint(0, 2) * 111:03d},{rnd.randint(0, 2) * 100:03d}.00 元"
    text = "".join(rnd.choice(WORDS) + rnd.choice(["", "", "，", " ", "。", "/"]) for _ in range(rnd.randint(1, 5)))
    return spaced(rnd, text) if rnd.random() < 0.4 else text


def document(rnd: random.Random, index: int) -> IndexDocument:
    names = tuple({person(rnd) for _ in range(rnd.randint(1, 2))})
    number = f"{rnd.choice(['GF', 'HT', 'ZL'])}-{rnd.randint(2022, 2025)}-{rnd.randint(1, 400):05d}"
    mobile, identity = phone(rnd), id_number(rnd)
    pages = tuple(
        IndexPage(
            page, tuple((line(rnd, rnd.choice(names), number, mobile, identity), box(row)) for row in range(rnd.randint(0, 5)))
        )
        for page in range(1, rnd.randint(2, 5))
    )
    cents = rnd.randint(1, 50) * 1000000
    return IndexDocument(
        item_id=f"item-{rnd.randint(0, 9999):04d}-{index:04d}",
        owner_id=f"person-{rnd.randint(1, 4)}",
        department=rnd.choice(["销售部", "财务部", ""]),
        reference_code=f"Z109-WS·2024-Y-BGS-{index:04d}",
        type=rnd.choice(TYPES),
        title=f"{names[0]}{rnd.choice(['买卖合同', '租赁合同', '收据'])}",
        state=rnd.choice(STATES),
        received_at=datetime(2023, 12, 20, 15, 59, tzinfo=UTC) + timedelta(hours=rnd.randint(0, 600)),
        customer_type=rnd.choice(["个人", "企业"]),
        business_type=rnd.choice(BUSINESS),
        dates=tuple(date(2024, rnd.randint(1, 12), rnd.randint(1, 28)) for _ in range(rnd.randint(0, 2))),
        amounts=(cents,) if rnd.random() < 0.7 else (),
        pages=pages,
        names=names,
        fields={"party_buyer": list(names), "contract_number": [number], "amount": [f"{cents / 100:.2f}"], "phone": [mobile]},
        lookups={"phone": [KEYS.digest("phone", mobile)], "id_number": [KEYS.digest("id_number", identity)]},
    )


def documents(seed: int, count: int) -> list[IndexDocument]:
    rnd = random.Random(seed)
    return [document(rnd, index) for index in range(count)]


def fragment(rnd: random.Random, archive: list[IndexDocument]) -> str:
    """A stretch of what is really written somewhere, across line breaks too."""
    pages = [page for page in rnd.choice(archive).pages if page.lines]
    if not pages:
        return "合同"
    text = "\n".join(text for text, _ in rnd.choice(pages).lines)
    start = rnd.randrange(len(text))
    return text[start : start + rnd.choice([1, 1, 2, 2, 3, 4, 6, 12])]


def word(rnd: random.Random, archive: list[IndexDocument]) -> str:
    picked = rnd.choice(archive)
    number = picked.fields["contract_number"][0]
    start = rnd.randrange(len(number) - 2)
    options = [
        rnd.choice(picked.names),
        rnd.choice(SURNAMES + GIVEN),
        number,
        number[start : start + rnd.randint(2, 7)].strip("-") or "0",
        wide(number),
        rnd.choice(WORDS),
        picked.reference_code[-4:],
        picked.fields["phone"][0],
        str(rnd.randint(1, 9)),
        f'"{fragment(rnd, archive)}"'.replace("\n", " "),
        "“" + fragment(rnd, archive).replace('"', "") + "”",
        f"name:{rnd.choice(picked.names)}",
        f"contract_number:{number[-5:]}",
        f"合同编号：{number[:7]}",
        f"type:{rnd.choice(TYPES)}",
        f"state:{rnd.choice(STATES)}",
        f"customer_type:{rnd.choice(['个人', '企业'])}",
        f"title:{picked.title[-2:]}",
        f"text:{rnd.choice(WORDS[:11])}",
        f"phone:{picked.fields['phone'][0]}",
        f"amount:{picked.fields['amount'][0]}",
        f"party_buyer:({picked.names[0]} OR {rnd.choice(SURNAMES)})",
    ]
    return rnd.choice(options)


def query(rnd: random.Random, archive: list[IndexDocument], depth: int = 2) -> str:
    kind = rnd.random()
    if depth == 0 or kind < 0.4:
        return word(rnd, archive)
    left, right = query(rnd, archive, depth - 1), query(rnd, archive, depth - 1)
    if kind < 0.55:
        return f"{left} {right}"
    if kind < 0.65:
        return f"{left} AND {right}"
    if kind < 0.8:
        return f"{left} OR {right}"
    if kind < 0.9:
        return f"{left} {rnd.choice(['-', 'NOT ', '－'])}({right})"
    return rnd.choice([f"({left} OR {right}) {word(rnd, archive)}", f"（{left}） OR -{word(rnd, archive)}", f"NOT ({left})"])


def scope(rnd: random.Random) -> Scope:
    return rnd.choice(
        [
            Scope(everything=True),
            Scope(everything=True),
            Scope(owners=frozenset({"person-1"})),
            Scope(owners=frozenset({"person-2"}), departments=frozenset({"销售部"})),
            Scope(departments=frozenset({"财务部"})),
            Scope(),
        ]
    )


def filters(rnd: random.Random) -> Filters:
    if rnd.random() < 0.5:
        return Filters()
    return Filters(
        types=rnd.choice([(), (), TYPES[:2]]),
        states=rnd.choice([(), (), STATES[:1]]),
        departments=rnd.choice([(), (), ("销售部",)]),
        business_types=rnd.choice([(), (), ("购房", "租赁")]),
        customer_types=rnd.choice([(), (), ("个人",)]),
        date_from=rnd.choice([None, None, date(2024, 3, 1)]),
        date_to=rnd.choice([None, None, date(2024, 9, 30)]),
        amount_min=rnd.choice([None, None, 10_000_000]),
        amount_max=rnd.choice([None, None, 30_000_000]),
    )
