"""What the files under deploy/ must agree on with the program: its command line, its settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import typer
import yaml

from services import web
from services.cli import app as command_line
from services.kernel.config import SECRETS, Settings
from services.kernel.queue.stages import Queue

TREE = Path(__file__).resolve().parents[1]
DEPLOY = TREE / "deploy"
PREFIX = "MUNIMENT_"


def load(path: Path | str) -> Any:
    return yaml.safe_load((DEPLOY / path).read_text())


def parsed(arguments: Iterable[str]) -> dict[str, Any]:
    """What the real command line makes of ``muniment ARGUMENTS``; nothing is run. Raises what it raises for wrong usage."""
    name, *rest = arguments
    group = typer.main.get_group(command_line)
    with group.make_context("muniment", [name, *rest]) as context:
        command = group.get_command(context, name)
        assert command is not None, f"there is no “muniment {name}”"
        with command.make_context(name, rest, parent=context) as inner:
            params: dict[str, Any] = inner.params
    rooms = {*web.ROOMS, web.CONSOLE}
    assert set(params.get("rooms", ())) <= rooms
    assert {Queue(queue) for queue in params["queues"].split(",")} if "queues" in params else True
    return params


def check_settings(environment: Mapping[str, Any]) -> None:
    """Every ``MUNIMENT_…`` variable is a setting, and its value one that it takes."""
    ours = {name.removeprefix(PREFIX).lower(): str(value) for name, value in environment.items() if name.startswith(PREFIX)}
    folder = ours.pop(SECRETS.removeprefix(PREFIX).lower(), None)
    assert folder is None or folder.startswith("/run/"), "secrets lie in memory"
    assert set(ours) <= set(Settings.model_fields)
    Settings(**ours)
