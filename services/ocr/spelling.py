"""What can be one thing only in its place is spelled so: 贰佰万壹任元 is 贰佰万壹仟元, 5月8目 is 5月8日. The character that was
exchanged counts as doubted, so that no field passes as sure for its sake.
"""

from __future__ import annotations

import re
from dataclasses import replace

from services.kernel.paper import Line
from services.ocr.fields.money import mend_words

_DIGITS, _UNITS = "零壹贰叁肆伍陆柒捌玖", "拾佰仟万"
_SUM = _DIGITS + _UNITS + "元圆整角分"
_UNIT = re.compile(rf"(?<=[{_DIGITS}])[^{_SUM}](?=[{_SUM}]|$)")  # between a digit and what follows a unit
_DIGIT = re.compile(rf"(?<=[{_UNITS}])[^{_SUM}](?=[{_UNITS}元圆])")
_DAY = re.compile(r"(?<=月)(\s*(?:\d{1,2}|[一二三四五六七八九十]{1,3}))[旦目曰](?![录标的光])")
_EXCHANGED = 0.5  # how sure it counts


def spelled(line: Line) -> Line:
    """The line with such characters exchanged, one for one."""
    text = _DAY.sub(r"\g<1>日", _sums(line.text))
    if text == line.text:
        return line
    changed = {index for index, (old, new) in enumerate(zip(line.text, text, strict=True)) if old != new}
    told = {**dict(line.doubts), **dict.fromkeys(changed, _EXCHANGED)} if line.doubts is not None else None
    doubts = None if told is None else tuple(sorted(told.items()))
    return replace(line, text=text, doubts=doubts, weakest=min(_EXCHANGED, 1.0 if line.weakest is None else line.weakest))


def _sums(text: str) -> str:
    """Two letters of a sum must stand on one side of what is exchanged, so that 责任 and 价值 stay what they are."""
    for pattern, kind in ((_UNIT, _UNITS), (_DIGIT, _DIGITS)):
        for found in pattern.finditer(text):
            start, end = found.span()
            new = mend_words(found.group())
            if new in kind and (_is_sum(text[max(0, start - 2) : start]) or _is_sum(text[end : end + 2])):
                text = text[:start] + new + text[end:]
    return text


def _is_sum(text: str) -> bool:
    return len(text) == 2 and all(letter in _SUM for letter in text)
