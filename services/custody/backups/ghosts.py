"""What backups still have of what was destroyed, in words for the certificate: objects go at once, wrapped keys and rows within
the days that the settings state."""

from __future__ import annotations

from datetime import timedelta

from services.kernel.clock import OFFICE, now
from services.kernel.config import Settings


def keys_note(settings: Settings) -> str:
    """Until when a destroyed key may lie in a backup of keys."""
    return (
        f"Wrapped keys leave the last backup of keys by {_day(settings.backup_key_days)}: nothing under them opens after that."
    )


def rows_note(settings: Settings) -> str:
    """Until when rows without content may lie in a backup of the catalogue."""
    return (
        f"Sealed rows, numbers and digests leave the last backup of the catalogue by {_day(settings.backup_days)}; "
        "a restore destroys the item again before it opens."
    )


def _day(days: int) -> str:
    """A day more than the settings say, for the run that prunes comes once a day."""
    return (now() + timedelta(days=days + 1)).astimezone(OFFICE).date().isoformat()
