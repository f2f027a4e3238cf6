"""Stored objects. A port (``port``) with one adapter per kind of store, and above every adapter the same seal
(``sealed``): what reaches a store is ciphertext under its item's own data key (``keys``).
"""
