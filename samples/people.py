"""Invented people, companies, bank accounts, money and dates for sample paper.

Nobody here exists. The numbers are well-formed all the same, because a reader must be able to check them: ID numbers
follow GB 11643 (area, birth date, sex parity, check digit), credit codes follow GB 32100 over an organisation code of
GB 11714, bank cards end in a Luhn digit. Everything is drawn from the ``random.Random`` that is passed in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from stdnum import luhn
from stdnum.cn import ric, uscc

# Division code of GB/T 2260, city, district, roads. Only codes that kept their meaning, so that any birth year fits.
AREAS = (
    ("110105", "北京市", "朝阳区"),
    ("110108", "北京市", "海淀区"),
    ("310104", "上海市", "徐汇区"),
    ("120103", "天津市", "河西区"),
    ("440106", "广州市", "天河区"),
    ("330106", "杭州市", "西湖区"),
    ("320106", "南京市", "鼓楼区"),
    ("420106", "武汉市", "武昌区"),
    ("610113", "西安市", "雁塔区"),
    ("370202", "青岛市", "市南区"),
    ("350203", "厦门市", "思明区"),
    ("210202", "大连市", "中山区"),
    ("410105", "郑州市", "金水区"),
    ("530102", "昆明市", "五华区"),
    ("520103", "贵阳市", "云岩区"),
    ("230103", "哈尔滨市", "南岗区"),
)
PROVINCES = dict(zip((code[:2] for code, _, _ in AREAS), "京京沪津粤浙苏鄂陕鲁闽辽豫云黔黑", strict=True))
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎"
DOUBLE_SURNAMES = ("欧阳", "司马", "上官", "诸葛")
MALE_GIVEN = "伟强磊军勇杰涛明超刚平辉鹏华飞鑫波斌宇浩凯健俊帆志文博海峰云龙建国庆东"
FEMALE_GIVEN = "芳娜敏静丽艳娟霞秀英燕玲桂兰雪梅琳洁慧婷颖莹萍红玉倩悦蓉琴欣怡佳思雨"
ETHNICITIES = ("汉",) * 14 + ("回", "满", "壮", "苗", "土家", "彝")
ROADS = (
    "望江路", "清河街", "文昌路", "学府大道", "梧桐巷", "滨湖路",
    "青石街", "解放路", "和平里", "金桥路", "芙蓉路", "紫荆大道",
)  # fmt: skip
ESTATES = ("澜庭花园", "云栖雅苑", "锦绣江南", "御景湾", "翠屏山庄", "星河国际", "和悦府", "观澜郡", "枫林绿洲", "书香门第")
BRANDS = ("启泽", "澜湾", "恒岳", "盛禾", "嘉铭源", "远澄", "鸿屹", "安陆", "瑞川", "坤朗", "泰禹", "宏睦")
TRADES = (
    "房地产开发有限公司", "置业有限公司", "房地产经纪有限公司", "物业服务有限公司",
    "商业管理有限公司", "建设工程有限公司", "投资管理有限公司",
)  # fmt: skip
BANKS = ("临江商业银行", "云岭农村商业银行", "东平城市银行", "海陵银行", "华昀银行")
CREDIT_CODE_ORGANISATION = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@dataclass(frozen=True, slots=True)
class Person:
    """A natural person. ``gender`` is 男 or 女, as printed on the card."""

    name: str
    gender: str
    ethnicity: str
    birth_date: date
    id_number: str
    phone: str
    address: str
    area: tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Company:
    """A legal person with its 统一社会信用代码 and its account of deposit."""

    name: str
    credit_code: str
    representative: str
    address: str
    phone: str
    bank: str
    account: str
    city: str


@dataclass(frozen=True, slots=True)
class Unit:
    """A flat (房屋): where it lies and its areas in square metres, two decimals, as strings."""

    code: str
    city: str
    district: str
    road: str
    estate: str
    building: int
    section: int
    room: str
    gross: str
    inner: str

    @property
    def province(self) -> str:
        """The province's one-character name, as certificates begin with it."""
        return PROVINCES[self.code[:2]]

    @property
    def short(self) -> str:
        return f"{self.estate}{self.building}幢{self.section}单元{self.room}室"

    @property
    def full(self) -> str:
        return f"{self.city}{self.district}{self.road}{self.short}"


def day(rng: Random, first: date, last: date) -> date:
    """A day from ``first`` to ``last``, both included."""
    return first + timedelta(days=rng.randrange((last - first).days + 1))


def id_number(rng: Random, area: str, birth: date, gender: str) -> str:
    """A GB 11643 number: area, birth date, order code (odd for men), check digit."""
    order = rng.randrange(1, 499) * 2 + (1 if gender == "男" else 0)
    body = f"{area}{birth:%Y%m%d}{order:03d}"
    return body + str(ric.calc_check_digit(body + "0"))


def credit_code(rng: Random, area: str) -> str:
    """A GB 32100 code of an enterprise (91), its organisation code with its own GB 11714 check character."""
    organisation = "MA" + "".join(rng.choice(CREDIT_CODE_ORGANISATION) for _ in range(6))
    values = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    weighted = sum(values.index(c) * w for c, w in zip(organisation, (3, 7, 9, 10, 5, 8, 4, 2), strict=True))
    body = f"91{area}{organisation}{'0123456789X'[-weighted % 11]}"
    return body + str(uscc.calc_check_digit(body))


def phone(rng: Random) -> str:
    return rng.choice(("130", "133", "136", "138", "139", "150", "158", "177", "186", "189", "199")) + digits(rng, 8)


def landline(rng: Random) -> str:
    return f"0{rng.choice('1237')}{rng.randrange(10, 99)}-{rng.randrange(3, 9)}{digits(rng, 6)}"


def digits(rng: Random, count: int) -> str:
    return "".join(rng.choice("0123456789") for _ in range(count))


def bank_card(rng: Random) -> str:
    """A 19-digit card number that ends in its Luhn digit."""
    body = "62" + digits(rng, 16)
    return body + str(luhn.calc_check_digit(body))


def person(rng: Random, name: str | None = None, gender: str | None = None) -> Person:
    """Someone grown up; with ``name`` that name is kept and the rest invented."""
    gender = gender or rng.choice("男女")
    area = rng.choice(AREAS)
    birth = day(rng, date(1955, 1, 1), date(2002, 12, 31))
    invented = _name(rng, gender)
    return Person(
        name=name or invented,
        gender=gender,
        ethnicity=rng.choice(ETHNICITIES),
        birth_date=birth,
        id_number=id_number(rng, area[0], birth, gender),
        phone=phone(rng),
        address=home(rng, area),
        area=area,
    )


def relative(rng: Random, head: Person, gender: str, born: tuple[date, date], *, kin: bool = True) -> Person:
    """Another member of the household of ``head``: same area and address, and the same surname when of ``kin``."""
    birth = day(rng, *born)
    other = person(rng, gender=gender)
    number = id_number(rng, head.area[0], birth, gender)
    name = _surname(head.name) + other.name.removeprefix(_surname(other.name)) if kin else other.name
    return replace(other, name=name, birth_date=birth, id_number=number, address=head.address, area=head.area)


def home(rng: Random, area: tuple[str, str, str]) -> str:
    tail = f"{rng.randrange(1, 30)}号楼{rng.randrange(1, 5)}单元{rng.randrange(1, 28)}0{rng.randrange(1, 5)}室"
    return f"{area[1]}{area[2]}{rng.choice(ROADS)}{rng.randrange(1, 400)}号{tail}"


def _surname(name: str) -> str:
    return name[:2] if name.startswith(DOUBLE_SURNAMES) else name[:1]


def _name(rng: Random, gender: str) -> str:
    surname = rng.choice(DOUBLE_SURNAMES) if rng.random() < 0.03 else rng.choice(SURNAMES)
    given = rng.sample(MALE_GIVEN if gender == "男" else FEMALE_GIVEN, 2 if rng.random() < 0.7 else 1)
    return surname + "".join(given)


def company(rng: Random, trade: str | None = None) -> Company:
    area = rng.choice(AREAS)
    return Company(
        name=f"{area[1].removesuffix('市')}{rng.choice(BRANDS)}{trade or rng.choice(TRADES)}",
        credit_code=credit_code(rng, area[0]),
        representative=_name(rng, rng.choice("男女")),
        address=f"{area[1]}{area[2]}{rng.choice(ROADS)}{rng.randrange(1, 400)}号{rng.randrange(3, 30)}层",
        phone=landline(rng),
        bank=f"{rng.choice(BANKS)}{area[1].removesuffix('市')}{area[2].removesuffix('区')}支行",
        account=digits(rng, 2) + "0" + digits(rng, 14),
        city=area[1],
    )


def unit(rng: Random) -> Unit:
    area = rng.choice(AREAS)
    gross = rng.randrange(4800, 18900)
    return Unit(
        code=area[0],
        city=area[1],
        district=area[2],
        road=f"{rng.choice(ROADS)}{rng.randrange(1, 400)}号",
        estate=rng.choice(ESTATES),
        building=rng.randrange(1, 24),
        section=rng.randrange(1, 4),
        room=f"{rng.randrange(1, 33)}{rng.randrange(1, 5):02d}",
        gross=f"{gross / 100:.2f}",
        inner=f"{gross * rng.uniform(0.74, 0.84) / 100:.2f}",
    )
