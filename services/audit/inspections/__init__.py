"""Leaders' inspections of how the archive is kept (公司领导定期检查, behaviour 28)."""
