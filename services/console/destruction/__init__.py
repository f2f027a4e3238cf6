"""Pages of destructions: the batches, and each one on its way."""
