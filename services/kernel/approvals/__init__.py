"""Approvals: rounds of people whom policy names (``standing``, pure), and the signatures that they give (``decisions``)."""
