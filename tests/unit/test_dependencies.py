"""What is installed is pinned by digest, and no file says from where: that is each machine's own to choose."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LISTS = ("run", "dev")
REQUIREMENT = re.compile(r"^([a-z0-9][a-z0-9.-]*)(?:\[[^\]]+\])?==(\S+)")


def pinned(name: str) -> dict[str, str]:
    """Each requirement's lines, joined."""
    text = (ROOT / f"requirements/{name}.txt").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    found = {}
    for line in lines:
        match = REQUIREMENT.match(line)
        assert match, f"{name}: not pinned: {line[:60]}"
        found[f"{match[1]}=={match[2]}"] = line
    return found


@pytest.mark.parametrize("name", LISTS)
def test_everything_is_pinned_with_digests(name):
    requirements = pinned(name)
    assert len(requirements) > 50
    assert [each for each, line in requirements.items() if not re.search(r"--hash=sha256:[0-9a-f]{64}", line)] == []


def test_what_the_project_asks_for_is_in_the_list():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for name, asked in (("run", project["dependencies"]), ("dev", project["optional-dependencies"]["dev"])):
        known = {each.partition("==")[0] for each in pinned(name)}
        wanted = {re.split(r"[\[<>=~! ;]", each)[0].lower().replace("_", "-") for each in asked}
        assert wanted - known == set(), "run “make lock”"


def test_no_file_names_a_registry():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    chosen = [
        ROOT / path for path in listed if Path(path).suffix in (".toml", ".txt", ".cfg", ".yaml", ".sh") or "Makefile" in path
    ]
    assert len(chosen) > 20
    naming = re.compile(r"--(extra-)?index-url|--find-links|PIP_INDEX_URL|UV_INDEX|simple/?$", re.MULTILINE)
    assert [str(path) for path in chosen if path.exists() and naming.search(path.read_text("utf-8", "replace"))] == []
