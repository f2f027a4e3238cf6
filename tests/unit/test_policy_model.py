"""Policy as a document: complete, free of contradictions, the same in and out."""

import pytest
import yaml

from services.kernel.errors import InvalidInput
from services.kernel.model import Role
from services.kernel.policy import model

DEFAULT = yaml.safe_load(model.DEFAULT.read_text(encoding="utf-8"))
TYPES = frozenset({"sale_contract"})
NOBODY: frozenset[Role] = frozenset()


def changed(path: str, value: object) -> str:
    body = yaml.safe_load(model.DEFAULT.read_text(encoding="utf-8"))
    *parents, last = path.split(".")
    place = body
    for name in parents:
        place = place[name]
    place[last] = value
    return yaml.safe_dump(body, allow_unicode=True)


def test_the_default_is_whole_and_comes_back_as_it_went_out():
    assert model.parse(model.to_yaml(model.default())) == model.default()


def test_every_type_of_the_contract_has_its_rule():
    assert len(model.default().taxonomy.types) == 15
    assert model.default().type_of("no such type") == model.default().type_of("other")


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("filing.sample_share", 1.5, "filing.sample_share"),
        ("filing.sampel_share", 0.1, "sampel_share"),
        ("taxonomy.types.invoice.retention", "nothing", "no schedule"),
        ("taxonomy.types.invoice.content", "nothing", "not in the taxonomy"),
        ("filing.checklists.sale", [["no_such_type"]], "no_such_type"),
        ("retention.lease", {"triggers": [], "years": 10}, "needs a trigger"),
        ("retention.lease", {"triggers": ["x"], "years": 1, "days": 1}, "not in both"),
        ("access.read", [{"rounds": [[{"roles": ["emperor"]}]]}], "access.read.0.rounds.0.0.roles"),
        ("access.read", [{"rounds": [[]]}], "access.read"),
        ("destruction.methods", {}, "destruction.methods"),
    ],
)
def test_what_is_wrong_is_named(path, value, says):
    with pytest.raises(InvalidInput, match="policy") as caught:
        model.parse(changed(path, value))
    assert says in caught.value.detail


@pytest.mark.parametrize("text", ["[", "3", "", "a: &a [*a]"])
def test_what_is_no_policy_is_refused(text):
    with pytest.raises(InvalidInput):
        model.parse(text)


def test_the_first_rule_that_fits_decides():
    access = model.default().access.model_copy(
        update={
            "read": (
                model.AccessRule(types=("id_card",), rounds=(), forbidden=True),
                model.AccessRule(requesters=(Role.ARCHIVIST,), rounds=()),
                model.AccessRule(rounds=(), days=3),
            )
        }
    )
    assert access.rule("read", frozenset({"id_card"}), NOBODY) is None, "what is forbidden has no way"
    assert access.rule("read", frozenset({"id_card", "invoice"}), frozenset({Role.ARCHIVIST})).days == 7
    assert access.rule("read", TYPES, NOBODY).days == 3
    assert model.default().access.rule("copy", TYPES, NOBODY).notify == (Role.COMPANY_LEADER,)
