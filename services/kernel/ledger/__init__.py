"""The tamper-evident audit log: a Merkle tree (``merkle``, pure), append (``journal``), signed checkpoints (``note``),
export and offline verification (``export``)."""
