"""保管. Stored objects are proven here: every one can be re-read and held against what the catalogue says of it."""
