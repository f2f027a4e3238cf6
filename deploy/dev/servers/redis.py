"""Redis from the distribution's package. It keeps nothing on disk: the catalogue knows what must be done."""

from __future__ import annotations

import secrets
import shutil

import redis

from deploy.dev.servers.process import Server
from deploy.dev.servers.site import Site, free_ports

URL = "MUNIMENT_TEST_REDIS_URL"


def prepare(site: Site, name: str) -> Server:
    program = shutil.which("redis-server")
    if not program:
        raise SystemExit("Redis is not installed. Run deploy/dev/setup.sh cluster.")
    folder = site.folder(name)
    (port,) = free_ports(1)
    password = secrets.token_hex(16)
    settings = f'bind 127.0.0.1\nport {port}\nrequirepass {password}\nsave ""\nappendonly no\ndir {folder}\n'
    return Server(
        name=name,
        kind="redis",
        command=[program, str(site.write(folder / "redis.conf", settings))],
        folder=str(folder),
        exports={URL: f"redis://:{password}@127.0.0.1:{port}/0"},
    )


def version(exports: dict[str, str]) -> str:
    with redis.Redis.from_url(exports[URL], socket_connect_timeout=2, socket_timeout=2) as client:
        return f"Redis {client.info('server')['redis_version']}"
