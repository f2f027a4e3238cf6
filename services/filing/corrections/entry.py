"""The parts of an entry that are no fields, and what follows from the fields: parties, generated title, draft number."""

from __future__ import annotations

from typing import Literal

from sqlalchemy.orm import Session

from services.filing import cataloguing, numbering, parties
from services.filing.casefiles.service import require_known
from services.filing.numbers import service as numbers
from services.kernel import notices, readings
from services.kernel.clock import OFFICE
from services.kernel.core import Kernel
from services.kernel.errors import InvalidInput
from services.kernel.identity.rights import Principal
from services.kernel.model import ItemState, Role
from services.kernel.policy import versions
from services.kernel.readings import TITLE_CONTEXT
from services.kernel.tables import Item

Part = Literal["type", "business_type", "customer_type", "title"]
LONGEST_TITLE = 200
RECLASSIFIED = "The item was of another type; it has a number of the right series."


def value(session: Session, kernel: Kernel, item: Item, what: Part) -> str | None:
    if what == "title":
        return readings.title(session, kernel.vault, item)
    found: str | None = getattr(item, what)
    return found


def change(session: Session, kernel: Kernel, actor: Principal, item: Item, what: Part, new: str) -> None:
    """Raises ``InvalidInput`` for a code that policy does not know."""
    if what == "title":
        item.title_sealed = kernel.vault.seal_text(session, item.key_id, TITLE_CONTEXT, _title(new))
        return
    taxonomy = versions.current(session).policy.taxonomy
    match what:
        case "type":
            require_known("type", new, {name: rule.title for name, rule in taxonomy.types.items()})
            _retype(session, kernel, actor, item, new)
        case "business_type":
            require_known("business type", new, taxonomy.business_types)
            item.business_type = new
        case "customer_type":
            require_known("customer type", new, taxonomy.customer_types)
            item.customer_type = new


def follow(session: Session, kernel: Kernel, item: Item, generated: bool) -> None:
    """Brings the parties in line with the fields, and a title that rules made of them."""
    parties.refresh(session, kernel.vault, item)
    if generated:
        title = _generated_title(session, kernel, item)
        item.title_sealed = kernel.vault.seal_text(session, item.key_id, TITLE_CONTEXT, title)


def has_generated_title(session: Session, kernel: Kernel, item: Item) -> bool:
    """Whether the title is what rules make of the fields, and nobody's own words."""
    return readings.title(session, kernel.vault, item) == _generated_title(session, kernel, item)


def _generated_title(session: Session, kernel: Kernel, item: Item) -> str:
    fields = [each.reading for each in readings.field_values(session, kernel.vault, item)]
    return cataloguing.title_of(versions.current(session).policy.type_of(item.type), fields)


def _retype(session: Session, kernel: Kernel, actor: Principal, item: Item, new: str) -> None:
    """A draft number moves to the series of the new type; a final one stays. Where the retention class changes, whoever keeps
    the boxes is told (behaviour 6)."""
    policy = versions.current(session).policy
    old_rule, rule = policy.type_of(item.type), policy.type_of(new)
    item.type, item.type_confidence, item.type_by, item.type_words_sealed = new, 1.0, "person", None
    if rule.business_type or item.business_type == old_rule.business_type:
        item.business_type = rule.business_type or None
    fields = [each.reading for each in readings.field_values(session, kernel.vault, item)]
    year = cataloguing.year_of(fields, item.created_at.astimezone(OFFICE).year)
    series = numbering.series_of(kernel.settings.fonds, rule, year)
    numbers.replace_draft(session, item, series, RECLASSIFIED, by=actor.person_id)
    if item.state != ItemState.ARCHIVED:
        return
    if (old_rule.retention, old_rule.period) != (rule.retention, rule.period):
        notices.notify(session, notices.holders(session, [Role.ARCHIVIST]), "filing.relabel", "item", item.id)


def _title(new: str) -> str:
    cleaned = new.strip()
    if not cleaned or len(cleaned) > LONGEST_TITLE:
        raise InvalidInput(f"A title has 1 to {LONGEST_TITLE} characters.")
    return cleaned
