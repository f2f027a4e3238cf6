"""Copies (复制): counted, numbered, each with a mark of its own, in a register until it is given back or destroyed."""
