"""The web pages: a client of the public HTTP API and of nothing else. Whatever a page can do, a script can do; who may do it is
decided by the API alone.
"""
