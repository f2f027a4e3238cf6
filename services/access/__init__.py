"""利用. Content is shown here and nowhere else: every text, picture, PDF and unmasked field is on the ledger first."""
