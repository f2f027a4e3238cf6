"""收集: paper comes in. Uploads, hot folders and cover sheets; every file is looked at by content before it is taken, masters
are stored as they came, and nothing is lost.
"""
