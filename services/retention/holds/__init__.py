"""Holds (保留, 冻结): placed for a lawsuit, an audit, an inspection; released by somebody else."""
