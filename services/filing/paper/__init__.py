"""What filing prints: catalogue, filing form, labels. Pure layout; who may print what is decided before."""
