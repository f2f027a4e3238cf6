"""Standing reports: who saw a customer, what a person saw, reading out of hours and in masses, grants that were never used,
approvals by delegates."""
