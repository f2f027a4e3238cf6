"""What two rooms need, or what guards integrity. The kernel imports no room."""
