"""Settings: one frozen object, read once at the edge and passed in. Sources, strongest first: arguments, environment
(``MUNIMENT_…``), files of such names in the folder ``MUNIMENT_SECRETS``, ``muniment.toml`` in the working folder, defaults.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from services.kernel.model import Role

SOCKET_PATH_LIMIT = 100
"""A unix socket's path must fit into 108 bytes (``unix(7)``); we keep a margin."""

SECRETS = "MUNIMENT_SECRETS"
"""The environment is seen by whoever sees the process; a file's reader can be chosen."""

PLACE = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/\w[\w.-]*)*|file:///.+")
"""A store of objects: a bucket (its name as S3 allows it) with a prefix, or a folder."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where objects lie, and what opens the door there."""

    url: str
    endpoint: str | None = None
    access_key: str | None = None
    secret_key: str | None = field(default=None, repr=False)


class Settings(BaseSettings):
    """Everything that an operator may set. Sizes are bytes, times seconds."""

    model_config = SettingsConfigDict(env_prefix="MUNIMENT_", toml_file="muniment.toml", frozen=True, extra="ignore")

    data: Path = Path("data")
    keys: Path | None = Field(None, description="Folder of the master key; never inside the data folder's backups.")
    catalogue_url: str | None = Field(None, description="SQLAlchemy URL; SQLite inside the data folder when unset.")
    broker_url: str | None = Field(None, description="Celery broker; the embedded Valkey's socket when unset.")
    migrate: bool = Field(True, description="Whether a process may bring an older catalogue up to date when it starts.")

    objects_url: str | None = Field(
        None, description="s3://bucket/prefix or file:///folder; inside the data folder when unset."
    )
    objects_endpoint: str | None = Field(None, description="URL of the S3 server; Amazon's own when unset.")
    objects_lock: Literal["COMPLIANCE", "GOVERNANCE"] | None = Field(None, description="Mode of Object Lock; none when unset.")
    s3_access_key: str | None = Field(None, description="With its secret key; AWS's own variables and files when unset.")
    s3_secret_key: SecretStr | None = None
    backup_objects_url: str | None = Field(None, description="A second store, with which each object is stored twice.")
    backup_objects_endpoint: str | None = Field(None, description="As the first store's when unset; so are the keys.")
    backup_s3_access_key: str | None = None
    backup_s3_secret_key: SecretStr | None = None

    checkpoints_url: str | None = Field(
        None,
        description="Where signed checkpoints of the ledger go and are never written again; beside the objects when unset.",
    )
    checkpoints_lock_days: int = Field(3650, ge=1, description="How long Object Lock keeps a checkpoint, where it is set.")

    backups_url: str | None = Field(
        None, description="A second store, for backups of all but the keys: s3:// or file:///; beside the data when unset."
    )
    backups_endpoint: str | None = Field(None, description="URL of that store's S3 server; Amazon's own when unset.")
    backups_s3_access_key: str | None = None
    backups_s3_secret_key: SecretStr | None = None
    backup_keys_url: str | None = Field(
        None, description="Where wrapped data keys are backed up, for a few days: elsewhere than the backups they would open."
    )
    backup_keys_endpoint: str | None = None
    backup_keys_s3_access_key: str | None = None
    backup_keys_s3_secret_key: SecretStr | None = None
    backups_lock: Literal["COMPLIANCE", "GOVERNANCE"] | None = Field(
        None, description="Object Lock of backups; none when unset."
    )
    backup_lock_days: int = Field(3, ge=1, description="How long at most; never beyond the earliest lawful destruction.")
    backup_hours: float = Field(24.0, gt=0, description="How often the scheduler has one made, once backups_url is set.")
    backup_verify_days: float = Field(7.0, gt=0, description="How often the scheduler has a restore of it tried.")
    backup_days: int = Field(35, ge=1, description="How long a backup is kept; the newest stays in any case.")
    backup_key_days: int = Field(7, ge=1, description="How long after its destruction a key may live on in a backup of keys.")

    index_url: str | None = Field(
        None,
        pattern=r"^(elasticsearch|opensearch)\+https?://[^/?]+",
        description="elasticsearch+https://host:9200/prefix or opensearch+https://user:password@host:9200/prefix, more hosts "
        "after commas; SQLite inside the data folder when unset.",
    )
    index_api_key: SecretStr | None = Field(None, description="Elasticsearch's, in the encoded form it is given out in.")
    index_ca: Path | None = Field(None, description="PEM file of the authority that signed the engine's certificate.")

    vault_url: str | None = Field(
        None, description="Vault or OpenBao, whose transit engine holds the master key; a file when unset."
    )
    vault_mount: str = Field("transit", pattern=r"^[\w-]+(/[\w-]+)*$", max_length=31)
    vault_key: str = Field("muniment", pattern=r"^[\w-]+$", max_length=31)
    vault_token: SecretStr | None = None
    vault_token_file: Path | None = Field(None, description="Read for each request: an agent may renew the token in it.")

    hot_folder: Path | None = Field(None, description="Watched for scans; none when unset.")
    hot_folder_owner: str | None = Field(None, description="Name of the person or service that hot-folder scans belong to.")

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    api_url: str | None = Field(None, description="Where a console that is served apart finds the API.")
    drain_seconds: float = Field(25.0, ge=0, description="How long requests in hand may take to end when serving stops.")
    metrics_port: int | None = Field(None, description="Where worker and schedule tell their counters; nowhere when unset.")
    traces: str | None = Field(
        None, description="Where spans go: a file for lines of JSON, or the http(s) URL of what takes OTLP; nowhere when unset."
    )
    https: bool = Field(False, description="Set when a TLS proxy stands in front: cookies become Secure.")

    engine: Literal["auto", "rapid", "tesseract"] = "auto"
    workers: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1)
    pages_per_job: int = Field(6, ge=1, description="Pages that one lease covers; each page is durable by itself.")
    lease_seconds: float = Field(120.0, gt=0, description="A reader silent for so long has lost its job.")
    deaf_seconds: float = Field(60.0, gt=0, description="Workers that leave due work alone for so long are started again.")
    max_attempts: int = Field(5, ge=1, description="Failures without progress before a job is parked.")

    max_file_bytes: int = Field(2 * 1024**3, ge=1)
    max_pages: int = Field(5_000, ge=1)
    max_page_pixels: int = Field(200_000_000, ge=1, description="An A0 drawing at 300 dpi has 139 million.")
    parser_seconds: float = Field(60.0, gt=0, description="What looks at or draws a few pages for longer is ended.")
    clamd: str | None = Field(
        None,
        pattern=r"^(unix:///.+|tcp://[^/:]+:\d+)$",
        description="unix:///run/clamav/clamd.ctl or tcp://host:3310: files are looked at before they are parsed.",
    )
    session_hours: float = Field(10.0, gt=0)
    session_idle_minutes: int = Field(60, ge=1, description="A session that asked nothing for so long is over.")
    token_days: int = Field(365, ge=1, le=3650, description="How long a token lasts unless told otherwise.")
    sign_ins_per_minute: int = Field(60, ge=1, description="From one address, at all doors.")
    requests_per_minute: int = Field(6_000, ge=1, description="Of one person or program.")
    public_url: str | None = Field(None, pattern=r"^https?://[^/?#]+/?$", description="The archive as browsers see it.")
    oidc_issuer: str | None = Field(
        None,
        pattern=r"^(https://|http://(127\.0\.0\.1|localhost)(:|/|$))",
        description="A sign-in provider (OpenID Connect) beside local accounts; none when unset.",
    )
    oidc_client_id: str | None = None
    oidc_client_secret: SecretStr | None = Field(None, description="None for a public client: PKCE protects the code anyway.")
    oidc_scopes: str = "openid"
    oidc_claim: str = Field("sub", description="The claim that says who it is; one that people cannot change themselves.")
    oidc_name: str = Field("单点登录", max_length=40, description="What the sign-in page calls it.")
    second_factor_for: frozenset[Role] = Field(frozenset(), description="Roles that sign in with a second factor only.")
    fonds: str = Field("M001", description="全宗号, the first level of every 档号 (DA/T 22-2015).")

    @field_validator("objects_url", "backup_objects_url", "checkpoints_url", "backups_url", "backup_keys_url")
    @classmethod
    def _place(cls, value: str | None) -> str | None:
        if value is not None and not PLACE.fullmatch(value):
            raise ValueError("must be s3://bucket/prefix or file:///folder")
        return value

    @model_validator(mode="after")
    def _in_pairs(self) -> Settings:
        for access, secret in (
            (self.s3_access_key, self.s3_secret_key),
            (self.backup_s3_access_key, self.backup_s3_secret_key),
            (self.backups_s3_access_key, self.backups_s3_secret_key),
            (self.backup_keys_s3_access_key, self.backup_keys_s3_secret_key),
        ):
            if (access is None) != (secret is None):
                raise ValueError("an S3 access key and its secret key are given together")
        if self.vault_url and (self.vault_token is None) == (self.vault_token_file is None):
            raise ValueError("the key service needs either vault_token or vault_token_file")
        if self.oidc_issuer and not (self.oidc_client_id and self.public_url):
            raise ValueError("a sign-in provider needs oidc_client_id, and public_url for the way back")
        return self

    @model_validator(mode="after")
    def _backup_apart(self) -> Settings:
        first, second = self.objects_place, self.backup_objects_place
        if second and (first.url, first.endpoint) == (second.url, second.endpoint):
            raise ValueError("the backup store must be another than the first")
        if self.backups_url and not self.backup_keys_url:
            raise ValueError("backups need backup_keys_url: the keys are backed up elsewhere than what they open")
        kept = {(each.url, each.endpoint) for each in (first, self.backups_place, self.backup_keys_place)}
        if len(kept) < 3:
            raise ValueError("objects, backups and backups of keys lie in three places")
        return self

    @field_validator("data", "keys", "hot_folder", "vault_token_file", "index_ca")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return value.expanduser().resolve() if value is not None else None

    @model_validator(mode="after")
    def _keys_apart(self) -> Settings:
        if self.keys_folder.is_relative_to(self.data):
            raise ValueError("the key folder must lie outside the data folder, whose backups it would open")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        folder = os.environ.get(SECRETS)
        secrets = (SecretsSettingsSource(settings_cls, Path(folder)),) if folder else ()
        return init_settings, env_settings, *secrets, TomlConfigSettingsSource(settings_cls)

    @property
    def keys_folder(self) -> Path:
        """Beside the data folder, not in it: a copy of the data alone opens nothing."""
        return self.keys or self.data.with_name(self.data.name + ".keys")

    @property
    def catalogue(self) -> str:
        return self.catalogue_url or f"sqlite:///{self.data / 'catalogue.db'}"

    @property
    def broker_socket(self) -> Path:
        """The embedded broker's unix socket: in the data folder where its path is short enough, else in a private
        folder of the temporary directory."""
        inside = self.data / "run" / "broker.sock"
        if len(os.fsencode(inside)) <= SOCKET_PATH_LIMIT:
            return inside
        digest = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:16]
        return Path(os.environ.get("XDG_RUNTIME_DIR") or "/tmp") / f"muniment-{os.getuid()}-{digest}" / "broker.sock"  # noqa: S108

    @property
    def broker(self) -> str:
        return self.broker_url or f"redis+socket://{self.broker_socket}"

    @property
    def objects_folder(self) -> Path:
        return self.data / "objects"

    @property
    def objects_place(self) -> Place:
        secret = self.s3_secret_key.get_secret_value() if self.s3_secret_key else None
        return Place(self.objects_url or self.objects_folder.as_uri(), self.objects_endpoint, self.s3_access_key, secret)

    @property
    def backup_objects_place(self) -> Place | None:
        """None where objects are stored once."""
        if self.backup_objects_url is None:
            return None
        first, secret = self.objects_place, self.backup_s3_secret_key
        return Place(
            self.backup_objects_url,
            self.backup_objects_endpoint or first.endpoint,
            self.backup_s3_access_key or first.access_key,
            secret.get_secret_value() if secret else first.secret_key,
        )

    @property
    def checkpoints_places(self) -> tuple[Place, ...]:
        """In S3 a prefix beside that of the objects, in each store that they have; else a folder beside the data folder, for
        what lies here must outlive it. A place of its own is better: one that no administrator of the catalogue reaches."""
        if self.checkpoints_url is not None:
            return (replace(self.objects_place, url=self.checkpoints_url),)
        stores = [each for each in (self.objects_place, self.backup_objects_place) if each and each.url.startswith("s3:")]
        beside = tuple(replace(each, url=f"{each.url}/checkpoints") for each in stores)
        return beside or (Place(self._ledger_folder.as_uri()),)

    @property
    def _ledger_folder(self) -> Path:
        inside = self.data / "checkpoints"  # where the first releases put it
        return inside if inside.is_dir() else self.data.with_name(self.data.name + ".ledger")

    @property
    def backups_place(self) -> Place:
        folder = self.data.with_name(self.data.name + ".backups").as_uri()
        secret = self.backups_s3_secret_key
        return Place(
            self.backups_url or folder,
            self.backups_endpoint,
            self.backups_s3_access_key,
            secret.get_secret_value() if secret else None,
        )

    @property
    def backup_keys_place(self) -> Place:
        folder = self.data.with_name(self.data.name + ".key-backups").as_uri()
        secret = self.backup_keys_s3_secret_key
        return Place(
            self.backup_keys_url or folder,
            self.backup_keys_endpoint,
            self.backup_keys_s3_access_key,
            secret.get_secret_value() if secret else None,
        )

    @property
    def index_folder(self) -> Path:
        return self.data / "index"

    @property
    def uploads_folder(self) -> Path:
        """Resumable uploads that are still on their way."""
        return self.data / "uploads"
