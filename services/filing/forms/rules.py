"""When an entry may be called catalogued, and what a filing form says; rules without a database."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence

from services.filing.forms.tables import FilingLine
from services.kernel.readings import OpenField


def unproven(fields: Iterable[OpenField]) -> list[str]:
    """Names of fields whose value fails its own check and was vouched for by nobody (核实, behaviour 4)."""
    return sorted({each.row.name for each in fields if each.row.check == "failed" and each.row.verification == "read"})


def digest(lines: Sequence[FilingLine]) -> str:
    """SHA-256 over the lines of a form in order: what both people have put their names to."""
    content = [[line.item_id, line.revision, line.reference_code, line.type, line.pages] for line in lines]
    return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()
