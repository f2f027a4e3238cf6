"""One's own account, and for the administrator everyone's."""
