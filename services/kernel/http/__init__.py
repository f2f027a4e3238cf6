"""What every HTTP route shares: problems (RFC 9457), request ids, who is asking, idempotency, pages, health, metrics."""
