"""Correcting and vouching. A corrected value is a new row beside the old one, with who says so and on what evidence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from services.filing.corrections import entry, values
from services.filing.corrections.tables import Correction
from services.kernel import reach
from services.kernel.clock import now
from services.kernel.core import Kernel
from services.kernel.errors import Conflict, Forbidden, InvalidInput, NotFound
from services.kernel.grants.opening import ground
from services.kernel.identity.rights import Principal
from services.kernel.items import changed
from services.kernel.ledger import journal
from services.kernel.model import ItemState
from services.kernel.paper import FIELD_NAMES, Box
from services.kernel.policy import versions
from services.kernel.policy.lookup import LOOKUP_FIELDS
from services.kernel.readings import RAW_CONTEXT, VALUE_CONTEXT, field_values
from services.kernel.tables import FieldValue, Item

NOTE_CONTEXT, BEFORE_CONTEXT, AFTER_CONTEXT = "corrections.note", "corrections.before", "corrections.after"
BY_A_PERSON = "person"
OPEN_STATES = (
    *(ItemState.SCANNED, ItemState.QC_PASSED, ItemState.QC_FAILED, ItemState.CATALOGUED),
    *(ItemState.ARCHIVED, ItemState.DUE),
)
"""On a form or in a destruction batch an entry stays as it was signed."""
NOWHERE: Box = ((0.0, 0.0), (0.0, 0.0), (0.0, 0.0), (0.0, 0.0))


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why it is so: a note, the page that shows it, another item that proves it. ``certified``: an authority confirmed it."""

    note: str | None = None
    page: int | None = None
    item_id: str | None = None
    certified: bool = False

    @property
    def verification(self) -> str:
        return "certified" if self.certified else "confirmed"


def item_to_correct(session: Session, actor: Principal, item_id: str) -> Item:
    """The item, whose content must be open to this person: nobody corrects what they cannot see."""
    item = reach.item_for(session, actor, item_id)
    if ground(session, actor, item) is None:
        raise Forbidden("The content of this item is open to you by a grant only. Ask for one.", code="needs-grant")
    return item


def correct_field(
    session: Session,
    kernel: Kernel,
    actor: Principal,
    item: Item,
    name: str,
    text: str | None,
    replaces: str | None,
    evidence: Evidence,
    *,
    request: str | None,
) -> Correction:
    """A new value of a field, instead of the row ``replaces`` or beside all others; without ``text`` the old one is struck
    out."""
    value = values.value_of(name, text or "", _named_by_policy(session))
    old = _present(session, kernel, item, [replaces])[0] if replaces else None
    if old is not None and old.name != name:
        raise InvalidInput(f"The value to be replaced is one of {old.name}, not of {name}.")
    if not value and old is None:
        raise InvalidInput("Say which value is struck out, or write the value that is missing.")
    _check_evidence(session, actor, item, evidence)
    generated = entry.has_generated_title(session, kernel, item)
    row = _value(session, kernel, actor, item, name, value, old, evidence)
    session.add(row)
    session.flush()

    def act() -> Correction:
        return _correction(session, kernel, actor, item, "field", evidence, field_value_id=row.id)

    return _keep(session, kernel, actor, item, act, generated, request=request, what="field", field=name)


def vouch(
    session: Session,
    kernel: Kernel,
    actor: Principal,
    item: Item,
    field_ids: Sequence[str],
    evidence: Evidence,
    *,
    request: str | None,
) -> list[Correction]:
    """Says that values are as the page has them (核实), or that an authority confirmed them."""
    _require_open(item)
    _check_evidence(session, actor, item, evidence)
    rows = _present(session, kernel, item, field_ids)
    made = []
    for row in rows:
        row.verification, row.verifier_id, row.verified_at = evidence.verification, actor.person_id, now()
        made.append(_correction(session, kernel, actor, item, "field", evidence, field_value_id=row.id))
    changed(session, item)
    journal.append(
        session,
        "item.vouch",
        actor=actor.person_id,
        item=item.id,
        request=request,
        fields=sorted({row.name for row in rows}),
        verification=evidence.verification,
    )
    return made


def correct_entry(
    session: Session,
    kernel: Kernel,
    actor: Principal,
    item: Item,
    what: entry.Part,
    value: str,
    evidence: Evidence,
    *,
    request: str | None,
) -> Correction:
    """Another type, kind of business, kind of customer, or title."""
    _check_evidence(session, actor, item, evidence)
    before = entry.value(session, kernel, item, what)
    generated = what != "title" and entry.has_generated_title(session, kernel, item)

    def act() -> Correction:
        entry.change(session, kernel, actor, item, what, value)
        made = _correction(session, kernel, actor, item, what, evidence)
        seal = kernel.vault.seal_text
        made.before_sealed = seal(session, item.key_id, BEFORE_CONTEXT, before) if before is not None else None
        made.after_sealed = seal(session, item.key_id, AFTER_CONTEXT, value)
        return made

    return _keep(session, kernel, actor, item, act, generated, request=request, what=what)


def _keep(
    session: Session,
    kernel: Kernel,
    actor: Principal,
    item: Item,
    act: Callable[[], Correction],
    generated: bool,
    *,
    request: str | None,
    **details: str,
) -> Correction:
    """Does the act; then what follows from the fields follows again (the title if it was ``generated`` from them), and the
    index is told."""
    _require_open(item)
    made = act()
    session.flush()
    entry.follow(session, kernel, item, generated)
    changed(session, item)
    journal.append(session, "item.correct", actor=actor.person_id, item=item.id, request=request, correction=made.id, **details)
    return made


def _value(
    session: Session,
    kernel: Kernel,
    actor: Principal,
    item: Item,
    name: str,
    value: str,
    old: FieldValue | None,
    evidence: Evidence,
) -> FieldValue:
    vault = kernel.vault
    page = evidence.page or (old.page if old else 1)
    return FieldValue(
        item_id=item.id,
        revision=item.revision,
        name=name,
        value_sealed=vault.seal_text(session, item.key_id, VALUE_CONTEXT, value),
        raw_sealed=vault.seal_text(session, item.key_id, RAW_CONTEXT, value),
        page=page,
        box=old.box if old and old.page == page else [list(point) for point in NOWHERE],
        confidence=1.0,
        check=values.check_of(name, value),
        share=old.share if old else None,
        source=BY_A_PERSON,
        verification=evidence.verification,
        verifier_id=actor.person_id,
        verified_at=now(),
        lookup=kernel.lookups.newest(session).digest(name, value) if value and name in LOOKUP_FIELDS else None,
        replaces=old.id if old else None,
    )


def _correction(
    session: Session,
    kernel: Kernel,
    actor: Principal,
    item: Item,
    what: str,
    evidence: Evidence,
    *,
    field_value_id: str | None = None,
) -> Correction:
    sealed = kernel.vault.seal_text(session, item.key_id, NOTE_CONTEXT, evidence.note) if evidence.note else None
    made = Correction(
        item_id=item.id,
        revision=item.revision,
        what=what,
        field_value_id=field_value_id,
        note_sealed=sealed,
        evidence_page=evidence.page,
        evidence_item_id=evidence.item_id,
        by_id=actor.person_id,
    )
    session.add(made)
    session.flush()
    return made


def _named_by_policy(session: Session) -> list[str]:
    purposes = versions.current(session).policy.taxonomy.purposes.values()
    return [name for purpose in purposes for name in purpose.fields if name not in FIELD_NAMES]


def _present(session: Session, kernel: Kernel, item: Item, ids: Sequence[str]) -> list[FieldValue]:
    rows = {each.row.id: each.row for each in field_values(session, kernel.vault, item)}
    if missing := [each for each in ids if each not in rows]:
        raise NotFound(f"{len(missing)} of these values do not stand in the entry now. Look at it again: it may be corrected.")
    return [rows[each] for each in dict.fromkeys(ids)]


def _require_open(item: Item) -> None:
    if item.state not in OPEN_STATES:
        raise Conflict(f"An item in state {item.state} is not corrected. On a filing form: have it returned first.")


def _check_evidence(session: Session, actor: Principal, item: Item, evidence: Evidence) -> None:
    if evidence.certified and not (evidence.note or evidence.item_id):
        raise InvalidInput("What an authority confirmed needs its evidence: a note that names it, or the item that proves it.")
    if evidence.page is not None and evidence.page > len(item.pages):
        raise InvalidInput("The item has no such page.")
    if evidence.item_id is not None:
        reach.item_for(session, actor, evidence.item_id)
