"""The index on Elasticsearch and on OpenSearch: one adapter over two clients, for archives that outgrow one machine."""
