"""Policy: what the regulations leave open or contradict each other in, as data with a version. No rule of it is in code.

A document in YAML; ``default.yaml`` is version 0. Pure: who may change it, and how, is in ``versions``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from services.kernel.errors import InvalidInput
from services.kernel.model import Role

Share = Annotated[float, Field(ge=0, le=1)]
Days = Annotated[int, Field(ge=0, le=36_500)]
AccessKind = Literal["read", "loan", "copy", "consult"]
Sanitisation = Literal["clear", "purge", "destroy"]
DEFAULT = Path(__file__).with_name("default.yaml")


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TypePolicy(Part):
    """A document type. ``category`` and ``period`` are levels of its 档号, ``retention`` the class that its clock follows."""

    title: str = Field(min_length=1, max_length=40)
    category: str = Field(pattern=r"^[A-Z]{2}$")
    period: Literal["Y", "D30", "D10"]
    content: str
    retention: str
    business_type: str = ""


class Purpose(Part):
    """What a group of fields is kept for (behaviour 2), and the class that says how long."""

    title: str = Field(min_length=1, max_length=40)
    fields: tuple[str, ...]
    retention: str


class Taxonomy(Part):
    """Facets beside each other (behaviour 1): codes and what they are called; ``purposes``: which fields are kept for what."""

    customer_types: dict[str, str]
    business_types: dict[str, str]
    contents: dict[str, str]
    forms: dict[str, str]
    types: dict[str, TypePolicy]
    purposes: dict[str, Purpose] = {}

    @model_validator(mode="after")
    def _facets_exist(self) -> Taxonomy:
        if "other" not in self.types:
            raise ValueError("the type “other” must stay, for what is recognised as nothing else")
        for name, rule in self.types.items():
            if rule.content not in self.contents or (rule.business_type and rule.business_type not in self.business_types):
                raise ValueError(f"the type {name} names a content or business type that is not in the taxonomy")
        named = [field for purpose in self.purposes.values() for field in purpose.fields]
        if twice := sorted({field for field in named if named.count(field) > 1}):
            raise ValueError(f"a field is kept for one purpose, and these have several: {', '.join(twice)}")
        return self

    def purpose_of(self, field: str) -> str | None:
        """The purpose of a field; None for one that policy says nothing of."""
        return next((name for name, purpose in self.purposes.items() if field in purpose.fields), None)


class Approver(Part):
    """Who may give one of the approvals of a round: so many different people who hold one of the roles, of the requester's
    department, of the items', or of any."""

    roles: tuple[Role, ...] = Field(min_length=1)
    quorum: int = Field(1, ge=1, le=9)
    department: Literal["any", "requester", "item"] = "any"


Round = Annotated[tuple[Approver, ...], Field(min_length=1)]


class AccessRule(Part):
    """Holds for requests whose items are all of ``types`` and whose requester has one of ``requesters``; empty means any."""

    types: tuple[str, ...] = ()
    requesters: tuple[Role, ...] = ()
    rounds: tuple[Round, ...]
    notify: tuple[Role, ...] = ()
    days: int = Field(7, ge=1, le=366, description="The longest that a grant may live.")
    forbidden: bool = False
    masked: bool = Field(False, description="Whether personal data stays masked under such a grant.")


class Watermark(Part):
    visible: bool = True
    invisible: bool = True


class Access(Part):
    read: tuple[AccessRule, ...]
    loan: tuple[AccessRule, ...]
    copy_: tuple[AccessRule, ...] = Field(alias="copy")
    consult: tuple[AccessRule, ...]
    escalate_after_hours: int = Field(48, ge=1)
    escalate_to: tuple[Role, ...] = Field((), description="Who may then sign in place of whoever does not.")
    watermark: Watermark = Watermark()
    most_items: int = Field(50, ge=1, le=10_000)
    loan_days: Days = 14
    overdue_reminder_days: Days = 3
    lend_fragile: bool = Field(False, description="Whether paper that is fragile or vital leaves the store at all.")
    most_reads_a_day: int = Field(500, ge=1, description="Pages, texts and PDFs that one person opens under grants.")
    most_reveals_a_day: int = Field(
        5, ge=0, description="Single values that one person uncovers of items whose grant leaves them masked; 0: none."
    )
    most_lookups_an_hour: int = Field(
        300, ge=1, description="People whom one person looks up by number: by ID number, phone or account."
    )
    delegation_days: Days = Field(90, description="The longest that a delegation may live.")

    def rule(self, kind: AccessKind, types: frozenset[str], roles: frozenset[Role]) -> AccessRule | None:
        """The first rule that fits; None where policy knows no way to this."""
        rules = self.copy_ if kind == "copy" else getattr(self, kind)
        fits = (
            rule
            for rule in rules
            if (not rule.types or types <= set(rule.types)) and (not rule.requesters or roles & set(rule.requesters))
        )
        found: AccessRule | None = next(fits, None)
        return None if found is None or found.forbidden else found


class Filing(Part):
    sample_share: Share = 0.05
    least_passed: Share = 0.95
    review_below: Share = 0.99
    checklists: dict[str, tuple[tuple[str, ...], ...]] = {}
    deadlines: dict[str, Days] = {}
    weekly_day: int = Field(5, ge=1, le=7)
    leader_copy: tuple[str, ...] = ()


TriggerName = Annotated[str, Field(min_length=1, max_length=40)]


class Derivation(Part):
    """A trigger that a verified field tells: on its day, or at the end of its fiscal year (会计年度: the calendar year)."""

    field: str
    at: Literal["day", "year_end"] = "day"


class RetentionRule(Part):
    """How long a class is kept after the latest of its triggers: ``years``, or ``days``; neither is permanent. ``floor``: years
    that law demands; ``ceiling_days``: the most that it allows. ``derive``: triggers that verified fields tell. ``every_file``:
    the triggers must have happened in every customer's file that the item lies in, for it serves them all (hard case 2)."""

    triggers: tuple[TriggerName, ...]
    years: int | None = Field(None, ge=0, le=200)
    days: Days | None = None
    floor: int = Field(0, ge=0, le=200)
    ceiling_days: Days | None = None
    derive: dict[str, Derivation] = {}
    every_file: bool = False

    @property
    def permanent(self) -> bool:
        return self.years is None and self.days is None

    @model_validator(mode="after")
    def _one_period(self) -> RetentionRule:
        if self.years is not None and self.days is not None:
            raise ValueError("a period is given in years or in days, not in both")
        if not self.permanent and not self.triggers:
            raise ValueError("a class with a period needs a trigger that starts its clock")
        if self.ceiling_days is not None and not self.triggers:
            raise ValueError("a ceiling needs a trigger that it counts from")
        if unknown := sorted(set(self.derive) - set(self.triggers)):
            raise ValueError(f"fields derive what is none of the triggers: {', '.join(unknown)}")
        return self


class DueRun(Part):
    """The daily run over the schedule. After ``gap_days`` without one, or with a day before the last one's, the clock is in
    doubt and a person confirms the day first (hard case 8)."""

    gap_days: Annotated[int, Field(ge=1, le=60)] = 3


class Destruction(Part):
    rounds: tuple[Round, ...] = Field(min_length=1)
    notify: tuple[Role, ...] = ()
    waiting_days: Days = 7
    approval_days: Days = 90
    witnesses: int = Field(2, ge=1, le=5)
    methods: dict[str, Sanitisation] = Field(min_length=1)


class Oversight(Part):
    """What the auditors' reports take for ordinary: the office's hours, from and until which hour, on which days (ISO
    weekdays), and how much somebody opens in a day. ``inspection_days``: how often a leader inspects (公司领导定期检查)."""

    office_hours: tuple[Annotated[int, Field(ge=0, le=23)], Annotated[int, Field(ge=1, le=24)]] = (8, 18)
    workdays: tuple[Annotated[int, Field(ge=1, le=7)], ...] = (1, 2, 3, 4, 5)
    mass_reads_a_day: Annotated[int, Field(ge=1)] = 100
    inspection_days: Days = 180


Range = tuple[float, float]


class Custody(Part):
    """How what is kept is looked after (behaviour 18). ``fixity_days``: within which each stored object is re-read;
    ``temperature`` (°C) and ``humidity`` (percent) of a store room, ``reading_hours`` the longest between two readings of it;
    ``check_days``: how often what is in storage goes through the four checks again (四性检测)."""

    fixity_days: Annotated[int, Field(ge=1, le=3660)] = 90
    temperature: Range = (14, 24)
    humidity: Range = (45, 60)
    reading_hours: Annotated[int, Field(ge=1, le=8784)] = 24
    check_days: Annotated[int, Field(ge=1, le=3660)] = 365

    @model_validator(mode="after")
    def _ranges(self) -> Custody:
        for low, high in (self.temperature, self.humidity):
            if low > high:
                raise ValueError("a range begins with its lower end")
        return self


class Policy(Part):
    """All of it. ``extra`` keys are refused: a misspelt rule would silently be none."""

    taxonomy: Taxonomy
    role_aliases: dict[str, Role] = {}
    filing: Filing
    access: Access
    retention: dict[Annotated[str, Field(min_length=1, max_length=40)], RetentionRule]
    due_run: DueRun = DueRun()
    destruction: Destruction
    oversight: Oversight = Oversight()
    custody: Custody = Custody()

    @model_validator(mode="after")
    def _classes_exist(self) -> Policy:
        for name, rule in self.taxonomy.types.items():
            if rule.retention not in self.retention:
                raise ValueError(f"the type {name} has the retention class {rule.retention}, which has no schedule")
        for name, purpose in self.taxonomy.purposes.items():
            if purpose.retention not in self.retention:
                raise ValueError(f"the purpose {name} has the retention class {purpose.retention}, which has no schedule")
        named = {name for line in self.filing.checklists.values() for group in line for name in group} | {
            *self.filing.leader_copy
        }
        if unknown := named - set(self.taxonomy.types):
            raise ValueError(f"checklists and copies name types that are not in the taxonomy: {', '.join(sorted(unknown))}")
        return self

    def type_of(self, name: str | None) -> TypePolicy:
        """The rule of a type; that of ``other`` for one that policy does not know, or no longer."""
        return self.taxonomy.types.get(name or "other") or self.taxonomy.types["other"]


def parse(text: str) -> Policy:
    """A policy from YAML. Raises ``InvalidInput`` that names each place that is wrong."""
    try:
        body = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise InvalidInput(
            f"This is no YAML{f', see line {mark.line + 1}' if mark else ''}. Mend it and send it again."
        ) from None
    if not isinstance(body, Mapping):
        raise InvalidInput("A policy is a mapping with taxonomy, filing, access, retention and destruction.")
    try:
        return Policy.model_validate(body)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, each['loc'])) or 'policy'}: {each['msg']}" for each in error.errors()[:10])
        raise InvalidInput(f"The policy is not complete or contradicts itself. {wrong}.") from None


def to_yaml(policy: Policy) -> str:
    body = policy.model_dump(mode="json", by_alias=True)
    return str(yaml.safe_dump(body, allow_unicode=True, sort_keys=False, width=120))


@cache
def default() -> Policy:
    """Version 0."""
    return parse(DEFAULT.read_text(encoding="utf-8"))
