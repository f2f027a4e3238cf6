"""From a checked item to an archived one: the entry is confirmed, put on a form, and signed by somebody else."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from services.filing import numbering
from services.filing.casefiles import checklist
from services.filing.forms import leader_copy, repository, rules
from services.filing.forms.tables import FilingForm, FilingLine, FormState
from services.filing.numbers import service as numbers
from services.filing.quality.service import passed
from services.kernel import notices, reach
from services.kernel.blobs.keys import Vault
from services.kernel.clock import OFFICE, now
from services.kernel.errors import Conflict, Forbidden
from services.kernel.identity import duties
from services.kernel.identity.duties import Duty
from services.kernel.identity.rights import Principal
from services.kernel.items import move, subject
from services.kernel.ledger import journal
from services.kernel.model import ItemState, Role
from services.kernel.policy import versions
from services.kernel.readings import field_values
from services.kernel.tables import Item

REASON_CONTEXT = "filing_forms.reason"
MOST_ITEMS = 200


def catalogue(session: Session, vault: Vault, actor: Principal, items: Sequence[Item], *, request: str | None) -> None:
    """Confirms the entries: type, title and 档号 are there, and nothing that fails its own check is left unproven."""
    reach.require(items, ItemState.QC_PASSED)
    for item in items:
        missing = [name for name in ("type", "title_sealed", "reference_code") if getattr(item, name) is None]
        if missing:
            raise Conflict(f"Item {item.id} has no {', '.join(missing)}. Wait until it is catalogued, or look at its batch.")
        if names := rules.unproven(field_values(session, vault, item)):
            raise Conflict(
                f"Item {item.id}: {', '.join(names)} fail their check. Compare them with the page; confirm or correct them."
            )
        move(session, item, ItemState.CATALOGUED)
    for item in items:
        journal.append(session, "item.confirm", actor=actor.person_id, item=item.id, request=request)


def submit(session: Session, vault: Vault, actor: Principal, items: Sequence[Item], *, request: str | None) -> FilingForm:
    """Puts the items on a filing form (归档登记表), which waits for a second person. Raises ``Conflict`` for what is not
    catalogued, not checked as it is, or of an incomplete file."""
    reach.require(items, ItemState.CATALOGUED)
    _require_checked(session, items)
    held = versions.current(session)
    checklist.require_complete(session, held.policy, items)
    form = FilingForm(
        number=numbering.numbered(session, f"GD-{now().astimezone(OFFICE).year}"),
        digest="",
        policy=held.number,
        submitted_by=actor.person_id,
        key_id=vault.new_key(session).id,
    )
    session.add(form)
    session.flush()
    lines = [_line(form, item, position) for position, item in enumerate(items, 1)]
    form.digest = rules.digest(lines)
    session.add_all(lines)
    for item in items:
        subject(session, item)
        move(session, item, ItemState.PENDING_SIGNOFF)
    others = [each for each in notices.holders(session, [Role.ARCHIVIST]) if each != actor.person_id]
    notices.notify(session, others, "filing.sign-off", "filing", form.id)
    journal.append(
        session, "filing.submit", actor=actor.person_id, request=request, filing=form.id, items=[item.id for item in items]
    )
    session.refresh(form)
    return form


def sign(session: Session, actor: Principal, form: FilingForm, *, request: str | None) -> None:
    """Signs the form: its items become part of the archive, and their numbers final. Raises ``Forbidden`` for whoever
    scanned, checked or corrected one of them."""
    items = _decide(session, actor, form, FormState.SIGNED)
    _require_checked(session, items)
    held = versions.current(session)
    checklist.require_complete(session, held.policy, items)
    if corrected := repository.corrected_by(session, actor, items):
        raise Forbidden(
            f"You corrected {', '.join(corrected)} yourself. Whoever signs has had no hand in the entry; ask another person.",
            code="separation-of-duties",
        )
    for item in items:
        duties.assume(session, actor, Duty.SIGN_OFF, subject(session, item))
        numbers.make_final(session, item)
        leader_copy.make(session, actor, item, held)
        move(session, item, ItemState.ARCHIVED)
    journal.append(
        session, "filing.sign", actor=actor.person_id, request=request, filing=form.id, digest=form.digest, policy=held.number
    )
    for item in items:
        journal.append(
            session,
            "item.archive",
            actor=actor.person_id,
            item=item.id,
            request=request,
            filing=form.id,
            reference_code=item.reference_code,
        )


def send_back(session: Session, vault: Vault, actor: Principal, form: FilingForm, reason: str, *, request: str | None) -> None:
    """Returns the form: its items are corrected and put on another."""
    items = _decide(session, actor, form, FormState.RETURNED)
    form.reason_sealed = vault.seal_text(session, form.key_id, REASON_CONTEXT, reason)
    for item in items:
        move(session, item, ItemState.CATALOGUED)
    notices.notify(session, [form.submitted_by], "filing.returned", "filing", form.id)
    journal.append(session, "filing.return", actor=actor.person_id, request=request, filing=form.id)


def _decide(session: Session, actor: Principal, form: FilingForm, state: FormState) -> list[Item]:
    if form.state != FormState.SUBMITTED:
        raise Conflict(f"This form is {form.state}; only a submitted one can be signed or returned.")
    items = repository.items_of(session, form)
    reach.require(items, ItemState.PENDING_SIGNOFF)
    form.state, form.decided_by, form.decided_at = state, actor.person_id, now()
    return items


def _require_checked(session: Session, items: Sequence[Item]) -> None:
    if unchecked := [item.id for item in items if not passed(session, item)]:
        raise Conflict(
            f"Not checked as they are, since they were scanned again: {', '.join(unchecked)}. Open a check for them."
        )


def _line(form: FilingForm, item: Item, position: int) -> FilingLine:
    assert item.type is not None and item.reference_code is not None, "what is catalogued has both"
    return FilingLine(
        form_id=form.id,
        item_id=item.id,
        position=position,
        revision=item.revision,
        reference_code=item.reference_code,
        type=item.type,
        pages=len(item.pages),
    )
