"""Extracts of the ledger, each row with the proof that it stands there."""
