"""What everybody does with their own account: password, second factor, sessions and tokens."""
