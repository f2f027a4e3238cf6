"""Where the servers live and as whom they run."""

from __future__ import annotations

import hashlib
import os
import pwd
import random
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path

TREE = Path(__file__).resolve().parents[3]
_PORTS = range(20000, 29000)  # below the range that the kernel gives to outgoing connections


@dataclass(frozen=True)
class Account:
    """An unprivileged user: PostgreSQL and both search engines refuse to run as root."""

    uid: int
    gid: int
    name: str

    @classmethod
    def unprivileged(cls) -> Account:
        entry = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        return cls(entry.pw_uid, entry.pw_gid, entry.pw_name)

    def can_reach(self, path: Path) -> bool:
        """Whether every folder above ``path`` lets this account pass."""
        return os.geteuid() == self.uid or all(folder.stat().st_mode & 0o001 for folder in path.resolve().parents)


@dataclass(frozen=True)
class Site:
    """``root``: what runs, emptied by each ``up``. ``cache``: what was fetched, kept. Both are ``.cluster/`` in the work tree,
    or lie under /var/tmp where the account may not enter the tree (root's clone in a private folder).
    MUNIMENT_CLUSTER_SET names one more set of servers ``beside`` the usual one."""

    root: Path
    cache: Path
    account: Account
    beside: str = ""

    @classmethod
    def of_this_tree(cls) -> Site:
        account = Account.unprivileged()
        root = cache = Path(os.environ.get("MUNIMENT_CLUSTER_HOME") or TREE / ".cluster").absolute()
        if not account.can_reach(root):
            cache = Path("/var/tmp/muniment-cluster")  # noqa: S108 - see _own
            root = cache / f"of-{hashlib.sha256(bytes(root)).hexdigest()[:12]}"
        _own(cache)
        _own(root)
        if beside := os.environ.get("MUNIMENT_CLUSTER_SET", ""):
            root /= f"set-{beside}"
            _own(root)
        return cls(root, cache, account, beside)

    @property
    def state(self) -> Path:
        return self.root / "servers.json"

    @property
    def running(self) -> Path:
        return self.root / "run"

    def log(self, name: str) -> Path:
        return self.root / "logs" / f"{name}.log"

    def folder(self, name: str) -> Path:
        """An empty folder of its own for a server, owned by the account."""
        path = self.running / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        self.give(path)
        return path

    def give(self, *paths: Path) -> None:
        """Hand files and folders to the account, closed to everybody else."""
        for path in paths:
            path.chmod(0o700 if path.is_dir() else 0o600)
            if os.geteuid() == 0:
                os.chown(path, self.account.uid, self.account.gid)

    def write(self, path: Path, text: str) -> Path:
        path.write_text(text)
        self.give(path)
        return path


def _own(folder: Path) -> None:
    """Make it, or see that nobody else made it: the names under /var/tmp can be guessed."""
    folder.mkdir(mode=0o755, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
        raise SystemExit(f"{folder} belongs to somebody else. Remove it, or name another folder in MUNIMENT_CLUSTER_HOME.")


def free_ports(count: int, among: range = _PORTS) -> list[int]:
    """``count`` ports of 127.0.0.1 that nobody listens on."""
    found: list[int] = []
    for port in random.sample(among, len(among)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise SystemExit("There are no free ports on 127.0.0.1. Stop other servers, then try again.")
