"""``python -m deploy.dev.servers up | down | status | run -- COMMAND… | start | stop | kill | pause | resume NAME``."""

from __future__ import annotations

import argparse
import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from types import FrameType

from deploy.dev.servers import __doc__ as package_doc
from deploy.dev.servers import cluster, process
from deploy.dev.servers.cluster import NotUp
from deploy.dev.servers.process import Running
from deploy.dev.servers.site import Site

_ONE = {
    "stop": "stop one politely",
    "kill": "end one with SIGKILL",
    "pause": "let one hang (SIGSTOP)",
    "resume": "let one go on (SIGCONT)",
}
_DO: dict[str, Callable[[Running], None]] = {
    "stop": lambda running: process.stop([running]),
    "kill": process.kill,
    "pause": process.pause,
    "resume": process.resume,
}


def main(arguments: list[str]) -> int:
    given = _parser().parse_args(arguments)
    site = Site.of_this_tree()
    try:
        if given.action == "run":
            return run(site, given.command)
        if given.action == "status":
            return status(site)
        with cluster.locked(site):
            if given.action == "up":
                cluster.up(site)
                print(f"The variables are in {site.state}; `down` stops all of it.")
            elif given.action == "down":
                cluster.down(site)
            elif given.action == "start":
                cluster.restart(site, given.name)
            else:
                _DO[given.action](cluster.one(cluster.read(site), given.name))
    except NotUp as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m deploy.dev.servers", description=package_doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("up", help="start all, with empty data")
    actions.add_parser("down", help="stop all and remove their data")
    actions.add_parser("status", help="what runs, which version, where; exit 1 unless all answer")
    command = actions.add_parser(
        "run", help="start all, run the command, stop all; servers that are up already are used as they are"
    )
    command.add_argument("command", nargs="+", help="after --")
    for action, what in [("start", "start one again"), ("stop", "stop one politely"), ("kill", "end one with SIGKILL")]:
        actions.add_parser(action, help=what).add_argument("name")
    return parser


def status(site: Site) -> int:
    """One line a server."""
    running = cluster.read(site)
    answering = 0
    for name, each in running.items():
        try:
            version = cluster.VERSION[each.server.kind](each.server.exports)
            answering += 1
        except Exception as reason:
            version = f"does not answer: {type(reason).__name__}"
        address = next(iter(each.server.exports.values())).rpartition("@")[2].rpartition("//")[2]
        print(f"{name:14} {version:24} {address}")
    if not running:
        print("Nothing is up.")
    return 0 if running and answering == len(running) else 1


def run(site: Site, command: list[str]) -> int:
    """The command's exit code.

    Servers that ``up`` started are used as they are, by any number of runs at once. Otherwise the servers are started for this
    command alone, other runs wait, and they are stopped however it ends, by SIGTERM or Ctrl-C too.
    """
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _leave)
    with cluster.locked(site, "run.lock", fcntl.LOCK_SH):
        running = cluster.read(site)
        if cluster.all_alive(running):
            status(site)
            return _run(command, cluster.exports(running))
    with cluster.locked(site, "run.lock"):
        try:
            with cluster.locked(site):
                running = cluster.up(site)
            return _run(command, cluster.exports(running))
        finally:
            with cluster.locked(site):
                cluster.down(site)


def _run(command: list[str], variables: dict[str, str]) -> int:
    child = subprocess.Popen(command, env={**os.environ, **variables})
    try:
        code = child.wait()
    except BaseException:
        child.terminate()
        child.wait()
        raise
    return 128 - code if code < 0 else code


def _leave(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
