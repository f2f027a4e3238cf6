"""利用: what one has asked for and may open, what waits for one, and the desk where paper is lent and copies are made."""
