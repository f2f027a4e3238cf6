"""Checkpoints and proofs, for auditors and their tools."""
