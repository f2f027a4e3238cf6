"""What a batch looks like from outside: files, items, progress and problems, as contract.md fixes it."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from services.ingest import repository
from services.ingest.service import NAME_CONTEXT
from services.kernel.blobs.keys import Vault
from services.kernel.model import FileState
from services.kernel.paper import Problem
from services.kernel.tables import Batch, File, Item


def overview(session: Session, vault: Vault, batch: Batch) -> dict[str, Any]:
    """``state`` is ``open`` (nothing delivered), ``processing``, ``done``, or ``incomplete``: done as far as it goes, with
    something rejected, unread or parked. Partial success is never called done."""
    files, items = repository.files_of(session, batch.id), repository.items_of(session, batch.id)
    problems = [*_file_problems(session, vault, files), *_item_problems(items), *_parked(session, batch.id)]
    total, done = repository.page_counts(session, batch.id)
    return {
        "id": batch.id,
        "title": batch.title,
        "source": batch.source,
        "created_at": batch.created_at.isoformat(),
        "state": _state(files, repository.open_jobs(session, batch.id), problems),
        "files": [_file(session, vault, file) for file in files],
        "pages_total": total,
        "pages_done": done,
        "items": [_item(session, vault, item) for item in items],
        "problems": problems,
    }


def _state(files: list[File], open_jobs: int, problems: list[dict[str, Any]]) -> str:
    if not files:
        return "open"
    if open_jobs:
        return "processing"
    return "incomplete" if any(problem["severity"] == "error" for problem in problems) else "done"


def _file(session: Session, vault: Vault, file: File) -> dict[str, Any]:
    return {
        "id": file.id,
        "name": vault.open_text(session, file.key_id, NAME_CONTEXT, file.name_sealed),
        "sha256": file.sha256,
        "size": file.size,
        "state": file.state,
        "media_type": file.media_type,
        "duplicate_of": file.duplicate_of,
        "problems": file.problems,
    }


def _item(session: Session, vault: Vault, item: Item) -> dict[str, Any]:
    title = vault.open_text(session, item.key_id, "items.title", item.title_sealed) if item.title_sealed else None
    return {
        "id": item.id,
        "file_id": item.file_id,
        "state": item.state,
        "type": item.type,
        "confidence": item.type_confidence,
        "reference_code": item.reference_code,
        "title": title,
        "pages": len(item.pages),
        "indexed": item.indexed_revision == item.revision,
    }


def _file_problems(session: Session, vault: Vault, files: list[File]) -> list[dict[str, Any]]:
    found = []
    for file in files:
        name = vault.open_text(session, file.key_id, NAME_CONTEXT, file.name_sealed)
        found += [_told(problem) | {"file_id": file.id, "file": name} for problem in file.problems]
        if file.state == FileState.DUPLICATE:
            message = "This file is in the archive already; it was not stored twice. Nothing needs to be done."
            found.append({"code": "duplicate", "message": message, "file_id": file.id, "file": name, "severity": "warning"})
    return found


def _item_problems(items: list[Item]) -> list[dict[str, Any]]:
    found = []
    for item in items:
        found += [_told(problem) | {"item_id": item.id} for problem in item.problems]
        for page in item.pages:
            found += [_told(problem) | {"item_id": item.id, "page": page.number} for problem in page.problems]
    return found


def _told(problem: dict[str, Any]) -> dict[str, Any]:
    return problem | {"severity": "error" if Problem.from_json(problem).is_loss else "warning"}


def _parked(session: Session, batch_id: str) -> list[dict[str, Any]]:
    return [
        {
            "code": "job_parked",
            "message": f"The stage “{job.kind}” keeps failing: {job.reason} An archivist or the administrator can retry it.",
            "job_id": job.id,
            "severity": "error",
        }
        for job in repository.parked_jobs(session, batch_id)
    ]
