"""Handovers (移交): one hands over, another takes over, and decides on each item by itself (behaviour 22)."""
