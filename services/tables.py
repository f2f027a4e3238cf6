"""Every table of every room: whoever opens the catalogue knows them all, whichever room he serves."""

from __future__ import annotations

from services.access.conduct import tables as access_conduct
from services.access.loans import tables as access_loans
from services.access.marking import tables as access_marking
from services.access.requests import tables as access_requests
from services.access.reveals import tables as access_reveals
from services.audit import tables as audit
from services.custody.backups import tables as custody_backups
from services.custody.fixity import tables as custody_fixity
from services.custody.inspections import tables as custody_inspections
from services.custody.packages import tables as custody_packages
from services.custody.properties import tables as custody_properties
from services.custody.storerooms import tables as custody_storerooms
from services.filing.corrections import tables as filing_corrections
from services.filing.forms import tables as filing_forms
from services.filing.handovers import tables as filing_handovers
from services.filing.labels import tables as filing_labels
from services.filing.numbers import tables as filing_numbers
from services.filing.quality import tables as filing_quality
from services.kernel import casefiles as kernel_casefiles
from services.kernel import copies as kernel_copies
from services.kernel import holds as kernel_holds
from services.kernel import incidents as kernel_incidents
from services.kernel import keymarks as kernel_keymarks
from services.kernel import notices as kernel_notices
from services.kernel import seal as kernel_seal
from services.kernel import tables as kernel_tables
from services.kernel import tombstones as kernel_tombstones
from services.kernel.approvals import tables as kernel_approvals
from services.kernel.grants import tables as kernel_grants
from services.kernel.http import tables as kernel_http
from services.kernel.identity import duties as kernel_identity_duties
from services.kernel.identity import tables as kernel_identity
from services.kernel.identity.oidc import tables as kernel_identity_oidc
from services.kernel.ledger import tables as kernel_ledger
from services.kernel.policy import lookup_ring as kernel_policy_lookup_ring
from services.kernel.policy import tables as kernel_policy
from services.kernel.queue import tables as kernel_queue
from services.ocr.types import tables as ocr_types
from services.retention import tables as retention
from services.retention.batches import tables as retention_batches
from services.retention.destruction import tables as retention_destruction

ALL = (
    access_conduct,
    access_loans,
    access_marking,
    access_requests,
    access_reveals,
    audit,
    custody_backups,
    custody_fixity,
    custody_inspections,
    custody_packages,
    custody_properties,
    custody_storerooms,
    filing_corrections,
    filing_forms,
    filing_handovers,
    filing_labels,
    filing_numbers,
    filing_quality,
    kernel_approvals,
    kernel_casefiles,
    kernel_copies,
    kernel_grants,
    kernel_holds,
    kernel_http,
    kernel_identity_duties,
    kernel_identity_oidc,
    kernel_identity,
    kernel_incidents,
    kernel_keymarks,
    kernel_ledger,
    kernel_notices,
    kernel_policy_lookup_ring,
    kernel_policy,
    kernel_queue,
    kernel_seal,
    kernel_tables,
    kernel_tombstones,
    ocr_types,
    retention_batches,
    retention_destruction,
    retention,
)
