"""One parser for each kind of value: what the text after a label says, with its place and its check."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from services.kernel.paper import Check
from services.ocr.fields import dates, identifiers, money, parties
from services.ocr.fields.finder import Parsed
from services.ocr.fields.text import as_printed, close_han, fold, strip_edges

# a comma before one or two figures is a point whose tail was seen
_DECIMAL = re.compile(r"(?<![\d.,])(\d{1,3}(?:,\d{3})+(?:\.\d{1,4})?|\d{1,7}(?:[.。]\s?\d{1,4}|,\d{1,2})?)(?![\d])")
_AREA = re.compile(_DECIMAL.pattern + r"\s*(?:平方米|平米|m2|M2|m²)")
_NUMBERING = re.compile(r"[A-Za-z0-9\u4e00-\u9fff()\[\]#/.\-_年第号]{2,40}")
# A form that prints 佰拾万仟佰拾元角分 has its empty places struck out.
_EMPTY_PLACE = re.compile("[⊗⊕◎×⨂ⓧ]")
_LEADING_ZEROS = re.compile("^(?:零[亿仟佰拾万]?)+(?=[^零元角分])")
_MOSTLY = 0.7
_ALTERNATIVES = re.compile(
    r"\[([^\[\]]{1,4})\](?:\[[^\[\]]{1,4}\])*"
)  # 第3【幢】【座】 of the national form: the first is meant
_ID_SHAPE = re.compile(r"\d{6}(?:19|20)\d{2}[01]\d[0-3]\d\d{3}[\dX]")
# GB/T 3304-1991, longest first
_ETHNIC = re.compile(
    "乌孜别克|维吾尔|哈萨克|达斡尔|塔吉克|俄罗斯|鄂温克|塔塔尔|鄂伦春|柯尔克孜|蒙古|布依|朝鲜|土家|哈尼|傈僳|高山|拉祜|东乡|纳西|景颇|仫佬|"
    "布朗|撒拉|毛南|仡佬|锡伯|阿昌|普米|德昂|保安|裕固|独龙|赫哲|门巴|珞巴|基诺|汉|回|藏|苗|彝|壮|满|侗|瑶|白|傣|黎|佤|畲|水|土|羌|怒|京"
)


def figures(text: str, label: str) -> Sequence[Parsed]:
    """The first sum in figures; 万元 in the label counts where the value has no unit of its own."""
    sums = [one for one in money.find_figures(text) if one.marked or _stands_alone(text, one)]
    if not sums or text.rstrip()[-1:] in ",.":
        return ()
    first = next((one for one in sums if one.marked), sums[0])
    scale = 10**4 if "万元" in label and not re.search("[元万]", text[first.start : first.end + 1]) else 1
    return (Parsed(money.yuan(first.cents * scale), first.start, first.end),)


def words(text: str, _: str) -> Sequence[Parsed]:
    """A sum in capitals, kept as printed but for spaces and the forms of 元 and 叁. ``ok``: it is one well-formed sum, perhaps
    after a repair of characters that cannot stand in a sum; ``failed``: it is most of a sum, but not one.
    """
    text = _EMPTY_PLACE.sub("零", text)
    for one in money.find_words(text):
        if not money.WORDS_LETTER.search(text[: one.start]):
            value = money.usual(re.sub(r"\s", "", text[one.start : one.end]))
            return (Parsed(_LEADING_ZEROS.sub("", value), one.start, one.end, "ok"),)
        break
    broken = re.search(rf"{money.WORDS_LETTER.pattern}[^,。;:)¥\d]{{3,40}}", text)
    if not broken or len(money.WORDS_LETTER.findall(broken.group())) < _MOSTLY * len(broken.group()):
        return ()
    mended = money.mend_words(broken.group())
    if money.words_to_cents(mended) is not None:
        return (Parsed(money.usual(mended), broken.start(), broken.end(), "ok", repaired=True),)
    return (Parsed(strip_edges(broken.group()), broken.start(), broken.end(), "failed"),)


def square_metres(text: str, _: str) -> Sequence[Parsed]:
    """A measure before 平方米 or ㎡, else the first plain number; two decimals as the registers print them, so four figures
    and more without a point have perhaps lost it."""
    match = _AREA.search(text) or _DECIMAL.search(text)
    if not match:
        return ()
    number = re.sub(r",(?=\d{1,2}$)", ".", match[1]).replace("。", ".")
    value = Decimal(re.sub(r"[,\s]", "", number))
    check: Check = "failed" if re.fullmatch(r"\d{4,}", number) else "none"
    return (Parsed(f"{value:.2f}", match.start(), match.end(), check),) if value else ()


def day(text: str, _: str) -> Sequence[Parsed]:
    """The first date that the calendar has."""
    return [Parsed(one.iso, one.start, one.end, "ok") for one in dates.find_dates(text)][:1]


def last_day(text: str, _: str) -> Sequence[Parsed]:
    """The end of a period: its last date, or 长期."""
    found = list(dates.find_dates(text))
    endless = re.search(r"长\s*期|永\s*久|无固定期限", text)
    if endless and (not found or endless.start() > found[-1].start):
        return (Parsed(dates.FOREVER, endless.start(), endless.end(), "ok"),)
    return [Parsed(one.iso, one.start, one.end, "ok") for one in found][-1:]


def first_day(text: str, label: str) -> Sequence[Parsed]:
    """The beginning of a period that is printed with its end."""
    return day(text, label) if second_day(text, label) else ()


def second_day(text: str, label: str) -> Sequence[Parsed]:
    """The end of a period that is printed with its beginning; nothing when only one date stands there."""
    found = list(dates.find_dates(text))
    return last_day(text, label) if len(found) > 1 or re.search(r"长\s*期|永\s*久", text) else ()


def id_numbers(text: str, _: str) -> Sequence[Parsed]:
    """ID numbers; a credit code has the same length and is none."""
    found = identifiers.find_id_numbers(text)
    return [_identifier(one) for one in found if one.check == "ok" or not identifiers.credit_code_ok(one.value)]


def credit_codes(text: str, _: str) -> Sequence[Parsed]:
    """Credit codes; a citizen who buys puts the ID number in their place on an invoice, and that is none."""
    return [_identifier(one) for one in identifiers.find_credit_codes(text) if not _ID_SHAPE.fullmatch(one.value)]


def phones(text: str, _: str) -> Sequence[Parsed]:
    return [_identifier(one) for one in identifiers.find_phones(text)]


def accounts(text: str, _: str) -> Sequence[Parsed]:
    return [_identifier(one) for one in identifiers.find_bank_accounts(text)][:1]


def names(text: str, _: str) -> Sequence[Parsed]:
    """All people and organisations of the value."""
    return [Parsed(as_printed(one.value), one.start, one.end) for one in parties.find_names(text)]


def name(text: str, label: str) -> Sequence[Parsed]:
    return names(text, label)[:1]


def organisation(text: str, label: str) -> Sequence[Parsed]:
    return [one for one in names(text, label) if parties.is_organisation(fold(one.value))][:1]


def organisation_or_name(text: str, label: str) -> Sequence[Parsed]:
    return organisation(text, label) or name(text, label)


def gender(text: str, _: str) -> Sequence[Parsed]:
    match = re.search("[男女]", text[:6])
    return (Parsed(match.group(), match.start(), match.end(), "ok"),) if match else ()


def ethnicity(text: str, _: str) -> Sequence[Parsed]:
    """One of the 56 of GB/T 3304, without 族."""
    match = re.match(rf"\s*({_ETHNIC.pattern})", text)
    return (Parsed(match[1], match.start(1), match.end(1), "ok"),) if match else ()


def numbering(text: str, _: str) -> Sequence[Parsed]:
    """A number that offices give out (合同编号, 许可证号): letters, digits, Han and brackets, at least two digits."""
    closed = re.sub(r"(?<=[^\s])\s+(?=[^\s])", "", text)
    match = _NUMBERING.search(closed)
    if not match or sum(letter.isdigit() for letter in match.group()) < 2:
        return ()
    return (Parsed(as_printed(strip_edges(match.group())), 0, len(text)),)


def receipt_number(text: str, _: str) -> Sequence[Parsed]:
    """The running number of a receipt: mostly digits, at least four."""
    match = re.search(r"[A-Za-z]{0,6}-?\d[\d -]{2,24}\d(?:-\d+)?|[A-Z]{1,4}\d{4,}", text)
    if not match or re.search(r"[年月日]|\d[./]\d", text[match.start() : match.end() + 1]):
        return ()
    return (Parsed(re.sub(r"\s", "", match.group()), match.start(), match.end()),)


def free(text: str, _: str) -> Sequence[Parsed]:
    """Free text (address, purpose): at least two characters besides blanks."""
    text = _within_brackets(text)
    value = as_printed(strip_edges(close_han(text)))
    return (Parsed(value, 0, len(text)),) if len(re.sub(r"[\W_]", "", value)) >= 2 else ()


def address(text: str, label: str) -> Sequence[Parsed]:
    """Free text whose spaces are the engine's, not the writer's."""
    found = free(re.split("[。;]", text)[0], label)
    return [Parsed(_ALTERNATIVES.sub(r"\1", re.sub(r"\s", "", one.value)), one.start, one.end) for one in found]


def _within_brackets(text: str) -> str:
    """The text up to a bracket that closes what was opened before the value: ``(房号:1幢2室)签订了…``."""
    depth = 0
    for index, letter in enumerate(text):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth < 0:
            return text[:index]
    return text


def _identifier(one: identifiers.Identifier) -> Parsed:
    return Parsed(one.value, one.start, one.end, one.check, one.repaired)


def _stands_alone(text: str, one: money.Sum) -> bool:
    """An unmarked figure counts as money only when the value is little else."""
    around = text[: one.start] + text[one.end :]
    return not re.search(r"[\dA-Za-z]", around) and len(re.sub(r"\W", "", around)) <= 4
