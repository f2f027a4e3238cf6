"""Which kinds of paper there are, and making one from a seed."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from samples.document import Document
from samples.forms import identity, lease, sale, separators, voucher

FORMS: dict[str, Callable[..., Document]] = {
    "sale_contract": sale.sale_contract,
    "lease_contract": lease.lease_contract,
    "payment_voucher": voucher.payment_voucher,
    "id_card": identity.id_card,
    "cover": separators.cover,
    "patch_t": separators.patch_t,
    "blank": separators.blank,
}
# Those that are documents; the rest separates them.
KINDS = tuple(kind for kind in FORMS if kind not in ("cover", "patch_t", "blank"))


def make(kind: str, seed: int, **options: str) -> Document:
    """A document of ``kind`` (one of ``KINDS``, or cover, patch_t, blank). The same seed gives the same paper.

    Options: ``name`` fixes the first person's name (buyer, lessee, payer, holder …); a cover takes ``title`` and ``kind``.
    Raises ``ValueError`` for an unknown kind.
    """
    if kind not in FORMS:
        raise ValueError(f"Unknown kind {kind!r}. Choose among: {', '.join(FORMS)}")
    return FORMS[kind](Random(f"{kind}:{seed}"), **options)
