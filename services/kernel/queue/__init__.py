"""What is to be done, and by whom. The jobs table with its leases is the truth (``jobs``); a job row is written in the
transaction of its cause and so is its own outbox; Celery carries wake-ups only (``wakeup``); ``stages`` alone says what
comes next in a document's way."""
