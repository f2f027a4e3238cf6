"""Names of people and organisations, cleaned of what a form prints around them."""

from __future__ import annotations

import pytest

from services.ocr.fields.parties import find_names
from services.ocr.fields.text import fold


@pytest.mark.parametrize(
    ("printed", "names"),
    [
        ("张伟", ["张伟"]),
        ("张　伟", ["张伟"]),
        ("____张伟____", ["张伟"]),
        ("张伟、李娜", ["张伟", "李娜"]),
        ("张伟 李小娜", ["张伟", "李小娜"]),
        ("张伟（50%）、李娜（占50%）", ["张伟", "李娜"]),
        ("张伟 占60% 李娜 占40%", ["张伟", "李娜"]),
        ("张伟和李娜", ["张伟", "李娜"]),
        ("欧阳文慧", ["欧阳文慧"]),
        ("阿卜杜拉·买买提", ["阿卜杜拉·买买提"]),
        ("张伟（以下简称乙方）", ["张伟"]),
        ("张伟先生", ["张伟"]),
        ("深圳恒岳房地产开发有限公司", ["深圳恒岳房地产开发有限公司"]),
        ("深圳恒岳房地产 开发有限公司（盖章）", ["深圳恒岳房地产开发有限公司"]),
        ("和悦与家置业有限公司", ["和悦与家置业有限公司"]),
        ("启泽（深圳）投资管理有限公司", ["启泽(深圳)投资管理有限公司"]),
        ("临江商业银行天河支行", ["临江商业银行天河支行"]),
        ("甲方：张伟", ["张伟"]),
        ("于萍", ["于萍"]),
    ],
)
def test_names_are_found(printed: str, names: list[str]) -> None:
    assert [one.value for one in find_names(fold(printed))] == names


@pytest.mark.parametrize(
    "printed", ["", "______", "  ", "/", "无", "（签字）", "　　年　月　日", "签字日期", "委托代理人", "12345", "（盖章）："]
)
def test_blanks_and_words_of_the_form_are_no_names(printed: str) -> None:
    assert [one.value for one in find_names(fold(printed))] == []
