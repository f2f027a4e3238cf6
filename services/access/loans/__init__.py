"""Loans of paper (借阅): handed out under a grant, due back, looked at when it returns."""
