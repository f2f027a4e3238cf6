"""Handover packages (移交): items with their metadata and history as BagIt (RFC 8493), given to another archive, checked there
by the same program, and accepted or rejected item by item."""
