"""Delegations (委托): who decides for whom, in which role, until when."""
