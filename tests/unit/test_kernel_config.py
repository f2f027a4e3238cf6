"""Settings: which source is stronger, and that nothing changes them later."""

import os

import pytest
from pydantic import ValidationError

from services.kernel.config import SOCKET_PATH_LIMIT, Place, Settings


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_arguments_outweigh_the_environment_that_the_file_and_that_the_defaults(folder, monkeypatch):
    assert Settings().port == 8000
    (folder / "muniment.toml").write_text('port = 1\nhost = "file"\nfonds = "file"\n')
    assert (Settings().port, Settings().host) == (1, "file")
    monkeypatch.setenv("MUNIMENT_PORT", "2")
    monkeypatch.setenv("MUNIMENT_HOST", "environment")
    assert (Settings().port, Settings().host, Settings().fonds) == (2, "environment", "file")
    given = Settings(port=3)
    assert (given.port, given.host, given.fonds) == (3, "environment", "file")


def test_settings_are_frozen(folder):
    with pytest.raises(ValidationError):
        Settings().port = 1


def test_other_programs_variables_are_not_ours(folder, monkeypatch):
    monkeypatch.setenv("PORT", "1")
    monkeypatch.setenv("MUNIMENT_TOKEN", "for the command line")
    assert Settings().port == 8000


@pytest.mark.parametrize(
    "wrong",
    [
        {"port": 65_536},
        {"port": -1},
        {"workers": 0},
        {"engine": "guess"},
        {"lease_seconds": 0},
        {"max_attempts": 0},
        {"pages_per_job": 0},
        {"max_file_bytes": 0},
        {"session_hours": 0},
    ],
    ids=str,
)
def test_values_that_cannot_be_are_refused(folder, wrong):
    with pytest.raises(ValidationError):
        Settings(**wrong)


def test_folders_are_absolute_whatever_the_working_folder_becomes(folder, monkeypatch):
    settings = Settings(data="here", hot_folder="~/scans")
    monkeypatch.chdir("/")
    assert settings.data == folder / "here"
    assert settings.hot_folder is not None and settings.hot_folder.is_absolute() and "~" not in str(settings.hot_folder)


def test_keys_lie_beside_the_data_never_inside(folder):
    settings = Settings(data="here")
    assert settings.keys_folder == folder / "here.keys"
    assert not settings.keys_folder.is_relative_to(settings.data)
    assert Settings(data="here", keys="elsewhere").keys_folder == folder / "elsewhere"


def test_keys_inside_the_data_are_refused(folder):
    """A backup of the data would open itself."""
    for inside in ("here", "here/keys", "here/a/b"):
        with pytest.raises(ValidationError, match="outside"):
            Settings(data="here", keys=inside)


def test_the_embedded_profile_lies_in_the_data_folder(folder):
    settings = Settings(data="here")
    assert settings.catalogue == f"sqlite:///{folder / 'here' / 'catalogue.db'}"
    for part in (settings.objects_folder, settings.index_folder, settings.uploads_folder):
        assert part.parent == settings.data


def test_the_cluster_names_its_own(folder):
    settings = Settings(catalogue_url="postgresql+psycopg://db/m", broker_url="redis://broker/0")
    assert (settings.catalogue, settings.broker) == ("postgresql+psycopg://db/m", "redis://broker/0")


def test_the_socket_lies_in_the_data_folder_where_its_path_fits(tmp_path):
    settings = Settings(data="/srv/archive")
    assert settings.broker == "redis+socket:///srv/archive/run/broker.sock"


@pytest.mark.parametrize("name", ["x" * 120, "档案" * 30])
def test_a_long_path_gets_a_short_socket_of_its_own(tmp_path, monkeypatch, name):
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    one, two = Settings(data=tmp_path / name), Settings(data=tmp_path / f"{name}2")
    assert len(os.fsencode(one.broker_socket)) <= SOCKET_PATH_LIMIT
    assert not one.broker_socket.is_relative_to(one.data)
    assert one.broker_socket != two.broker_socket
    assert one.broker_socket == Settings(data=tmp_path / name).broker_socket, "every process finds it"


def test_the_longest_path_that_fits_stays(tmp_path):
    for length in (SOCKET_PATH_LIMIT - 1, SOCKET_PATH_LIMIT, SOCKET_PATH_LIMIT + 1):
        data = "/" + "d" * (length - len("/run/broker.sock") - 1)
        socket = Settings(data=data).broker_socket
        assert len(os.fsencode(socket)) <= SOCKET_PATH_LIMIT
        assert socket.is_relative_to(data) == (length <= SOCKET_PATH_LIMIT)


# ── where objects and the master key are ──────────────────────────────────────────────────────────────────────────────────

KEYS = {"s3_access_key": "a", "s3_secret_key": "first secret"}


def test_objects_lie_in_the_data_folder_once_unless_told_otherwise(folder):
    settings = Settings(data="here")
    assert settings.objects_place == Place((folder / "here" / "objects").as_uri())
    assert settings.backup_objects_place is None


def test_the_second_store_is_opened_as_the_first_where_it_has_no_keys_of_its_own(folder):
    first = {"objects_url": "s3://archive/m", "objects_endpoint": "http://one", **KEYS}
    settings = Settings(**first, backup_objects_url="s3://backup")
    assert settings.objects_place == Place("s3://archive/m", "http://one", "a", "first secret")
    assert settings.backup_objects_place == Place("s3://backup", "http://one", "a", "first secret")
    own = {"backup_objects_endpoint": "http://two", "backup_s3_access_key": "b", "backup_s3_secret_key": "second secret"}
    assert Settings(**first, backup_objects_url="s3://archive/m", **own).backup_objects_place == Place(
        "s3://archive/m", "http://two", "b", "second secret"
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"objects_url": "archive"},
        {"objects_url": "https://host/bucket"},
        {"objects_url": "s3://UPPER"},
        {"objects_url": "s3://bucket//twice"},
        {"objects_url": "s3://bucket/../up"},
        {"objects_url": "file://relative"},
        {"s3_access_key": "a"},
        {"backup_s3_secret_key": "a"},
        {"objects_url": "s3://one", "backup_objects_url": "s3://one"},
        {"objects_url": "s3://one", "backup_objects_url": "s3://one/"},
        {"objects_lock": "FOREVER"},
        {"vault_url": "http://vault"},
        {"vault_url": "http://vault", "vault_token": "t", "vault_token_file": "/t"},
        {"vault_url": "http://vault", "vault_token": "t", "vault_key": "a/b"},
        {"vault_url": "http://vault", "vault_token": "t", "vault_mount": "../sys"},
    ],
    ids=str,
)
def test_places_that_cannot_be_are_refused(folder, wrong):
    with pytest.raises(ValidationError):
        Settings(**wrong)


def test_secrets_are_not_shown(folder):
    settings = Settings(objects_url="s3://archive", vault_url="http://vault", vault_token="the token", **KEYS)
    for shown in (repr(settings), repr(settings.objects_place), settings.model_dump_json()):
        assert "first secret" not in shown and "the token" not in shown


def test_secrets_come_from_files_and_the_environment_is_stronger(tmp_path, monkeypatch):
    (tmp_path / "muniment_catalogue_url").write_text("postgresql+psycopg://a:b@db/muniment\n")
    (tmp_path / "muniment_s3_access_key").write_text("a")
    (tmp_path / "muniment_s3_secret_key").write_text("zhangwei\n")
    monkeypatch.setenv("MUNIMENT_SECRETS", str(tmp_path))
    monkeypatch.setenv("MUNIMENT_S3_ACCESS_KEY", "b")
    settings = Settings()
    assert settings.catalogue_url == "postgresql+psycopg://a:b@db/muniment"
    assert settings.s3_access_key == "b"
    assert settings.s3_secret_key is not None and settings.s3_secret_key.get_secret_value() == "zhangwei"
    assert "zhangwei" not in repr(settings)
