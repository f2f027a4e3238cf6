"""What each process of the archive may touch, and no more: one table (``accounts``). The composition root hands out the parts
of the archive by it; what the servers are told is printed from it (``postgresql``, ``s3``, ``vault``), and so is its
documentation. One process for all, as ``muniment up`` is, has nothing to keep apart.
"""
