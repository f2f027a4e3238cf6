"""The compose file, as the real Compose reads it. No Docker engine runs here: what it describes was not started."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from services import web
from services.kernel.blobs.keys import KEY_BYTES
from services.kernel.config import Settings
from services.kernel.queue.stages import Queue
from services.privileges.accounts import ACCOUNTS
from tests.deployment import DEPLOY, check_settings, parsed

FOLDER = DEPLOY / "compose"
ENGINES = {"postgresql", "redis", "elasticsearch", "s3", "s3-backup"}
WATCHERS = {"prometheus", "grafana"}


@pytest.fixture(scope="module")
def model() -> dict[str, Any]:
    """All files together, merged and checked against the specification."""
    command = [Path(sys.executable).with_name("docker-compose"), "-f", FOLDER / "compose.yaml", "--profile", "monitoring"]
    done = subprocess.run([*command, "config", "--format", "json"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def ours(model) -> dict[str, Any]:
    return {name: service for name, service in model["services"].items() if service["image"].startswith("muniment:")}


def test_every_room_is_a_service_of_its_own(ours):
    served = [parsed(service["command"]) for service in ours.values() if service["command"][0] == "serve"]
    assert sorted(room for each in served for room in each["rooms"]) == sorted([*web.ROOMS, web.CONSOLE])
    assert all(len(each["rooms"]) == 1 for each in served)


def test_commands_and_variables_are_the_programs_own(ours):
    for service in ours.values():
        parsed(service["command"])
        check_settings(service["environment"])
    queues = {parsed(service["command"])["queues"] for service in ours.values() if service["command"][0] == "worker"}
    assert queues == set(Queue), "each queue has its workers"


def test_ours_run_with_the_least(ours, model):
    for name, service in {**ours, "proxy": model["services"]["proxy"]}.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "privileged" not in service and "network_mode" not in service, name
    assert {name for name, service in ours.items() if service.get("cap_add")} == set()


def test_everything_is_limited_and_watched(model):
    for name, service in model["services"].items():
        limits = service["deploy"]["resources"]["limits"]
        assert {"cpus", "memory", "pids"} <= set(limits), name
        image = service["image"].startswith("muniment:")  # which brings its own check
        assert image or "test" in service["healthcheck"], name
        assert ":" in service["image"] and not service["image"].endswith(":latest"), name
        assert "." not in service["image"].partition("/")[0] or "/" not in service["image"], "no registry is named"


def test_engines_are_out_of_reach(model):
    networks = model["networks"]
    assert networks["engines"]["internal"] is True and networks["rooms"]["internal"] is True
    for name in ENGINES:
        service = model["services"][name]
        assert set(service["networks"]) == {"engines"} and "ports" not in service, name
    assert "engines" not in model["services"]["console"]["networks"]
    assert "engines" not in model["services"]["proxy"]["networks"]
    doors = {name: service["ports"] for name, service in model["services"].items() if "ports" in service}
    assert set(doors) == {"proxy", "grafana"}
    assert all(port["host_ip"] == "127.0.0.1" for port in doors["grafana"])


def test_what_migrates_goes_first_and_once(ours):
    migrate = ours.pop("migrate")
    assert migrate["restart"] == "no"
    assert [secret["source"] for secret in migrate["secrets"]] == ["muniment_catalogue_url"]
    for name, service in ours.items():
        if name != "console":
            assert service["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
            assert service["environment"]["MUNIMENT_MIGRATE"] == "false"


STORE_KEYS = {f"muniment_{store}s3_{key}" for store in ("", "backup_") for key in ("access_key", "secret_key")}


def test_each_is_given_what_opens_its_own_doors(ours):
    for name, service in ours.items():
        command = parsed(service["command"])
        (account,) = command.get("rooms") or [command.get("queues") or service["command"][0]]
        if account not in ACCOUNTS:
            continue
        held = ACCOUNTS[account]
        wanted = {"muniment_catalogue_url"} | {f"{each}_key" for each in held.secrets}
        wanted |= STORE_KEYS if held.objects or held.checkpoints else set()
        wanted |= {"master_key"} if held.keys else set()
        wanted |= {"muniment_index_url"} if held.index else set()
        wanted |= {"muniment_broker_url"} if held.broker else set()
        assert {secret["source"] for secret in service["secrets"]} == wanted, name


def test_the_console_is_given_no_secret(ours):
    assert "secrets" not in ours["console"]


def test_stopping_waits_for_what_is_in_hand(ours):
    drain = Settings.model_fields["drain_seconds"].default
    for name, service in ours.items():
        match = re.fullmatch(r"(?:(\d+)m)?(\d+)s", service["stop_grace_period"])
        assert match is not None
        assert int(match[1] or 0) * 60 + int(match[2]) >= drain + 15, name


def test_a_master_of_the_largest_size_fits_where_it_is_read(ours, model):
    largest = int(ours["reader"]["environment"]["MUNIMENT_MAX_FILE_BYTES"])
    assert {service["environment"].get("MUNIMENT_MAX_FILE_BYTES") for service in ours.values()} == {str(largest), None}
    (scratch,) = [int(m) << 20 for m in re.findall(r"/tmp:size=(\d+)m", " ".join(ours["reader"]["tmpfs"]))]
    assert largest < scratch
    upload = model["services"]["proxy"]["environment"]["MUNIMENT_UPLOAD_LIMIT"]
    assert largest < int(upload.removesuffix("MB")) * 10**6
    limit = int(ours["reader"]["deploy"]["resources"]["limits"]["memory"])
    assert limit >= scratch + (1 << 30), "a reader's own memory besides"


def secrets_in(folder: Path) -> dict[str, bytes]:
    subprocess.run([FOLDER / "secrets.sh", folder], check=True)
    return {path.name: path.read_bytes() for path in (folder / "secrets").iterdir()}


def test_secrets_are_files_that_the_settings_take(tmp_path, model, monkeypatch):
    made = secrets_in(tmp_path)
    assert secrets_in(tmp_path) == made, "a second run changes nothing"
    assert (tmp_path / "secrets").stat().st_mode & 0o077 == 0
    asked = {Path(secret["file"]).name for secret in model["secrets"].values()}
    assert asked <= set(made)
    assert [len(made[f"{name}.key"]) for name in ("master", "lookup", "ledger")] == [KEY_BYTES] * 3
    assert {name.removeprefix("muniment_") for name in made if name.startswith("muniment_")} <= set(Settings.model_fields)
    monkeypatch.setenv("MUNIMENT_SECRETS", str(tmp_path / "secrets"))
    settings = Settings()
    assert settings.catalogue_url == f"postgresql+psycopg://muniment:{made['postgresql_password'].decode()}@postgresql/muniment"
    assert made["redis.conf"].decode().split()[1] in str(settings.broker_url)
    for store, key in (("s3", settings.s3_access_key), ("s3-backup", settings.backup_s3_access_key)):
        (identity,) = json.loads(made[f"{store}.json"])["identities"]
        assert identity["credentials"][0]["accessKey"] == key
        assert all(action.endswith(":muniment") for action in identity["actions"])


def test_no_secret_stands_in_the_files(model):
    for name, service in model["services"].items():
        for variable, value in (service.get("environment") or {}).items():
            assert not re.search(r"://[^/]*:[^/]*@", str(value)), f"{name}: {variable}"
            assert "PASSWORD" not in variable or str(value).startswith("/run/secrets/"), f"{name}: {variable}"
    assert "secrets/" in (FOLDER / ".gitignore").read_text().splitlines()
