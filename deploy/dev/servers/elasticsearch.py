"""Elasticsearch with its security on: TLS, a superuser from a file, API keys.

Maven offers the distribution that the vendor runs its own tests on: the server with transport, security and monitoring, but
without the modules around it. Clients must do without ``GET /`` (so without ``info()``), ``_reindex``, ``*_by_query``, scripts
and every analyser but the few in the server itself, of which ``whitespace`` is the one we use.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import shutil
from pathlib import Path

from elasticsearch import Elasticsearch

from deploy.dev.servers import certificates, java
from deploy.dev.servers.engines import Engines
from deploy.dev.servers.process import Server
from deploy.dev.servers.site import Site, free_ports

_PREFIX = "MUNIMENT_TEST_ELASTICSEARCH"
_USER = "muniment-test"
_ITERATIONS = 10_000


def prepare(site: Site, name: str, engines: Engines) -> Server:
    folder = site.folder(name)
    config, temporary = folder / "config", folder / "tmp"  # apart: plugins may write to the one and not to the other
    temporary.mkdir()
    site.give(temporary)
    http, transport = free_ports(2)
    password = secrets.token_hex(16)
    _configure(site, config, engines, http, transport)
    site.write(config / "users", f"{_USER}:{_hashed(password)}\n")
    site.write(config / "users_roles", f"superuser:{_USER}\n")
    return Server(
        name=name,
        kind="elasticsearch",
        command=[str(engines.elasticsearch / "bin/elasticsearch")],
        folder=str(folder),
        environment={"ES_JAVA_HOME": str(engines.java), "ES_PATH_CONF": str(config), "ES_TMPDIR": str(temporary)},
        exports={
            f"{_PREFIX}_URL": f"https://127.0.0.1:{http}",
            f"{_PREFIX}_USER": _USER,
            f"{_PREFIX}_PASSWORD": password,
            f"{_PREFIX}_CA": str(_authority(site)),
        },
    )


def version(exports: dict[str, str]) -> str:
    """Waits for primaries too, so that the first index of a test is not the first thing the server does."""
    value = {name.removeprefix(f"{_PREFIX}_"): value for name, value in exports.items()}
    with Elasticsearch(
        value["URL"], basic_auth=(value["USER"], value["PASSWORD"]), ca_certs=value["CA"], request_timeout=5, max_retries=0
    ) as client:
        client.cluster.health(wait_for_status="yellow", timeout="3s")
        (node,) = client.nodes.info(node_id="_local")["nodes"].values()
    return f"Elasticsearch {node['version']}"


def _configure(site: Site, config: Path, engines: Engines, http: int, transport: int) -> None:
    config.mkdir()
    site.give(config)
    shutil.copy(engines.elasticsearch / "config/log4j2.properties", config)
    site.give(config / "log4j2.properties")
    issued = certificates.issue()
    site.write(config / "server.pem", issued.certificate)
    site.write(config / "server.key", issued.key)
    _authority(site).write_text(issued.authority)
    site.write(config / "jvm.options", "".join(f"{option}\n" for option in (*java.OPTIONS, "-Djava.io.tmpdir=${ES_TMPDIR}")))
    settings = {
        "cluster.name": "muniment-test",
        "node.name": "muniment-test",
        "path.data": config.parent / "data",
        "path.logs": config.parent / "logs",
        "network.host": "127.0.0.1",
        "http.port": http,
        "transport.port": transport,
        "discovery.type": "single-node",
        "cluster.routing.allocation.disk.threshold_enabled": "false",
        "xpack.security.enabled": "true",
        "xpack.security.autoconfiguration.enabled": "false",
        "xpack.security.http.ssl.enabled": "true",
        "xpack.security.http.ssl.key": "server.key",
        "xpack.security.http.ssl.certificate": "server.pem",
    }
    site.write(config / "elasticsearch.yml", "".join(f"{key}: {value}\n" for key, value in settings.items()))


def _authority(site: Site) -> Path:
    """Outside the server's folder: the client, who may be somebody else, reads it."""
    return site.root / "elasticsearch-ca.pem"


def _hashed(password: str) -> str:
    """As ``elasticsearch-users`` writes it, without starting a JVM for it."""
    salt = secrets.token_bytes(32)
    derived = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS, 32)
    return f"{{PBKDF2}}{_ITERATIONS}${base64.b64encode(salt).decode()}${base64.b64encode(derived).decode()}"
