"""The sample: which pages a person looks at. Random to whoever does not know the seed, and the same again to whoever does."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from fractions import Fraction
from math import ceil


def draw(pages: Collection[str], share: float, seed: str) -> frozenset[str]:
    """At least ``share`` of the pages (0…1, rounded up to whole pages), each as likely as any other: those whose
    SHA-256 of ``seed:page`` is smallest."""
    count = ceil(Fraction(str(share)) * len(pages))
    return frozenset(sorted(pages, key=lambda page: hashlib.sha256(f"{seed}:{page}".encode()).digest())[:count])
