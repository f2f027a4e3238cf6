"""What one parser may use."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1 << 20
GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes, times in seconds. ``cpu_seconds`` and ``wall_seconds`` hold for one call, the rest for the child.

    ``address_space`` leaves room for an A0 sheet at 300 dpi (139 megapixels) in colour and one copy of it;
    ``file_size`` must exceed ``answer_bytes``, since the answer is written to a file in memory.
    """

    address_space: int = 3 * GIB
    cpu_seconds: int = 120
    wall_seconds: float = 60.0
    start_seconds: float = 30.0
    file_size: int = 2 * GIB
    open_files: int = 128
    processes: int = 64
    facts_bytes: int = 32 * MIB
    answer_bytes: int = 1 * GIB
