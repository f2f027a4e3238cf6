"""The engines of the cluster profile, started on loopback for tests and for development.

``python -m deploy.dev.servers up | status | down | run -- COMMAND…`` starts PostgreSQL, Redis, two S3 stores, Elasticsearch
and OpenSearch, each with empty data, a random port and random credentials, as an unprivileged user. What a client needs is
exported as ``MUNIMENT_TEST_…`` to the command, and written to ``.cluster/servers.json``. ``stop``, ``kill`` and ``start``
followed by a name do the same to one of them, on the same port and data, and ``pause`` lets it hang until ``resume``: that is
how failures are rehearsed.

One module an engine, each with ``prepare(site, …) -> Server`` and ``version(exports) -> str``; the latter is the health check.
"""
