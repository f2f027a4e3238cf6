"""Grants as their people see them: what is open to whom, until when, and how it ends."""
