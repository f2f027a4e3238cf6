"""Types: rules first, then a model of n-grams that learns, explains itself, and holds nothing of what it learnt from."""

from __future__ import annotations

import io

import numpy as np
import pytest

import samples
from services.kernel.paper import EngineInfo, Line, PageReading
from services.ocr.types import grams, training
from services.ocr.types.model import TypeModel, decide, shipped

OWN_FORM = (
    "启泽置业客户资料卡",
    "业主基本情况一览",
    "入住时间及房屋编号",
    "紧急联系方式备注",
    "车位与门禁卡领取登记",
    "宠物及装修备案情况",
)


def page(*texts: str) -> PageReading:
    lines = []
    for row, text in enumerate(texts):
        right, top = 60.0 + 20 * len(text), 60.0 + 40 * row
        lines.append(Line(text, ((60.0, top), (right, top), (right, top + 20), (60.0, top + 20)), 0.99))
    return PageReading(1, 1000, 1400, 0, 0.0, False, tuple(lines), EngineInfo("told", "0", "0"))


def taught(*documents: tuple[str, str]) -> TypeModel:
    """The shipped documents and these (text, type)."""
    known, _ = training.shipped_corpus().parted()
    vectors = [grams.vector(grams.normal(text)) for text, _ in documents]
    more = training.examples(vectors, [kind for _, kind in documents], [False] * len(documents))
    return training.fit(known, more, version=1)


@pytest.mark.parametrize("kind", samples.KINDS)
def test_a_document_whose_title_is_lost_is_known_by_its_words(kind: str) -> None:
    for seed in range(950000, 950004):
        lines = [line for one in samples.make(kind, seed).page_truths().values() for line in one.lines]
        decided = decide([page(*lines[2:])], shipped())
        assert decided.type == kind
        assert decided.words


def test_rules_that_are_sure_decide_before_the_shipped_model() -> None:
    decided = decide([page("商品房买卖合同", "出卖人：启泽置业有限公司", "买受人：张伟")], shipped())
    assert (decided.type, decided.by) == ("sale_contract", "rules")
    assert "商品房买卖合同" in decided.words


def test_prose_is_no_document_of_any_type() -> None:
    decided = decide([page("请把扫描件放进热文件夹。", "下周三下午两点在三楼会议室开会，请准时参加。", "天气晴")], shipped())
    assert decided.type == "other"


def test_what_people_said_of_a_form_is_learnt_and_explained() -> None:
    before = decide([page(*OWN_FORM)], shipped())
    assert before.type == "other"
    shown = [("\n".join((*OWN_FORM, f"备注{'甲乙丙丁戊己庚'[n]}")), "household_register") for n in range(6)]
    after = decide([page(*OWN_FORM)], taught(*shown))
    assert (after.type, after.by) == ("household_register", "model 1")
    text = grams.normal("\n".join(OWN_FORM))
    assert after.words and all(word in text for word in after.words)


def test_what_is_taught_does_not_spoil_what_was_known() -> None:
    _, held = training.shipped_corpus().parted()
    model = taught(*[("\n".join(OWN_FORM), "household_register")] * 6)
    assert training.right(model, held) >= training.right(shipped(), held) == len(held.types)


def test_numbers_and_latin_are_no_features() -> None:
    one, other = (
        grams.normal(f"身份证号：{number} name {name}") for number, name in (("110105", "Ann"), ("4405241880", "Bob"))
    )
    assert one == other
    assert not any(digit in gram for gram in grams.grams(one) for digit in "123456789")


def test_a_bucket_that_only_one_document_has_weighs_nothing() -> None:
    known, _ = training.shipped_corpus().parted()
    names = [a + b + c for a in "欧司诸" for b in "娜亮懿" for c in "雯霄翀"]
    name = next(each for each in names if not (known.vectors[:, grams.bucket(each)] > 0).any())
    assert not taught((name, "id_card")).weights[:, grams.bucket(name)].any()


def test_a_model_is_plain_arrays_and_nothing_else_is_opened() -> None:
    model = shipped()
    again = TypeModel.from_bytes(model.to_bytes())
    assert again.types == model.types and np.array_equal(again.weights, model.weights)
    target = io.BytesIO()
    np.savez(
        target, head=np.array([object(), object()], dtype=object), types=model.types, weights=model.weights, bias=model.bias
    )
    with pytest.raises(ValueError, match="pickle"):
        TypeModel.from_bytes(target.getvalue())
    small = TypeModel(0, 0, ("other",), np.zeros((1, 8), np.float16), np.zeros(1, np.float32))
    with pytest.raises(ValueError, match="shape"):
        TypeModel.from_bytes(small.to_bytes())
