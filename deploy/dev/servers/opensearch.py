"""OpenSearch, put together from its published modules by the runner of codelibs.

The modules given are what Elasticsearch's build has, so that neither adapter can lean on what the other lacks. There is no
security module among those published: plain HTTP on loopback, without accounts.
"""

from __future__ import annotations

from opensearchpy import OpenSearch

from deploy.dev.servers import java
from deploy.dev.servers.engines import Engines
from deploy.dev.servers.process import Server
from deploy.dev.servers.site import Site, free_ports

URL = "MUNIMENT_TEST_OPENSEARCH_URL"
_MAIN = "org.codelibs.opensearch.runner.OpenSearchRunner"
_MODULES = "org.opensearch.transport.Netty4ModulePlugin"
_RUNNER_PORTS = range(9201, 9300)  # the runner looks for a port up to 9299 and nowhere else


def prepare(site: Site, name: str, engines: Engines) -> Server:
    folder = site.folder(name)
    config = folder / "config"
    config.mkdir()
    site.give(config)
    (http,) = free_ports(1, _RUNNER_PORTS)
    (transport,) = free_ports(1)
    site.write(
        config / "opensearch.yml",
        f"network.host: 127.0.0.1\ntransport.port: {transport}\ncluster.routing.allocation.disk.threshold_enabled: false\n",
    )
    options = {"basePath": folder, "confPath": config, "numOfNode": 1, "baseHttpPort": http - 1, "clusterName": "muniment-test"}
    command = [
        str(engines.java / "bin/java"),
        *java.OPTIONS,
        "--enable-native-access=ALL-UNNAMED",
        f"-Djava.io.tmpdir={folder}",
        "-cp",
        f"{engines.opensearch}/*",
        _MAIN,
    ]
    return Server(
        name=name,
        kind="opensearch",
        command=[
            *command,
            *(str(part) for key, value in options.items() for part in (f"-{key}", value)),
            "-moduleTypes",
            _MODULES,
        ],
        folder=str(folder),
        exports={URL: f"http://127.0.0.1:{http}"},
    )


def version(exports: dict[str, str]) -> str:
    client = OpenSearch(exports[URL], timeout=5, max_retries=0)
    try:
        client.cluster.health(params={"wait_for_status": "yellow"})
        return f"OpenSearch {client.info()['version']['number']}"
    finally:
        client.close()
