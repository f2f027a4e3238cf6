"""监督: the ledger for its auditors, and leaders' inspections."""
