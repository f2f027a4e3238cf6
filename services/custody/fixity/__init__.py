"""Fixity (behaviour 18): every stored object is re-read in turn, mended from its second copy, or reported."""
