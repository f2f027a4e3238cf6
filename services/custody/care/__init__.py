"""Fragile and vital originals (易损、易丢失, behaviour 19): which there are, so that an inspection misses none."""
