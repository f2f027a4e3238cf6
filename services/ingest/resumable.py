"""Resumable uploads (tus 1.0.0): a kept library takes the bytes, this module sees to it that none is lost or doubled. An upload
names its batch in ``Upload-Metadata`` (``batch_id``, ``filename``, ``filetype``) and becomes a file of that batch when its last
byte is in. Until then its bytes lie in the uploads folder, readable by the archive alone.

What the library leaves open: bytes behind the noted offset are cut off before more are added; one request at a time works on
an upload; and who asks for the offset of a whole upload that was not taken in, because the server died just then, makes it so.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from tuspyserver import create_tus_router

from services.ingest import service
from services.ingest.upload import DAYS_TO_KEEP, Upload, Uploads
from services.kernel.core import Kernel
from services.kernel.errors import InvalidInput
from services.kernel.http.gate import KernelDep, RequestId, allow, guard
from services.kernel.identity.rights import Principal, Right

PREFIX = "/api/v1/uploads"
VERSION = "1.0.0"
EXTENSIONS = "creation,creation-defer-length,expiration,termination"
OCTETS = "application/offset+octet-stream"
PIECE = 1 << 20

Completion = Callable[[str, dict[str, Any]], Any]
Creation = Callable[[dict[str, Any], dict[str, Any]], None]


def router(kernel: Kernel) -> APIRouter:
    """The tus routes; each is guarded before the library sees the request."""
    tus = _Tus(Uploads(kernel.settings.uploads_folder))
    api = APIRouter(dependencies=[Depends(tus.alone)], tags=["ingest"])
    for path in (PREFIX, f"{PREFIX}/"):
        api.add_api_route(path, tus.options, methods=["OPTIONS"], status_code=204)
    api.add_api_route(f"{PREFIX}/{{uuid}}", tus.head, methods=["HEAD"])
    api.include_router(
        create_tus_router(
            prefix=PREFIX,
            files_dir=str(kernel.settings.uploads_folder),
            max_size=kernel.settings.max_file_bytes,
            auth=guard(Right.DELIVER),
            days_to_keep=DAYS_TO_KEEP,
            pre_create_dep=tus.before_creation,
            upload_complete_dep=tus.on_completion,
            file_dep=tus.own_folder,
            tags=["ingest"],
            strict_offset_validation=True,
        )
    )
    return api


class _Tus:
    """What is asked before, after and instead of the library; the methods are FastAPI dependencies and routes."""

    def __init__(self, uploads: Uploads) -> None:
        self._uploads = uploads

    def __deepcopy__(self, memo: dict[int, Any]) -> _Tus:
        """The library copies its options, and with them the methods here, for each request; there is one of this."""
        return self

    def alone(self, request: Request, principal: Principal = allow(Right.DELIVER)) -> Iterator[None]:
        """Uploads are open to who began them, one request at a time."""
        identity = request.path_params.get("uuid")
        if identity is None:
            yield
            return
        with self._uploads.alone(principal.person_id, identity):
            upload = self._uploads.find(principal.person_id, identity)
            _check_headers(request)
            upload.mend()
            yield

    def options(self, kernel: KernelDep, principal: Principal = allow(Right.DELIVER)) -> Response:
        """What this server can do of tus."""
        size = str(kernel.settings.max_file_bytes)
        told = {"Tus-Resumable": VERSION, "Tus-Version": VERSION, "Tus-Extension": EXTENSIONS, "Tus-Max-Size": size}
        return Response(status_code=204, headers=told)

    def head(self, kernel: KernelDep, uuid: str, request: RequestId, principal: Principal = allow(Right.DELIVER)) -> Response:
        """How much of an upload is in."""
        upload = self._uploads.find(principal.person_id, uuid)
        if upload.waits:
            _take_in(kernel, principal, upload, request)
        told = ", ".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in upload.metadata.items())
        length = {"Upload-Defer-Length": "1"} if upload.size is None else {"Upload-Length": str(upload.size)}
        headers = {"Tus-Resumable": VERSION, "Upload-Offset": str(upload.offset), "Cache-Control": "no-store"}
        return Response(headers=headers | length | ({"Upload-Metadata": told} if told else {}))

    def own_folder(self, principal: Principal = allow(Right.DELIVER)) -> Callable[[dict[str, Any]], dict[str, str]]:
        return lambda metadata: {"files_dir": str(self._uploads.of(principal.person_id))}

    def before_creation(self, kernel: KernelDep, request: Request, principal: Principal = allow(Right.DELIVER)) -> Creation:
        def check(metadata: dict[str, Any], upload: dict[str, Any]) -> None:
            if request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers:
                raise InvalidInput("An upload is created empty. Send its bytes with PATCH.")
            if "upload-concat" in request.headers:
                raise InvalidInput("Uploads are not put together from others. Send the file as one.")
            size = upload["size"]
            if (size is None) != upload["defer_length"] or (size or 0) < 0:
                raise InvalidInput("Send the file's size in Upload-Length, or else Upload-Defer-Length: 1.")
            service.check_size(kernel.settings, size or 0)
            service.clean_name(str(metadata.get("filename", "")))
            with kernel.database.read() as session:
                service.batch_for(session, principal, str(metadata.get("batch_id", "")))
            self._uploads.sweep()

        return check

    def on_completion(self, kernel: KernelDep, request: RequestId, principal: Principal = allow(Right.DELIVER)) -> Completion:
        async def take_in(path: str, metadata: dict[str, Any]) -> None:
            upload = self._uploads.find(principal.person_id, Path(path).name)
            await run_in_threadpool(_take_in, kernel, principal, upload, request)

        return take_in


def _check_headers(request: Request) -> None:
    """Before any byte is taken, which the library does after."""
    if request.headers.get("tus-resumable") != VERSION:
        raise HTTPException(412, f"Send the header Tus-Resumable: {VERSION}.", {"Tus-Version": VERSION})
    if request.method == "PATCH" and request.headers.get("content-type") != OCTETS:
        raise HTTPException(415, f"Send the bytes as {OCTETS}.")
    if request.method == "PATCH" and not request.headers.get("content-length", "").isdecimal():
        raise HTTPException(411, "Tell the number of bytes in Content-Length.")


def _take_in(kernel: Kernel, principal: Principal, upload: Upload, request: str) -> None:
    """The upload's id is the idempotency key: taking it in again after a crash makes no second file."""
    batch, name = upload.metadata["batch_id"], upload.metadata["filename"]
    reception = service.Reception(kernel, principal, batch, name, request=request, idempotency_key=upload.path.name)
    try:
        with upload.path.open("rb") as source:
            while piece := source.read(PIECE):
                reception.write(piece)
        reception.finish()
    except BaseException:
        reception.abort()
        raise
    upload.taken_in()
