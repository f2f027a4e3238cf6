"""The servers of ``make test-cluster``: each killed, stopped or paused by itself, and started again on its port and data.
Whoever else uses them meanwhile notices."""

from __future__ import annotations

from deploy.dev.servers import cluster, process
from deploy.dev.servers.process import Running
from deploy.dev.servers.site import Site


class Servers:
    """By the names of ``deploy.dev.servers``."""

    def __init__(self) -> None:
        self._site = Site.of_this_tree()

    def kill(self, name: str) -> None:
        process.kill(self._one(name))

    def stop(self, name: str) -> None:
        process.stop([self._one(name)])

    def start(self, name: str) -> None:
        """Returns when it answers."""
        with cluster.locked(self._site):
            cluster.restart(self._site, name)

    def pause(self, name: str) -> None:
        process.pause(self._one(name))

    def resume(self, name: str) -> None:
        process.resume(self._one(name))

    def _one(self, name: str) -> Running:
        return cluster.one(cluster.read(self._site), name)
