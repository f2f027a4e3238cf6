"""The key service's own guard: a policy for each account that has to do with the master key."""

from __future__ import annotations

from collections.abc import Iterator

from services.privileges.accounts import ACCOUNTS

_PATHS = {"wrap": "encrypt", "unwrap": "decrypt"}


def policies(mount: str, key: str) -> Iterator[tuple[str, str]]:
    """Account and policy in HCL, for a key of the transit engine."""
    for account, privileges in ACCOUNTS.items():
        if privileges.keys:
            paths = [f"{mount}/{_PATHS[act]}/{key}" for act in sorted(privileges.keys)]
            yield account, "".join(f'path "{path}" {{\n  capabilities = ["update"]\n}}\n' for path in paths)


def document(mount: str, key: str) -> str:
    """All of them, each under its account's name."""
    return "\n".join(f"# {account}\n{policy}" for account, policy in policies(mount, key))
