"""Masks: how much of a personal value is shown to whom may not see it whole (the same in hits, text, exports and logs).

Names 张**, ID numbers first and last digit, phones 138****1234, accounts their last four, addresses to the district.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from services.kernel.paper import FIELD_NAMES
from services.kernel.policy.identifiers import Identifier, find_identifiers, fold_width
from services.kernel.policy.lookup import Kind

__all__ = ["Identifier", "find_identifiers", "hidden", "mask_field", "mask_identifiers", "mask_values", "masked", "personal"]

NAME_FIELDS = frozenset({"name", "party_seller", "party_buyer", "party_lessor", "party_lessee", "payer", "payee"})
_KINDS: dict[str, Kind] = {"id_number": "id_number", "phone": "phone", "bank_account": "bank_account"}
_FREE_TEXT = frozenset({"purpose", "title"})
_SHOWN: dict[Kind, tuple[int, int]] = {"id_number": (1, 1), "phone": (3, 4), "bank_account": (0, 4)}

_COMPANY = re.compile(
    r"公司|集团|银行|企业|厂|店|中心|事务所|研究所|合作社|委员会|基金|商行|学校|大学|学院|医院|政府|法院|"
    r".{4}(?:局|部|处|院|所|社|会|行)$|\b(?:Ltd|Inc|LLC|LLP|Co|Corp|Bank|GmbH|Company|Limited)\b",
    re.I,
)
_PEOPLE = re.compile(r"(\s*[、，,;；/|&]\s*|(?<=[\u4e00-\u9fff]{2})\s*[和与及]\s*(?=[\u4e00-\u9fff]{2})|\n)")
_DISTRICT = re.compile(r"^.*?(?:(?<![小社园校厂库])(?<!自治)区|县|旗)")
_COUNTY_CITY = re.compile(r"^.*?[市州盟].{1,6}?市")
_CITY = re.compile(r"^.*?(?:市|自治州|地区|盟)|^.*?(?:省|自治区)")
_STREET = re.compile(r"[路街巷道弄].{0,8}号")
_HIDDEN = "****"


def mask_field(name: str, value: str) -> str:
    """Return ``value`` of the field ``name`` as it is shown masked; fields that name no person stay as they are.

    Those that only policy knows, such as intent and care, are hidden whole.
    """
    if name not in FIELD_NAMES and name not in _FREE_TEXT:
        return _HIDDEN
    if name in NAME_FIELDS:
        parts = _PEOPLE.split(value)
        return "".join(part if index % 2 else _mask_name(part) for index, part in enumerate(parts))
    if name in _KINDS:
        return _mask_digits(_KINDS[name], value)
    if is_address(name, value):
        return _mask_address(value)
    return mask_identifiers(value) if name in _FREE_TEXT else value


def mask_identifiers(text: str, known: Iterable[tuple[Kind, str]] = ()) -> str:
    """Return ``text`` with its identifiers masked character for character, so that offsets and boxes still hold.

    ``known`` as in ``find_identifiers``.
    """
    parts, position = [], 0
    for found in find_identifiers(text, known):
        parts += [text[position : found.start], _mask_digits(found.kind, text[found.start : found.end])]
        position = found.end
    return "".join([*parts, text[position:]])


def mask_values(text: str, names: Iterable[str], addresses: Iterable[str] = ()) -> str:
    """Return ``text`` with these people's names and addresses masked character for character, also where OCR put spaces."""
    return masked(text, personal(names, addresses))


def masked(text: str, kept: Mapping[str, int]) -> str:
    """Return ``text`` with what ``personal`` gave masked."""
    signs = list(text)
    for start, end in hidden(text, kept):
        signs[start:end] = "*" * (end - start)
    return "".join(signs)


def personal(names: Iterable[str], addresses: Iterable[str] = ()) -> dict[str, int]:
    """Return what ``hidden`` looks for: these people's names and addresses, and how many signs of each are shown."""
    people = {person for name in names for person in _PEOPLE.split(name)[::2] if not is_company(person)}
    kept = {_squeezed(person): 1 for person in people}
    kept |= {_squeezed(address): len(_mask_address(address)) - len(_HIDDEN) for address in addresses}
    return {value: shown for value, shown in kept.items() if len(value) > 1}


def hidden(text: str, kept: Mapping[str, int]) -> list[tuple[int, int]]:
    """Return the stretches of ``text`` that a mask covers, [start, end), in order and apart; white space is not covered."""
    likely = [value for value in kept if value[0] in text or _has_forms(value[0])]
    written = _squeezed(text) if likely else ""
    found = {value: kept[value] for value in likely if value in written}
    if not found:
        return []
    places = [place for place, char in enumerate(text) if not char.isspace()]
    covered: set[int] = set()
    for value, shown in found.items():
        position = written.find(value)
        while position >= 0:
            covered.update(places[position + shown : position + len(value)])
            position = written.find(value, position + 1)
    return _stretches(sorted(covered))


def _has_forms(char: str) -> bool:
    """Whether a sign of a squeezed value may stand for another one in the text: by width or by case."""
    return char.isascii() or char.upper() != char


def _stretches(places: Iterable[int]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for place in places:
        if found and found[-1][1] == place:
            found[-1] = (found[-1][0], place + 1)
        else:
            found.append((place, place + 1))
    return found


def _squeezed(text: str) -> str:
    """Return ``text`` as it is compared: half width, lower case, without white space; one character for each that is none."""
    narrow = "".join(fold_width(text).split())
    lower = narrow.lower()
    return lower if len(lower) == len(narrow) else narrow


def is_address(name: str, value: str) -> bool:
    """Tell whether a field's value says where someone lives. A property unit does once it names street and number; a bare
    building and room (3幢1单元502室) is how the archive's people speak of a property, and stays.
    """
    return name == "address" or (name == "property_unit" and bool(_STREET.search(fold_width(value))))


def is_company(name: str) -> bool:
    """Tell whether a party is an organisation. In doubt it is a person, and masked."""
    return bool(_COMPANY.search(fold_width(name)))


def _mask_name(name: str) -> str:
    """张** for 张伟 as for 张小伟: the mask does not tell how long the name is."""
    bare = name.strip()
    return name if not bare or is_company(bare) else f"{bare[0]}**"


def _mask_digits(kind: Kind, written: str) -> str:
    """Hide all but the first and last few signs of an identifier; separators stay where they are."""
    places = [i for i, char in enumerate(written) if char.isalnum() or char == "×"]
    head, tail = _SHOWN[kind]
    if len(places) <= head + tail:
        head, tail = 0, 0
    hidden = set(places[head : len(places) - tail])
    return "".join("*" if i in hidden else char for i, char in enumerate(written))


def _mask_address(value: str) -> str:
    match = _DISTRICT.match(value) or _COUNTY_CITY.match(value) or _CITY.match(value)
    return (match.group() if match else "") + _HIDDEN
