"""检索: what was read is found again: one tokenizer, one query language, one index port."""
