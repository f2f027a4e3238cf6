"""Which kinds of paper there are, and making one from a seed."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from samples.document import Document
from samples.forms import (
    agreements,
    bank_slip,
    deed,
    identity,
    invoice,
    lease,
    records,
    registers,
    sale,
    schedule,
    separators,
    voucher,
)  # fmt: skip

FORMS: dict[str, Callable[..., Document]] = {
    "sale_contract": sale.sale_contract,
    "lease_contract": lease.lease_contract,
    "investment_agreement": agreements.investment_agreement,
    "supplementary_agreement": agreements.supplementary_agreement,
    "payment_voucher": voucher.payment_voucher,
    "invoice": invoice.invoice,
    "bank_slip": bank_slip.bank_slip,
    "id_card": identity.id_card,
    "id_cards": identity.id_cards,
    "household_register": registers.household_register,
    "business_licence": registers.business_licence,
    "property_certificate": registers.property_certificate,
    "acceptance_report": records.acceptance_report,
    "power_of_attorney": records.power_of_attorney,
    "complaint_record": records.complaint_record,
    "deed": deed.deed,
    "filed_deed": deed.filed_deed,
    "envelope": deed.envelope,
    "schedule": schedule.schedule,
    "cover": separators.cover,
    "patch_t": separators.patch_t,
    "blank": separators.blank,
}
SEPARATORS = ("cover", "patch_t", "blank")
UNTYPED = ("deed", "filed_deed", "envelope", "schedule")
"""Papers of no type: written in columns from right to left, and a table of small cells."""
COUPLES = ("id_cards",)
"""What two people show on one page, of a type that is among the kinds already."""
# Those that are documents of a type.
KINDS = tuple(kind for kind in FORMS if kind not in (*SEPARATORS, *UNTYPED, *COUPLES))


def make(kind: str, seed: int, **options: str) -> Document:
    """A document of ``kind``: one of ``KINDS``, ``UNTYPED``, ``COUPLES``, or cover, patch_t, blank. The same seed gives the
    same paper.

    Options: ``name`` fixes the first person's name (buyer, lessee, payer, holder …); a cover takes ``title`` and
    ``document_type``.
    Raises ``ValueError`` for an unknown kind.
    """
    if kind not in FORMS:
        raise ValueError(f"Unknown kind {kind!r}. Choose among: {', '.join(FORMS)}")
    return FORMS[kind](Random(f"{kind}:{seed}"), **options)
