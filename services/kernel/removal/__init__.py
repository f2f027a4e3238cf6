"""Taking every copy of an item away, store by store, so that it may be done again after any crash: by whoever destroys it, and
by whoever puts an older copy of the archive back and must destroy it again."""
