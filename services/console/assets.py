"""Style sheets, scripts and pictures, from the package and from memory. Their address holds a digest of them all: browsers keep
them for good, a new version has a new address, and modules find each other by relative paths.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from fastapi import APIRouter, HTTPException, Request, Response

FOREVER = "public, max-age=31536000, immutable"
MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Assets:
    """The files by name, and their common digest."""

    files: Mapping[str, bytes]
    digest: str

    def url(self, name: str) -> str:
        assert name in self.files, f"there is no asset {name}"
        return f"/assets/{self.digest}/{name}"


def load() -> Assets:
    folder = resources.files("services.console") / "static"
    files = {entry.name: entry.read_bytes() for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)}
    digest = hashlib.sha256(b"".join(name.encode() + b"\0" + data for name, data in files.items())).hexdigest()[:16]
    return Assets(files, digest)


@router.get("/assets/{digest}/{name}")
def asset(request: Request, digest: str, name: str) -> Response:
    """One file; kept by browsers only under its own version's address."""
    assets: Assets = request.app.state.console.assets
    if name not in assets.files:
        raise HTTPException(404)
    keeping = FOREVER if digest == assets.digest else "no-cache"
    kind = MEDIA_TYPES["." + name.rpartition(".")[2]]
    return Response(assets.files[name], media_type=kind, headers={"Cache-Control": keeping})
