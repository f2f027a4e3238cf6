"""The catalogue stage: title, draft 档号, parties, and whether the item looks like a rescan of another."""

from __future__ import annotations

from sqlalchemy.orm import Session

from services.filing import cataloguing, numbering, parties, rescans
from services.filing.corrections import carrying
from services.kernel.clock import OFFICE, now
from services.kernel.core import Kernel
from services.kernel.ledger import journal
from services.kernel.policy import versions
from services.kernel.queue import jobs
from services.kernel.queue.jobs import Lease
from services.kernel.queue.stages import following
from services.kernel.readings import TITLE_CONTEXT, field_values
from services.kernel.tables import Item


class CatalogueHandler:
    """Does ``Stage.CATALOGUE``; the payload is ``{"item": id, "revision": n}``."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def __call__(self, lease: Lease) -> None:
        with lease.finish() as session:
            item = session.get_one(Item, lease.payload["item"])
            carrying.over(session, self._kernel.vault, item)
            self._enter(session, item)
            key = f"{item.id}:{item.revision}"
            jobs.enqueue(session, following(lease.stage), key, lease.payload, batch=item.batch_id)
            journal.append(session, "item.catalogue", actor=None, item=item.id, reference_code=item.reference_code)

    def _enter(self, session: Session, item: Item) -> None:
        """Writes the entry as far as the fields tell it. What stands there already stays: a rescan keeps title and 档号."""
        vault, policy = self._kernel.vault, versions.current(session).policy
        fields = [each.reading for each in field_values(session, vault, item)]
        rule = policy.type_of(item.type)
        item.business_type = item.business_type or rule.business_type or None
        if item.title_sealed is None:
            title = cataloguing.title_of(rule, fields)
            item.title_sealed = vault.seal_text(session, item.key_id, TITLE_CONTEXT, title)
        if item.reference_code is None:
            year = cataloguing.year_of(fields, now().astimezone(OFFICE).year)
            item.reference_code = numbering.draft_code(session, item, self._kernel.settings.fonds, rule, year)
        parties.refresh(session, vault, item)
        rescans.note(session, vault, item, fields)
