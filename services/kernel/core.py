"""The kernel's parts, built once by the composition root and handed to every room."""

from __future__ import annotations

from dataclasses import dataclass, field

from services.kernel.blobs.keys import Vault
from services.kernel.blobs.sealed import SealedStore
from services.kernel.config import Settings
from services.kernel.db import Database
from services.kernel.http.limiting import Limiter
from services.kernel.ledger.note import Signer
from services.kernel.metrics import Metrics
from services.kernel.policy.lookup_ring import LookupRing
from services.kernel.queue.wakeup import Wakeup


@dataclass(frozen=True, slots=True)
class Kernel:
    settings: Settings
    database: Database
    vault: Vault
    objects: SealedStore
    lookups: LookupRing
    signer: Signer
    wakeup: Wakeup
    metrics: Metrics
    limiter: Limiter = field(default_factory=Limiter)
