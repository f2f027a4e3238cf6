"""Entries of the ledger by person, item, customer, request, grant, act and time."""
