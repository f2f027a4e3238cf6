"""How much one file may ask for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class IntakeLimits:
    """``size`` and ``inflated`` in bytes, ``page_pixels`` in pixels of one page as scanned.

    An A0 drawing at 300 dpi has 139 million pixels, and so has A4 at 1200 dpi.
    """

    size: int = 2 << 30
    pages: int = 5000
    page_pixels: int = 200_000_000
    inflated: int = 512 << 20
