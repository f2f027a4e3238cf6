"""What the search engines' Java machines run with. ``MUNIMENT_TEST_HEAP`` (``512m``) is the memory of each: tests need little,
an index of 100,000 items more."""

from __future__ import annotations

import os

HEAP = os.environ.get("MUNIMENT_TEST_HEAP", "512m")
OPTIONS = (f"-Xms{HEAP}", f"-Xmx{HEAP}", "-XX:+UseG1GC", "-XX:+ExitOnOutOfMemoryError")
