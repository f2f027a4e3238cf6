"""Names of people and organisations, cleaned of what a form prints around them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from services.ocr.fields.text import strip_edges

_ORGANISATION_ENDS = (
    "公司", "集团", "银行", "支行", "分行", "厂", "店", "中心", "合伙", "(有限合伙)", "(普通合伙)", "局", "院", "所", "社",
    "委员会", "协会", "学校", "大学", "医院", "工作室", "事务所", "商行", "经营部", "管理处", "办事处", "信用社", "政府",
    "大队", "支队", "总队", "基金", "项目部", "服务部", "派出所", "公安局", "分局",
)  # fmt: skip
_ORGANISATION = re.compile(
    rf"[\u4e00-\u9fff（）()A-Za-z0-9·&\s]*?(?:{'|'.join(map(re.escape, sorted(_ORGANISATION_ENDS, key=len, reverse=True)))})"
    r"(?![\u4e00-\u9fff]{2,})(?:\((?:有限合伙|普通合伙|特殊普通合伙)\))?"
)
_PERSON = re.compile(
    r"[\u3400-\u9fff]{2,4}|[\u3400-\u9fff]{1,8}(?:·[\u3400-\u9fff]{1,8}){1,3}|[A-Z][A-Za-z.'-]+(?: [A-Z][A-Za-z.'-]+)+"
)
_ROLE = r"(?:甲|乙|丙|丁|卖|买|出租|承租|出卖|买受|受让|转让|投资|委托|受托|融资|收款|付款)(?:方|人)"
_ASIDE = re.compile(
    rf"\((?:以下|下称|简称|{_ROLE}|签章|签字|签名|盖章|公章|章|印|手印|本人|先生|女士|男|女|身份证|共有|按份|占|份额|\d)[^()]*\)?"
)
_SHARE = re.compile(
    r"[,:]?\s*(?:占有?|份额|持有?|所占份额|共有份额|比例)?\s*(?:\d{1,3}(?:\.\d+)?\s*%|百分之[一二三四五六七八九十百]+|\d+/\d+)"
)
_BEFORE = re.compile(rf"^(?:{_ROLE}\s*[:)]|名称\s*:|姓名\s*:|\d{{1,2}}[.、)]|\(\d\)|[(\[]{_ROLE}[)\]]\s*:?)\s*")
_AFTER = re.compile(
    r"\s*(?:先生|女士|小姐|\[?(?:签章|签字|盖章|公章)\]?)$|\s*(?:身份证|证件|统一社会|联系|电话|地址|住址|国籍|法定).*$"
)
_EMPTY = re.compile(r"^(?:[/\\无空\-_ ]|不适用|见附件|详见)*$")
_APART = re.compile(r"\s*[、;,/]\s*|\s+(?=[\u3400-\u9fff]{2,})|(?<=[\u3400-\u9fff]{2})(?:和|与|及)(?=[\u3400-\u9fff]{2})")
_NOT_A_NAME = re.compile(
    r"[\d%:_]|^(?:签名|签字|盖章|签章|公章|姓名|名称|日期|年月日|电话|地址|授权|代表|经办|委托代理|法定代表|双方|任何|应当|本合同|身份|在|将|有权|无|自|为|按|已|应当|的|同意|确认|用途|房屋|租赁|合同)|(?:日期|年月|代表人|代理人|签字|盖章|签章|有限|应|的)$"
)


@dataclass(frozen=True, slots=True)
class Name:
    """A cleaned name found at ``[start, end)`` of the text."""

    value: str
    start: int
    end: int


def find_names(text: str) -> Iterator[Name]:
    """The people and organisations that a folded value names: 张伟（50%）、李娜（占50%） gives two, a company one.

    Blanks, ruled lines and words of the form itself are no names.
    """
    searched = _ASIDE.sub(lambda m: "、" + " " * (len(m.group()) - 1), text)
    searched = _SHARE.sub(lambda m: "、" + " " * (len(m.group()) - 1), searched)
    for start, end in _parts(searched):
        part = searched[start:end]
        value = clean_name(part)
        if is_name(value):
            at = text.find(value[0], start)
            last = text.rfind(value[-1], start, end)
            yield Name(value, at if at >= 0 else start, last + 1 if last >= 0 else end)


def clean_name(text: str) -> str:
    """Take off roles, asides and shares, and the spaces that justified print puts into Han names."""
    before = None
    text = strip_edges(text)
    while text != before:
        before = text
        text = strip_edges(_AFTER.sub("", _SHARE.sub("", _BEFORE.sub("", text))))
    return re.sub(r"(?<=[^\x00-\x7f])\s+|\s+(?=[^\x00-\x7f])", "", text)


def is_name(text: str) -> bool:
    """Whether a cleaned text is the name of a person or an organisation."""
    if not text or _EMPTY.match(text):
        return False
    if is_organisation(text):
        return True
    return bool(_PERSON.fullmatch(text)) and not _NOT_A_NAME.search(text)


def is_organisation(text: str) -> bool:
    """有限公司, 银行, 事务所, …: at least four characters that end as organisations do."""
    return len(text) >= 4 and bool(_ORGANISATION.fullmatch(text)) and ":" not in text


def _parts(text: str) -> Iterator[tuple[int, int]]:
    """Where the several names of a value lie; 和 and 与 part people, never the words of a company's name."""
    if is_organisation(clean_name(text)):
        yield 0, len(text)
        return
    if re.fullmatch(r"(?:[\u3400-\u9fff]\s+)+[\u3400-\u9fff]", text.strip()):
        yield 0, len(text)
        return
    start = 0
    for match in _APART.finditer(text):
        yield start, match.start()
        start = match.end()
    yield start, len(text)
