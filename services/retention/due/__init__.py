"""The due list, and why an item is on it or is not."""
