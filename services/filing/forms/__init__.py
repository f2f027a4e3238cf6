"""Filing forms (归档登记表) and the second person's signature, by which an item becomes part of the archive (behaviour 7)."""
