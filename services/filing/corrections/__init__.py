"""Corrections (更正): each a new version with its evidence; what stood there before stays (behaviours 4, 16 and 20)."""
