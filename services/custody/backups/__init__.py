"""备份与恢复. A backup is one moment of the catalogue, the objects that it names and, elsewhere, its wrapped data keys. It
counts once a restore of it was tried. What was destroyed does not come back with it.
"""
