"""Incidents (损坏、涂改、遗失, behaviour 16): what has happened to an original, and how it was settled."""
