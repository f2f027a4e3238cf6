"""Resumable uploads (tus 1.0.0), by a kept library. An upload names its batch in ``Upload-Metadata`` (``batch_id``,
``filename``, ``filetype``) and becomes a file of that batch when its last byte is in. Until then its bytes lie in the uploads
folder, readable by the archive alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool
from tuspyserver import create_tus_router

from services.ingest import service
from services.kernel.core import Kernel
from services.kernel.errors import NotFound
from services.kernel.http.gate import KernelDep, RequestId, allow, guard
from services.kernel.identity.rights import Principal, Right

PREFIX = "/api/v1/uploads"
UPLOAD_ID = re.compile(r"[0-9a-f]{32}")
DAYS_TO_KEEP = 3
PIECE = 1 << 20


def router(kernel: Kernel) -> APIRouter:
    """The tus routes; each is guarded before the library sees the request."""
    folder = kernel.settings.uploads_folder
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    api = APIRouter(dependencies=[Depends(_own_upload)], tags=["ingest"])
    api.include_router(
        create_tus_router(
            prefix=PREFIX,
            files_dir=str(folder),
            max_size=kernel.settings.max_file_bytes,
            auth=guard(Right.DELIVER),
            days_to_keep=DAYS_TO_KEEP,
            pre_create_dep=_before_creation,
            upload_complete_dep=_on_completion,
            tags=["ingest"],
            strict_offset_validation=True,
        )
    )
    return api


def _own_upload(request: Request, kernel: KernelDep, principal: Principal = allow(Right.DELIVER)) -> None:
    """Uploads are open to who began them; another's looks like none."""
    identity = request.path_params.get("uuid")
    if identity is None:
        return
    info = kernel.settings.uploads_folder / f"{identity}.info"
    if not UPLOAD_ID.fullmatch(identity) or not info.is_file() or _owner(info) != principal.person_id:
        raise NotFound("There is no such upload among yours. Begin a new one with POST /api/v1/uploads.")


def _before_creation(kernel: KernelDep, principal: Principal = allow(Right.DELIVER)) -> Callable[[dict[str, Any], Any], None]:
    def check(metadata: dict[str, Any], upload: Any) -> None:
        with kernel.database.read() as session:
            service.batch_for(session, principal, str(metadata.get("batch_id", "")))
        service.clean_name(str(metadata.get("filename", "")))
        metadata["owner"] = principal.person_id

    return check


def _on_completion(
    kernel: KernelDep, request: RequestId, principal: Principal = allow(Right.DELIVER)
) -> Callable[[str, dict[str, Any]], Any]:
    async def take_in(path: str, metadata: dict[str, Any]) -> None:
        await run_in_threadpool(_take_in, kernel, principal, Path(path), metadata, request)

    return take_in


def _take_in(kernel: Kernel, principal: Principal, path: Path, metadata: dict[str, Any], request: str) -> None:
    """The upload's id is the idempotency key: a last PATCH that is sent again makes no second file."""
    reception = service.Reception(
        kernel, principal, metadata["batch_id"], metadata["filename"], request=request, idempotency_key=path.name
    )
    try:
        with path.open("rb") as source:
            while piece := source.read(PIECE):
                reception.write(piece)
        reception.finish()
    except BaseException:
        reception.abort()
        raise
    path.unlink()
    path.with_name(f"{path.name}.info").unlink(missing_ok=True)


def _owner(info: Path) -> str | None:
    try:
        owner = json.loads(info.read_text())["metadata"]["owner"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return owner if isinstance(owner, str) else None
