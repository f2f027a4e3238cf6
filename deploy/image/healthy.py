"""For HEALTHCHECK: rooms are asked whether they are ready, worker and schedule whether they answer at all."""

import os
import sys
import urllib.request

port = os.environ.get("MUNIMENT_METRICS_PORT")
url = f"http://127.0.0.1:{port}/metrics" if port else f"http://127.0.0.1:{os.environ.get('MUNIMENT_PORT', '8000')}/readyz"
straight = urllib.request.build_opener(urllib.request.ProxyHandler({}))
try:
    straight.open(url, timeout=10).close()
except OSError as error:  # an answer of 503 is one too
    sys.exit(f"{url}: {error}")
