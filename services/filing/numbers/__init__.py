"""The register of reference codes (档号登记): each number that was ever given out, and why one is not in use."""
