"""The catalogue stage: title, draft 档号, parties, and whether the item looks like a rescan of another."""

from __future__ import annotations

from services.filing import cataloguing, numbering, rescans
from services.kernel.clock import OFFICE, now
from services.kernel.core import Kernel
from services.kernel.ledger import journal
from services.kernel.policy.taxonomy import TYPES
from services.kernel.queue import jobs
from services.kernel.queue.jobs import Lease
from services.kernel.queue.stages import following
from services.kernel.readings import TITLE_CONTEXT, field_values
from services.kernel.tables import Item, Party

PARTY_CONTEXT = "parties.name"


class CatalogueHandler:
    """Does ``Stage.CATALOGUE``; the payload is ``{"item": id, "revision": n}``."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def __call__(self, lease: Lease) -> None:
        vault, settings = self._kernel.vault, self._kernel.settings
        with lease.finish() as session:
            item = session.get_one(Item, lease.payload["item"])
            fields = [each.reading for each in field_values(session, vault, item)]
            rule = TYPES[item.type or "other"]
            item.business_type = item.business_type or rule.business_type or None
            if item.title_sealed is None:
                title = cataloguing.title_of(rule, fields)
                item.title_sealed = vault.seal_text(session, item.key_id, TITLE_CONTEXT, title)
            if item.reference_code is None:
                year = cataloguing.year_of(fields, now().astimezone(OFFICE).year)
                item.reference_code = numbering.draft_code(session, settings.fonds, rule, year)
            for role, name in cataloguing.parties(fields):
                sealed = vault.seal_text(session, item.key_id, PARTY_CONTEXT, name)
                session.add(Party(item_id=item.id, role=role, name_sealed=sealed))
            rescans.note(session, vault, item, fields)
            key = f"{item.id}:{item.revision}"
            jobs.enqueue(session, following(lease.stage), key, lease.payload, batch=item.batch_id)
            journal.append(session, "item.catalogue", actor=None, item=item.id, reference_code=item.reference_code)
