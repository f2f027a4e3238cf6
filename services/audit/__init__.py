"""监督. The ledger for auditors: entries by person, item and act, and the export that proves itself offline."""
