"""The formats that are taken, each a small reader with the same face. Everything here runs in the sandbox's child only."""
