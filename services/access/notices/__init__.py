"""Notices (通知) as their people see them, and the receipts that they give."""
