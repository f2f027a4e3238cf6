"""What lies on the desk: items at work, by their state."""
